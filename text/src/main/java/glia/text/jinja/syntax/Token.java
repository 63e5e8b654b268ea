package glia.text.jinja.syntax;

/// A piece of a template's source.
///
/// @param text the text between tags, the name, the operator; for literals as messages show it
/// @param value the value of a literal
record Token(Kind kind, String text, Object value, int line) {
    enum Kind { DATA, PRINT_BEGIN, PRINT_END, BLOCK_BEGIN, BLOCK_END, NAME, STRING, INTEGER, FLOAT, OPERATOR, END }

    boolean is(String operator) {
        return kind == Kind.OPERATOR && text.equals(operator);
    }

    boolean isName(String name) {
        return kind == Kind.NAME && text.equals(name);
    }

    /// What a message calls it.
    String description() {
        return switch (kind) {
            case DATA -> "template data / text";
            case PRINT_BEGIN -> "begin of print statement";
            case PRINT_END -> "end of print statement";
            case BLOCK_BEGIN -> "begin of statement block";
            case BLOCK_END -> "end of statement block";
            case STRING -> "string";
            case INTEGER -> "integer";
            case FLOAT -> "float";
            case NAME, OPERATOR -> text;
            case END -> "end of template";
        };
    }
}
