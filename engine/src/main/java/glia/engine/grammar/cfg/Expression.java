package glia.engine.grammar.cfg;

import glia.engine.grammar.parser.Nonterminal;
import glia.engine.grammar.regex.Regex;
import java.util.List;

/// The right side of a rule.
sealed interface Expression {
    /// Text that a regular expression matches.
    record Terminal(Regex regex) implements Expression { }

    /// Another rule.
    record Reference(String name, String place) implements Expression { }

    /// A rule that is built already, which matches no empty text.
    record Built(Nonterminal rule) implements Expression { }

    /// One after the other; the empty text if there is none.
    record Sequence(List<Expression> parts) implements Expression { }

    /// One of several.
    record Choice(List<Expression> parts) implements Expression { }

    /// A number of repetitions.
    ///
    /// @param max [Integer#MAX_VALUE] for any number
    record Repeat(Expression part, int min, int max) implements Expression { }

    /// Nothing.
    Expression EMPTY = new Sequence(List.of());
}
