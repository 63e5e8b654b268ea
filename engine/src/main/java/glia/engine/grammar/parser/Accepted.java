package glia.engine.grammar.parser;

/// A set of lexemes that end at one place, interned by the [Lexer].
///
/// @param id its number
/// @param lexemes in ascending order
public record Accepted(int id, int[] lexemes) {
    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return id;
    }
}
