package glia.engine.grammar.parser;

import glia.engine.grammar.regex.RegexPool;

/// The rules of one grammar while it is built: makes rules, and numbers their states.
public final class Rules {
    private final Lexer lexer;
    private int numRules;
    private int numStates;

    /// @param skipsSpace whether JSON's white space may precede each lexeme
    public Rules(RegexPool pool, boolean skipsSpace) {
        this.lexer = new Lexer(pool, skipsSpace);
    }

    public Lexer lexer() {
        return lexer;
    }

    /// A new rule without states.
    public Nonterminal rule() {
        return new Nonterminal(numRules++);
    }

    int nextState() {
        return numStates++;
    }
}
