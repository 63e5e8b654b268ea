package glia.engine.draft;

/// Prompt lookup ([Saxena](https://github.com/apoorvumang/prompt-lookup-decoding)): finds where the last tokens of a
/// text stood before and drafts what followed them there. The longest match counts, of equal ones the most recent.
/// Scans back over the text, a few microseconds for a thousand tokens, and keeps no state of it.
public final class NgramLookup {
    /// The shortest match in tokens.
    public static final int SHORTEST = 2;
    /// Longer matches count as this long.
    public static final int LONGEST = 16;
    /// Tokens that are scanned at most.
    private static final int REACH = 1 << 15;

    private int matched;
    private int next;

    /// For one thread at a time.
    public NgramLookup() { }

    /// Looks up the last tokens of `tokens[0..length)`.
    ///
    /// @return the length of the match, up to [#LONGEST]; 0 if there is none of at least [#SHORTEST]
    public int find(int[] tokens, int length) {
        matched = 0;
        if (length <= SHORTEST) {
            return 0;
        }
        int last = tokens[length - 1];
        int before = tokens[length - 2];
        int from = Math.max(1, length - REACH);
        for (int i = length - 2; i >= from && matched < LONGEST; i--) {
            if (tokens[i] == last && tokens[i - 1] == before) {
                int count = match(tokens, i, length - 1);
                if (count > matched) {
                    matched = count;
                    next = i + 1;
                }
            }
        }
        return matched;
    }

    /// The number of equal tokens that end at `i` and at `end`.
    private static int match(int[] tokens, int i, int end) {
        int count = SHORTEST;
        while (count < LONGEST && count <= i && tokens[i - count] == tokens[end - count]) {
            count++;
        }
        return count;
    }

    /// Adds the first `most` tokens after the match. Where it reaches the end of the text, the text repeats with the
    /// distance of the match.
    public void draft(int[] tokens, int length, int most, DraftTokens drafts) {
        for (int i = 0; i < most; i++) {
            int at = next + i;
            drafts.add(at < length ? tokens[at] : drafts.id(at - length));
        }
    }
}
