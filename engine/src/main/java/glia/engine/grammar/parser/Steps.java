package glia.engine.grammar.parser;

import java.util.ArrayList;
import java.util.List;

/// The steps of a [State].
public final class Steps {
    private static final int[] NO_LEXEMES = {};
    private static final State[] NO_STATES = {};
    private static final Nonterminal[] NO_RULES = {};

    private record Step(int lexeme, Nonterminal rule, State to) { }

    private List<Step> lexemeSteps = new ArrayList<>();
    private List<Step> ruleSteps = new ArrayList<>();
    private boolean isFinal;
    int[] lexemes = NO_LEXEMES;
    State[] afterLexemes = NO_STATES;
    Nonterminal[] rules = NO_RULES;
    State[] afterRules = NO_STATES;

    /// Adds a step over a lexeme.
    public void lexeme(int lexeme, State to) {
        lexemeSteps.add(new Step(lexeme, null, to));
    }

    /// Adds a step over a rule.
    public void rule(Nonterminal rule, State to) {
        ruleSteps.add(new Step(-1, rule, to));
    }

    /// Says that the rule may end here.
    public void end() {
        isFinal = true;
    }

    /// Whether there is no step.
    public boolean isEmpty() {
        return lexemeSteps.isEmpty() && ruleSteps.isEmpty() && lexemes.length == 0 && rules.length == 0;
    }

    /// Whether the rule can only end here.
    public boolean isEnd() {
        return isFinal && isEmpty();
    }

    boolean isFinal() {
        return isFinal;
    }

    void freeze() {
        lexemes = lexemeSteps.stream().mapToInt(Step::lexeme).toArray();
        afterLexemes = lexemeSteps.stream().map(Step::to).toArray(State[]::new);
        rules = ruleSteps.stream().map(Step::rule).toArray(Nonterminal[]::new);
        afterRules = ruleSteps.stream().map(Step::to).toArray(State[]::new);
        lexemeSteps = List.of();
        ruleSteps = List.of();
    }
}
