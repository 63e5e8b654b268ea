package glia.engine.grammar.cfg;

import glia.engine.grammar.cfg.LarkTemplates.Expression;
import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.limit.GrammarLimits;
import glia.engine.grammar.regex.Regex;
import glia.engine.grammar.regex.RegexPool;
import glia.engine.grammar.regex.TokenRegex;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// The terminals of a grammar of Lark as regular expressions. A terminal may name others, but not itself.
final class LarkTerminals {
    private static final int MANY_PARTS = 16;
    private static final int DEPTH = 4 * GrammarLimits.DEPTH;

    private final RegexPool pool;
    private final Map<String, Expression> definitions;
    private final Map<String, TokenRegex> known = new HashMap<>();

    LarkTerminals(RegexPool pool, Map<String, Expression> definitions) {
        this.pool = pool;
        this.definitions = definitions;
    }

    /// Whether a name is that of a terminal: in upper case.
    static boolean isTerminal(String name) {
        return name.equals(name.toUpperCase(Locale.ROOT)) && name.chars().anyMatch(Character::isUpperCase);
    }

    /// A rule with the regular expressions of terminals in place of their names.
    Expression resolved(Expression expression) {
        return switch (expression) {
            case Expression.Terminal _ -> terminal(expression);
            case Expression.Built b -> b;
            case Expression.Reference r -> isTerminal(r.name()) ? terminal(r) : r;
            case Expression.Sequence s -> new Expression.Sequence(s.parts().stream().map(this::resolved).toList());
            case Expression.Choice c -> new Expression.Choice(c.parts().stream().map(this::resolved).toList());
            case Expression.Repeat r -> new Expression.Repeat(resolved(r.part()), r.min(), r.max());
        };
    }

    /// A lexeme has at least one character, so a terminal that matches the empty text is optional.
    private Expression terminal(Expression expression) {
        Regex regex = regex(expression);
        return regex.isNullable() ? new Expression.Repeat(new Expression.Terminal(nonEmpty(regex)), 0, 1)
                : new Expression.Terminal(regex);
    }

    Regex nonEmpty(Regex regex) {
        return regex.isNullable() ? pool.and(List.of(regex, pool.not(pool.epsilon()))) : regex;
    }

    /// The regular expression of a terminal or of its definition.
    Regex regex(Expression expression) {
        return token(expression, 0).regex(pool);
    }

    private TokenRegex token(Expression expression, int depth) {
        if (depth > DEPTH) {
            throw GrammarException.limit("levels of terminals within terminals", DEPTH);
        }
        return switch (expression) {
            case Expression.Terminal t -> t.token() == null ? TokenRegex.of(t.regex(), pool) : t.token();
            case Expression.Built _ -> throw GrammarException.unsupported("", "'%json' in a terminal");
            case Expression.Reference r -> named(r, depth);
            case Expression.Sequence s -> sequence(s.parts().stream().map(part -> token(part, depth + 1)).toList());
            case Expression.Choice c -> TokenRegex.or(c.parts().stream().map(part -> token(part, depth + 1)).toList(),
                    pool);
            case Expression.Repeat r -> token(r.part(), depth + 1).repeat(r.min(), r.max(), false, pool);
        };
    }

    private TokenRegex sequence(List<TokenRegex> parts) {
        return parts.size() <= MANY_PARTS || parts.stream().anyMatch(TokenRegex::isLazy)
                ? TokenRegex.concat(parts, pool)
                : TokenRegex.of(pool.concat(parts.stream().map(part -> part.regex(pool)).toArray(Regex[]::new)), pool);
    }

    private TokenRegex named(Expression.Reference reference, int depth) {
        String name = reference.name();
        if (!isTerminal(name)) {
            throw GrammarException.invalid(reference.place(), "found the rule '" + name + "' in a terminal, expected "
                    + "terminals, texts and regular expressions");
        }
        TokenRegex found = known.get(name);
        if (found == null) {
            Expression definition = definitions.get(name);
            if (definition == null) {
                throw GrammarException.invalid(reference.place(), known.containsKey(name)
                        ? "found the terminal '" + name + "' within itself; only rules may be recursive"
                        : "found no terminal '" + name + "'");
            }
            // Until it is there, it is found within itself.
            known.put(name, null);
            definitions.remove(name);
            found = token(definition, depth + 1);
            known.put(name, found);
        }
        return found;
    }
}
