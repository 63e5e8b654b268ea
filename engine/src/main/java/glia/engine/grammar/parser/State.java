package glia.engine.grammar.parser;

/// A state of a rule's automaton. Its steps are computed when they are first needed.
public abstract class State {
    /// Memory of a state without its steps, and of a step.
    private static final int BYTES = 200;
    private static final int STEP_BYTES = 8;

    private final int id;
    private final Nonterminal owner;
    private final Rules rules;
    private Steps steps;

    /// @param rules the rules of the grammar
    /// @param owner the rule
    protected State(Rules rules, Nonterminal owner) {
        this.rules = rules;
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

    /// Whether the rule can only end here. States that are made on demand go on with a lexeme.
    protected boolean isEnd() {
        return false;
    }

    /// The steps of this state.
    protected Steps steps() {
        if (steps == null) {
            Steps made = new Steps();
            expand(made);
            made.freeze();
            rules.budget().bytes(BYTES + STEP_BYTES * (long) (made.lexemes.length + made.rules.length));
            steps = made;
        }
        return steps;
    }

    /// Adds the steps of this state.
    protected abstract void expand(Steps to);
}
