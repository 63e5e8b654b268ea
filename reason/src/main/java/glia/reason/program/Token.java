package glia.reason.program;

/// A token of a program.
///
/// @param kind what it is
/// @param text its characters; the value of a string
/// @param line from 1
record Token(Kind kind, String text, int line) {
    enum Kind { NAME, NUMBER, STRING, SIGN, NEWLINE, INDENT, DEDENT, END }

    boolean is(String sign) {
        return (kind == Kind.SIGN || kind == Kind.NAME) && text.equals(sign);
    }

    /// As messages show it.
    String shown() {
        return switch (kind) {
            case NEWLINE -> "the end of the line";
            case INDENT -> "an indented line";
            case DEDENT -> "a line that is not indented";
            case END -> "the end of the program";
            case STRING -> "a string";
            default -> "'" + text + "'";
        };
    }
}
