package glia.engine.grammar.schema;

import glia.engine.grammar.parser.Lexer;

/// The lexemes of JSON's punctuation.
record Punctuation(int openArray, int closeArray, int openObject, int closeObject, int comma, int colon) {
    static Punctuation of(Lexer lexer) {
        return new Punctuation(mark(lexer, "["), mark(lexer, "]"), mark(lexer, "{"), mark(lexer, "}"),
                mark(lexer, ","), mark(lexer, ":"));
    }

    private static int mark(Lexer lexer, String text) {
        return lexer.lexeme(lexer.pool().literal(text));
    }
}
