package glia.engine.sampling;

import java.util.Arrays;
import java.util.List;
import java.util.Set;

/// Tells when an answer is over: at a stop token, or where its text first holds a stop text. A stop text may come in
/// pieces, over several tokens; text that could be the start of one is held back until it is clear.
///
/// Of several stop texts the one that is whole first counts, and if two end together, the longer. The stop text itself
/// and what follows are not part of the answer. For one answer and one thread.
public final class StopCriteria {
    private final int[] tokens;
    private final List<String> texts;
    private final StringBuilder held = new StringBuilder();
    private boolean stopped;

    /// @throws IllegalArgumentException if a stop text is empty: it would end every answer before it begins
    public StopCriteria(Set<Integer> tokens, List<String> texts) {
        if (texts.contains("")) {
            throw new IllegalArgumentException("a stop text is empty; every answer would end before it begins");
        }
        this.tokens = tokens.stream().mapToInt(Integer::intValue).sorted().toArray();
        this.texts = List.copyOf(texts);
    }

    /// Whether this token ends the answer.
    public boolean isStop(int token) {
        return Arrays.binarySearch(tokens, token) >= 0;
    }

    /// Takes the next piece of text.
    ///
    /// @return the text that is now known to be part of the answer, often empty; after a stop always
    public String accept(String piece) {
        if (stopped) {
            return "";
        }
        if (texts.isEmpty() || piece.isEmpty()) {
            return piece;
        }
        held.append(piece);
        int end = firstStop();
        return take(end >= 0 ? end : held.length() - beginning());
    }

    /// The text that was held back and turned out to be part of the answer, which ends here.
    public String finish() {
        return stopped ? "" : take(held.length());
    }

    /// Whether a stop text has come.
    public boolean stopped() {
        return stopped;
    }

    /// Where the stop text that is whole first begins, or -1.
    private int firstStop() {
        int start = -1;
        int end = Integer.MAX_VALUE;
        for (String text : texts) {
            int at = held.indexOf(text);
            if (at >= 0 && (at + text.length() < end || at + text.length() == end && at < start)) {
                start = at;
                end = at + text.length();
            }
        }
        stopped = start >= 0;
        return start;
    }

    /// The length of the longest end of the held text that begins a stop text.
    private int beginning() {
        int longest = 0;
        for (String text : texts) {
            for (int n = Math.min(text.length() - 1, held.length()); n > longest; n--) {
                if (endsWith(text, n)) {
                    longest = n;
                }
            }
        }
        return longest;
    }

    private boolean endsWith(String text, int length) {
        int from = held.length() - length;
        for (int i = 0; i < length; i++) {
            if (held.charAt(from + i) != text.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private String take(int length) {
        if (length == 0) {
            return "";
        }
        String text = held.substring(0, length);
        held.delete(0, length);
        return text;
    }
}
