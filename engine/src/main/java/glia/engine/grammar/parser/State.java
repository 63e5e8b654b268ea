package glia.engine.grammar.parser;

/// A state of a rule's automaton. Its steps are computed when they are first needed.
public abstract class State {
    private final int id;
    private final Nonterminal owner;
    private Steps steps;

    /// @param rules the rules of the grammar
    /// @param owner the rule
    protected State(Rules rules, Nonterminal owner) {
        this.id = rules.nextState();
        this.owner = owner;
    }

    int id() {
        return id;
    }

    /// The rule whose state it is.
    public Nonterminal owner() {
        return owner;
    }

    Steps steps() {
        if (steps == null) {
            Steps made = new Steps();
            expand(made);
            made.freeze();
            steps = made;
        }
        return steps;
    }

    /// Adds the steps of this state.
    protected abstract void expand(Steps to);
}
