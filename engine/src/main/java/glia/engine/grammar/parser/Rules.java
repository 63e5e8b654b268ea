package glia.engine.grammar.parser;

import glia.engine.grammar.limit.GrammarBudget;
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

    /// What is left to compile the grammar, or to compute a mask.
    public GrammarBudget budget() {
        return lexer.pool().budget();
    }

    /// A new rule without states.
    public Nonterminal rule() {
        return new Nonterminal(numRules++);
    }

    int nextState() {
        return numStates++;
    }
}
