package glia.engine.sampling;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Decides when generation stops: at a stop token or at the first occurrence of a stop string. A stop string may span
/// several tokens; text that could be its start is held back.
///
/// Of several stop strings the first that is complete counts, and of two that end together the longer. The stop string
/// and what follows are not part of the answer. For one answer and one thread.
public final class StopCriteria {
    private final int[] tokens;
    private final List<String> texts;
    private final StringBuilder held = new StringBuilder();
    /// The stop string that was found; null before.
    private String found;

    /// @throws IllegalArgumentException if a stop string is empty
    public StopCriteria(Set<Integer> tokens, List<String> texts) {
        if (texts.contains("")) {
            throw new IllegalArgumentException("a stop string is empty; every answer would end before it begins");
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
    /// @return the text that is certainly part of the answer, possibly empty; after a stop always empty
    public String accept(String piece) {
        if (found != null) {
            return "";
        }
        if (texts.isEmpty() || piece.isEmpty()) {
            return piece;
        }
        held.append(piece);
        int end = firstStop();
        return take(end >= 0 ? end : held.length() - beginning());
    }

    /// Ends the answer, or a part of it after which stop strings are sought from the begin.
    ///
    /// @return the text that was held back
    public String finish() {
        return found != null ? "" : take(held.length());
    }

    /// Whether a stop string was found.
    public boolean stopped() {
        return found != null;
    }

    /// The stop string that was found.
    public Optional<String> found() {
        return Optional.ofNullable(found);
    }

    /// The start of the first complete stop string, or -1.
    private int firstStop() {
        int start = -1;
        int end = Integer.MAX_VALUE;
        for (String text : texts) {
            int at = held.indexOf(text);
            if (at >= 0 && (at + text.length() < end || at + text.length() == end && at < start)) {
                start = at;
                end = at + text.length();
                found = text;
            }
        }
        return start;
    }

    /// The length of the longest suffix of the held text that begins a stop string.
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
