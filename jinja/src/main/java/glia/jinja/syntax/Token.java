package glia.jinja.syntax;

/// A piece of a template's source.
///
/// @param text the text between tags, the name, the operator, the tag's bracket; for numbers as they are written
/// @param value the value of a literal
record Token(Kind kind, String text, Object value, int line) {
    enum Kind { DATA, PRINT_BEGIN, PRINT_END, BLOCK_BEGIN, BLOCK_END, NAME, STRING, INTEGER, FLOAT, OPERATOR, END }

    boolean is(String operator) {
        return kind == Kind.OPERATOR && text.equals(operator);
    }

    boolean isName(String name) {
        return kind == Kind.NAME && text.equals(name);
    }

    /// The description in messages.
    String description() {
        return switch (kind) {
            case DATA -> "text";
            case STRING -> "a string";
            case PRINT_BEGIN, PRINT_END, BLOCK_BEGIN, BLOCK_END, NAME, INTEGER, FLOAT, OPERATOR -> "'" + text + "'";
            case END -> "the end of the template";
        };
    }
}
