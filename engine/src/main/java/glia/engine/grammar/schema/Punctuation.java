package glia.engine.grammar.schema;

import glia.engine.grammar.parser.Lexer;

/// The lexemes of JSON's punctuation, with the space that follows.
record Punctuation(int openArray, int closeArray, int openObject, int closeObject, int comma, int colon) {
    /// @param space after a comma and a colon
    static Punctuation of(Lexer lexer, String space) {
        return new Punctuation(mark(lexer, "["), mark(lexer, "]"), mark(lexer, "{"), mark(lexer, "}"),
                mark(lexer, "," + space), mark(lexer, ":" + space));
    }

    private static int mark(Lexer lexer, String text) {
        return lexer.lexeme(lexer.pool().literal(text));
    }
}
