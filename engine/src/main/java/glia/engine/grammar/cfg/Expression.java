package glia.engine.grammar.cfg;

import glia.engine.grammar.parser.Nonterminal;
import glia.engine.grammar.regex.Regex;
import glia.engine.grammar.regex.TokenRegex;
import java.util.List;

/// The right side of a rule.
sealed interface Expression {
    /// Text that a regular expression matches.
    ///
    /// @param token the same with lazy parts, for a lexer; null if that does not matter
    record Terminal(Regex regex, TokenRegex token) implements Expression {
        Terminal(Regex regex) {
            this(regex, null);
        }
    }

    /// Another rule.
    ///
    /// @param arguments for the parameters of a template; empty for other rules
    record Reference(String name, String place, List<Expression> arguments) implements Expression {
        Reference(String name, String place) {
            this(name, place, List.of());
        }
    }

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
