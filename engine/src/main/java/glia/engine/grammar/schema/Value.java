package glia.engine.grammar.schema;

import glia.engine.grammar.parser.Nonterminal;
import glia.engine.grammar.parser.State;
import glia.engine.grammar.parser.Steps;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// The JSON values that satisfy some conditions: scalars as one lexeme, arrays and objects as a rule.
final class Value {
    static final int NO_LEXEME = -1;

    /// The lexeme of all scalars.
    int scalars = NO_LEXEME;
    final List<Container> containers = new ArrayList<>();
    Nonterminal rule;
    boolean isProductive;

    /// Arrays or objects.
    interface Container {
        /// Whether any satisfies its constraints, as far as its parts are known to.
        boolean isProductive();

        /// The values of its items or properties.
        Stream<Value> parts();

        /// Adds the step over its opening bracket.
        ///
        /// @param end the state after the closing bracket
        void begin(Steps to, Nonterminal owner, State end);
    }

    /// Adds the steps over this value.
    void addTo(Steps steps, State after) {
        if (scalars != NO_LEXEME) {
            steps.lexeme(scalars, after);
        }
        if (!containers.isEmpty()) {
            steps.rule(rule, after);
        }
    }

    /// @return whether it became productive
    boolean update() {
        if (isProductive || scalars == NO_LEXEME && containers.stream().noneMatch(Container::isProductive)) {
            return false;
        }
        isProductive = true;
        return true;
    }
}
