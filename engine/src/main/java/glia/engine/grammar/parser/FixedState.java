package glia.engine.grammar.parser;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// A state whose steps are given one by one.
public final class FixedState extends State {
    private final List<Consumer<Steps>> steps = new ArrayList<>();

    public FixedState(Rules rules, Nonterminal owner) {
        super(rules, owner);
    }

    /// Adds a step over a lexeme.
    public void lexeme(int lexeme, State to) {
        steps.add(s -> s.lexeme(lexeme, to));
    }

    /// Adds a step over a rule.
    public void rule(Nonterminal rule, State to) {
        steps.add(s -> s.rule(rule, to));
    }

    /// Says that the rule may end here.
    public void end() {
        steps.add(Steps::end);
    }

    @Override
    protected void expand(Steps to) {
        steps.forEach(step -> step.accept(to));
    }
}
