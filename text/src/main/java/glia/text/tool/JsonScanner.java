package glia.text.tool;

import glia.text.tool.CallReader.Malformed;
import java.util.Locale;
import java.util.regex.Pattern;

/// Finds the end of a JSON value in a text that comes in pieces, and copies the value. It accepts JSON as RFC 8259
/// defines it, with nesting up to 64, and control characters within strings, which are copied as escapes: models write
/// line breaks there.
final class JsonScanner {
    /// As deep as [glia.io.json.JsonValues] reads.
    static final int MAX_DEPTH = 64;
    private static final int MAX_NUMBER = 1000;
    private static final Pattern NUMBER = Pattern.compile("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][-+]?[0-9]+)?");

    private enum State { VALUE, FIRST_ELEMENT, FIRST_KEY, KEY, COLON, AFTER, STRING, ESCAPE, UNICODE, NUMBER, WORD,
        DONE }

    private State state = State.VALUE;
    /// For each level whether it is an object.
    private long objects;
    private int depth;
    private boolean isKey;
    private int hexDigits;
    private final StringBuilder word = new StringBuilder();

    /// Reads on.
    ///
    /// @param copy receives what was read
    /// @return whether the value is complete; if not, the whole text has been read
    ///
    /// @throws Malformed if the text is not JSON; the position is at the first wrong character
    boolean scan(CallText text, StringBuilder copy) {
        while (state != State.DONE && text.at() < text.length()) {
            if (accept(text.charAt(text.at()), copy)) {
                text.move(1);
            }
        }
        if (state == State.NUMBER && depth == 0 && text.isAtEnd()) {
            endNumber();
        }
        return state == State.DONE;
    }

    /// Whether the text so far ends within a string of an object or array.
    boolean isInNestedString() {
        return depth > 0 && (state == State.STRING || state == State.ESCAPE || state == State.UNICODE);
    }

    /// @return whether the character was read; if not, it is looked at again
    private boolean accept(char c, StringBuilder copy) {
        switch (state) {
            case STRING -> string(c, copy);
            case ESCAPE -> escape(c, copy);
            case UNICODE -> {
                require(Character.digit(c, 16) >= 0 && c < 128, c, "a hexadecimal digit");
                copy.append(c);
                state = --hexDigits == 0 ? State.STRING : State.UNICODE;
            }
            case NUMBER -> {
                if ("+-.eE0123456789".indexOf(c) < 0) {
                    endNumber();
                    return false;
                }
                require(word.length() < MAX_NUMBER, c, "a number of at most " + MAX_NUMBER + " characters");
                word.append(c);
                copy.append(c);
            }
            case WORD -> word(c, copy);
            default -> {
                if (!CallText.isBlank(c)) {
                    structure(c);
                }
                copy.append(c);
            }
        }
        return true;
    }

    private void structure(char c) {
        switch (state) {
            case FIRST_KEY, KEY -> {
                if (c == '}' && state == State.FIRST_KEY) {
                    close();
                } else {
                    require(c == '"', c, "a key in quotes");
                    isKey = true;
                    state = State.STRING;
                }
            }
            case COLON -> {
                require(c == ':', c, "':'");
                state = State.VALUE;
            }
            case AFTER -> {
                boolean inObject = isObject();
                if (c == ',') {
                    state = inObject ? State.KEY : State.VALUE;
                } else {
                    require(c == (inObject ? '}' : ']'), c, inObject ? "',' or '}'" : "',' or ']'");
                    close();
                }
            }
            default -> {
                if (c == ']' && state == State.FIRST_ELEMENT) {
                    close();
                } else {
                    value(c);
                }
            }
        }
    }

    private void value(char c) {
        word.setLength(0);
        isKey = false;
        if (c == '{' || c == '[') {
            require(depth < MAX_DEPTH, c, "a nesting of at most " + MAX_DEPTH);
            objects = objects << 1 | (c == '{' ? 1 : 0);
            depth++;
            state = c == '{' ? State.FIRST_KEY : State.FIRST_ELEMENT;
        } else if (c == '"') {
            state = State.STRING;
        } else if (c == '-' || c >= '0' && c <= '9') {
            word.append(c);
            state = State.NUMBER;
        } else {
            require(c == 't' || c == 'f' || c == 'n', c, "a value");
            word.append(c);
            state = State.WORD;
        }
    }

    private boolean isObject() {
        return (objects & 1) == 1;
    }

    private void close() {
        objects >>>= 1;
        depth--;
        endValue();
    }

    private void endValue() {
        state = depth == 0 ? State.DONE : State.AFTER;
    }

    private void string(char c, StringBuilder copy) {
        if (c == '"') {
            copy.append(c);
            if (isKey) {
                isKey = false;
                state = State.COLON;
            } else {
                endValue();
            }
        } else if (c < ' ') {
            copy.append(c == '\n' ? "\\n" : c == '\t' ? "\\t" : c == '\r' ? "\\r"
                    : String.format(Locale.ROOT, "\\u%04x", (int) c));
        } else {
            copy.append(c);
            state = c == '\\' ? State.ESCAPE : State.STRING;
        }
    }

    private void escape(char c, StringBuilder copy) {
        require("\"\\/bfnrtu".indexOf(c) >= 0, c, "an escape");
        copy.append(c);
        hexDigits = 4;
        state = c == 'u' ? State.UNICODE : State.STRING;
    }

    private void word(char c, StringBuilder copy) {
        String whole = switch (word.charAt(0)) {
            case 't' -> "true";
            case 'f' -> "false";
            default -> "null";
        };
        require(c == whole.charAt(word.length()), c, whole);
        word.append(c);
        copy.append(c);
        if (word.length() == whole.length()) {
            endValue();
        }
    }

    private void endNumber() {
        if (!NUMBER.matcher(word).matches()) {
            throw new Malformed(ToolProblem.Kind.INVALID_JSON, "found \"" + word + "\", expected a number in JSON");
        }
        endValue();
    }

    private static void require(boolean holds, char c, String expected) {
        if (!holds) {
            String found = c < ' ' || c == '\\' || Character.isSurrogate(c)
                    ? String.format(Locale.ROOT, "\\u%04x", (int) c) : String.valueOf(c);
            throw new Malformed(ToolProblem.Kind.INVALID_JSON, "found '" + found + "', expected " + expected);
        }
    }
}
