package glia.engine.grammar.parser;

/// A rule of a grammar: an automaton whose steps are lexemes and rules.
public final class Nonterminal {
    private final int id;
    private State start;
    private boolean isNullable;
    /// The return to the row that the parser made last with this rule, and that row's number.
    Row.Return here;
    long madeIn;
    /// The return with which the rule began in the row that the parser made last with it, and that row's number.
    Row.Return predicted;
    long predictedIn;

    Nonterminal(int id) {
        this.id = id;
    }

    int id() {
        return id;
    }

    /// Sets the state in which the rule begins.
    public void start(State state) {
        start = state;
    }

    State start() {
        return start;
    }

    /// Says that the rule matches the empty text too.
    public void nullable() {
        isNullable = true;
    }

    public boolean isNullable() {
        return isNullable;
    }
}
