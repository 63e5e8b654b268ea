package glia.text.tool;

import glia.io.DisplayText;
import glia.text.tool.CallReader.Incomplete;
import java.util.List;

/// The text of a call so far, with the position up to which it is read. What may continue differently waits for more
/// text: [Incomplete] is thrown then, and the position stays.
final class CallText {
    /// The most characters of a name, a key or an attribute.
    static final int MAX_WORD = 256;
    private static final int SHOWN = 40;
    private static final int COMPACTED = 4096;

    private final StringBuilder text;
    private int at;
    /// Where the text begins that is not committed.
    private int start;
    private boolean isFinal;

    CallText(StringBuilder text) {
        this.text = text;
    }

    void end() {
        isFinal = true;
    }

    /// Whether the text is complete.
    boolean isFinal() {
        return isFinal;
    }

    /// Whether nothing more follows.
    boolean isAtEnd() {
        return isFinal && at >= text.length();
    }

    int at() {
        return at;
    }

    /// Drops what has been read.
    void commit() {
        start = at;
        if (start > COMPACTED && start > text.length() / 2) {
            text.delete(0, start);
            at = 0;
            start = 0;
        }
    }

    /// What has been read since the last commit.
    String uncommitted() {
        return text.substring(start, at);
    }

    /// The number of characters since the last commit.
    int numUncommitted() {
        return text.length() - start;
    }

    void move(int characters) {
        at += characters;
    }

    int length() {
        return text.length();
    }

    char charAt(int position) {
        return text.charAt(position);
    }

    String substring(int from, int to) {
        return text.substring(from, to);
    }

    int indexOf(String part, int from) {
        return text.indexOf(part, from);
    }

    /// The next character; 0 at the end of the text.
    char peek() {
        if (at < text.length()) {
            return text.charAt(at);
        }
        if (isFinal) {
            return 0;
        }
        throw Incomplete.INSTANCE;
    }

    void skipBlanks() {
        at = afterBlanks(at);
    }

    /// The first position from this one on that has no blank character; the length of the text if there is none.
    int afterBlanks(int position) {
        int next = position;
        while (next < text.length() && isBlank(text.charAt(next))) {
            next++;
        }
        return next;
    }

    static boolean isBlank(char c) {
        return c == ' ' || c == '\n' || c == '\r' || c == '\t';
    }

    /// Whether a marker is next.
    boolean has(String marker) {
        return has(marker, at);
    }

    /// Whether a marker is at a position.
    boolean has(String marker, int position) {
        int length = Math.min(marker.length(), text.length() - position);
        for (int i = 0; i < length; i++) {
            if (text.charAt(position + i) != marker.charAt(i)) {
                return false;
            }
        }
        if (length < marker.length() && !isFinal) {
            throw Incomplete.INSTANCE;
        }
        return length == marker.length();
    }

    /// Moves behind a marker if it is next and not empty.
    boolean skip(String marker) {
        boolean isThere = !marker.isEmpty() && has(marker);
        if (isThere) {
            at += marker.length();
        }
        return isThere;
    }

    /// Moves behind one of these markers if it is next.
    boolean skipAny(List<String> markers) {
        boolean waits = false;
        for (String marker : markers) {
            try {
                if (skip(marker)) {
                    return true;
                }
            } catch (Incomplete e) {
                waits = true;
            }
        }
        if (waits) {
            throw Incomplete.INSTANCE;
        }
        return false;
    }

    void expect(String marker) {
        if (!skip(marker)) {
            throw unexpected(marker);
        }
    }

    /// A short text up to one of these ends, which are not read.
    String until(List<String> ends) {
        int found = -1;
        for (String end : ends) {
            int position = text.indexOf(end, at);
            if (position >= 0 && (found < 0 || position < found)) {
                found = position;
            }
        }
        if (found < 0 && text.length() - at <= MAX_WORD && !isFinal) {
            throw Incomplete.INSTANCE;
        }
        if (found < 0 && isFinal) {
            at = text.length();
            throw Incomplete.INSTANCE;
        }
        if (found < 0 || found - at > MAX_WORD) {
            throw unexpected(String.join(" or ", ends) + " within " + MAX_WORD + " characters");
        }
        String word = text.substring(at, found);
        at = found;
        return word;
    }

    /// The position of a marker that ends a short text; -1 if there is none.
    int endOfWord(String marker, int from) {
        int most = from + MAX_WORD + marker.length();
        int end = text.substring(from, Math.min(text.length(), most)).indexOf(marker);
        if (end < 0 && text.length() < most && !isFinal) {
            throw Incomplete.INSTANCE;
        }
        return end < 0 ? -1 : from + end;
    }

    CallReader.Malformed unexpected(String expected) {
        if (isAtEnd()) {
            throw Incomplete.INSTANCE;
        }
        String next = text.substring(at, Math.min(text.length(), at + SHOWN));
        return new CallReader.Malformed(ToolProblem.Kind.INVALID_SYNTAX,
                "found \"" + DisplayText.escape(next) + "\", expected " + expected.strip());
    }

    /// The number of characters at the end of the text, from the position on, that may begin a marker.
    int numHeld(String marker) {
        if (isFinal) {
            return 0;
        }
        for (int n = Math.min(marker.length() - 1, text.length() - at); n > 0; n--) {
            if (marker.startsWith(text.substring(text.length() - n))) {
                return n;
            }
        }
        return 0;
    }
}
