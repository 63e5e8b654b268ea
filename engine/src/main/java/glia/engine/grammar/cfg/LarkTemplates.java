package glia.engine.grammar.cfg;

import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.parser.Nonterminal;
import glia.engine.grammar.regex.Regex;
import glia.engine.grammar.regex.TokenRegex;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Templates of Lark, rules with parameters: `_list{item, mark}: item (mark item)*`. Each use with other arguments is a
/// rule of its own; uses with the same arguments share one, so a template may use itself.
final class LarkTemplates {
    /// The most rules that templates become.
    private static final int MAX_RULES = 10_000;
    /// The most parts of all these rules.
    private static final int MAX_PARTS = 500_000;

    private record Template(List<String> parameters, Expression body) { }

    /// @param values arguments without places, so that equal uses are equal
    private record Use(String name, List<Expression> values) { }

    private record Instance(String name, Template template, List<Expression> arguments) { }

    private final Map<String, Template> templates = new HashMap<>();
    private final Map<Use, String> names = new HashMap<>();
    private final Deque<Instance> todo = new ArrayDeque<>();
    private final Map<Expression, Integer> sizes = new IdentityHashMap<>();
    private int numParts;

    /// Adds a template.
    ///
    /// @throws GrammarException if a parameter is there twice
    void define(String name, List<String> parameters, Expression body, String place) {
        Set<String> seen = new HashSet<>();
        for (String parameter : parameters) {
            if (!seen.add(parameter)) {
                throw GrammarException.invalid(place, "found the parameter '" + parameter + "' of the template '" + name
                        + "' twice");
            }
        }
        templates.put(name, new Template(parameters, body));
    }

    boolean has(String name) {
        return templates.containsKey(name);
    }

    /// The parameters of a template.
    List<String> parameters(String name) {
        return templates.get(name).parameters;
    }

    /// The body of a template.
    Expression body(String name) {
        return templates.get(name).body;
    }

    /// The rules with those of the templates that they use.
    ///
    /// @throws GrammarException if a use does not fit its template, or templates that use themselves with ever other
    ///     arguments have no end
    Map<String, Expression> expanded(Map<String, Expression> rules) {
        templates.forEach((name, template) -> template.parameters.forEach(parameter -> {
            if (rules.containsKey(parameter) || templates.containsKey(parameter)) {
                throw GrammarException.invalid("", "found the parameter '" + parameter + "' of the template '" + name
                        + "', which is the name of a rule, too");
            }
        }));
        Map<String, Expression> all = new LinkedHashMap<>();
        rules.forEach((name, rule) -> all.put(name, expanded(rule, Map.of())));
        while (!todo.isEmpty()) {
            Instance next = todo.poll();
            Map<String, Expression> arguments = new HashMap<>();
            for (int i = 0; i < next.template.parameters.size(); i++) {
                arguments.put(next.template.parameters.get(i), next.arguments.get(i));
            }
            all.put(next.name, expanded(next.template.body, arguments));
        }
        return all;
    }

    private Expression expanded(Expression expression, Map<String, Expression> arguments) {
        count(1);
        return switch (expression) {
            case Expression.Terminal t -> t;
            case Expression.Built b -> b;
            case Expression.Reference r -> used(r, arguments);
            case Expression.Sequence s -> new Expression.Sequence(all(s.parts(), arguments));
            case Expression.Choice c -> new Expression.Choice(all(c.parts(), arguments));
            case Expression.Repeat r -> new Expression.Repeat(expanded(r.part(), arguments), r.min(), r.max());
        };
    }

    private void count(int parts) {
        numParts += parts;
        if (numParts > MAX_PARTS) {
            throw GrammarException.limit("parts of the rules that templates become", MAX_PARTS);
        }
    }

    /// The number of parts of an argument, up to [#MAX_PARTS]: one that has another twice has all of its parts twice.
    private int size(Expression argument) {
        Integer known = sizes.get(argument);
        if (known == null) {
            known = switch (argument) {
                case Expression.Terminal _, Expression.Built _ -> 1;
                case Expression.Reference r -> size(r.arguments());
                case Expression.Sequence s -> size(s.parts());
                case Expression.Choice c -> size(c.parts());
                case Expression.Repeat r -> size(List.of(r.part()));
            };
            sizes.put(argument, known);
        }
        return known;
    }

    private int size(List<Expression> parts) {
        int size = 1;
        for (Expression part : parts) {
            size = Math.min(MAX_PARTS, size + size(part));
        }
        return size;
    }

    private List<Expression> all(List<Expression> parts, Map<String, Expression> arguments) {
        return parts.stream().map(part -> expanded(part, arguments)).toList();
    }

    private Expression used(Expression.Reference r, Map<String, Expression> arguments) {
        Expression argument = arguments.get(r.name());
        if (argument != null && r.arguments().isEmpty()) {
            count(size(argument));
            return argument;
        }
        // A template may be an argument: its name is that of the parameter.
        String name = argument instanceof Expression.Reference other ? other.name() : r.name();
        Template template = templates.get(name);
        if (template == null) {
            if (!r.arguments().isEmpty()) {
                throw GrammarException.invalid(r.place(), "found no template '" + name + "'");
            }
            return r;
        }
        if (template.parameters.size() != r.arguments().size()) {
            throw GrammarException.invalid(r.place(), "found " + r.arguments().size() + " arguments of the template '"
                    + name + "', expected " + template.parameters.size());
        }
        List<Expression> values = new ArrayList<>();
        for (Expression one : r.arguments()) {
            Expression value = value(one, arguments);
            count(size(value));
            values.add(value);
        }
        Use use = new Use(name, values.stream().map(LarkTemplates::withoutPlace).toList());
        String known = names.get(use);
        if (known == null) {
            if (names.size() >= MAX_RULES) {
                throw GrammarException.limit("rules that templates become", MAX_RULES);
            }
            // No rule of a grammar has this character in its name.
            known = name + "#" + names.size();
            names.put(use, known);
            todo.add(new Instance(known, template, values));
        }
        return new Expression.Reference(known, r.place());
    }

    /// An argument: the name of a template stays one.
    private Expression value(Expression one, Map<String, Expression> arguments) {
        boolean isTemplate = one instanceof Expression.Reference r && r.arguments().isEmpty()
                && (templates.containsKey(r.name()) || isTemplate(arguments.get(r.name())));
        return isTemplate ? arguments.getOrDefault(((Expression.Reference) one).name(), one)
                : expanded(one, arguments);
    }

    private static Expression withoutPlace(Expression value) {
        return value instanceof Expression.Reference r ? new Expression.Reference(r.name(), "") : value;
    }

    private boolean isTemplate(Expression argument) {
        return argument instanceof Expression.Reference r && templates.containsKey(r.name());
    }

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
}
