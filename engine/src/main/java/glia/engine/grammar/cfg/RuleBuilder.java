package glia.engine.grammar.cfg;

import glia.engine.grammar.cfg.LarkTemplates.Expression;
import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.limit.GrammarLimits;
import glia.engine.grammar.parser.Nonterminal;
import glia.engine.grammar.parser.Rules;
import glia.engine.grammar.parser.State;
import glia.engine.grammar.parser.Steps;
import glia.engine.grammar.regex.Regex;
import glia.engine.grammar.regex.RegexPool;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Turns the rules of a context-free grammar into those of the parser. Rules that do not depend on themselves become
/// regular expressions, unless lexemes must stay apart; rules that match no text are dropped.
final class RuleBuilder {
    private static final int MAX_NODES = 200_000;

    private final Rules rules;
    private final RegexPool pool;
    private final Map<String, Expression> definitions;
    private final boolean merges;
    private final Map<String, Boolean> regular = new HashMap<>();
    private final Map<String, Regex> regexes = new HashMap<>();
    private final Map<String, Nonterminal> nonterminals = new LinkedHashMap<>();
    private final Set<String> nullable = new HashSet<>();
    private final Set<String> productive = new HashSet<>();
    private int numNodes;

    /// @param merges whether adjacent terminals may become one lexeme
    RuleBuilder(Rules rules, RegexPool pool, Map<String, Expression> definitions, boolean merges) {
        this.rules = rules;
        this.pool = pool;
        this.definitions = definitions;
        this.merges = merges;
    }

    /// @throws GrammarException if a rule is missing, or no text satisfies the grammar
    Nonterminal build(String root) {
        if (!definitions.containsKey(root)) {
            throw GrammarException.invalid("", "found no rule '" + root + "', with which the grammar begins");
        }
        definitions.values().forEach(this::requireDefined);
        findNullableAndProductive();
        if (!productive.contains(root)) {
            throw new GrammarException(GrammarException.Kind.UNSATISFIABLE, "", "no text satisfies the grammar: rule '"
                    + root + "' never ends");
        }
        Deque<String> todo = new ArrayDeque<>();
        Nonterminal first = nonterminal(root, todo);
        while (!todo.isEmpty()) {
            String name = todo.poll();
            Node start = new Node(nonterminals.get(name));
            Node end = new Node(nonterminals.get(name));
            end.isEnd = true;
            connect(definitions.get(name), start, end, todo);
            nonterminals.get(name).start(start);
        }
        return first;
    }

    /// A rule is looked at again when a rule that it names has become nullable or productive.
    private void findNullableAndProductive() {
        Map<String, Set<String>> users = new HashMap<>();
        definitions.forEach((name, expression) -> addUser(name, expression, users));
        Deque<String> todo = new ArrayDeque<>(definitions.keySet());
        while (!todo.isEmpty()) {
            // The last rule first: rules are mostly used before they are defined.
            String name = todo.pollLast();
            Expression expression = definitions.get(name);
            boolean hasChanged = !nullable.contains(name) && isNullable(expression) && nullable.add(name);
            hasChanged |= !productive.contains(name) && isProductive(expression) && productive.add(name);
            if (hasChanged) {
                users.getOrDefault(name, Set.of()).forEach(todo::addLast);
            }
        }
    }

    private static void addUser(String user, Expression expression, Map<String, Set<String>> users) {
        switch (expression) {
            case Expression.Reference r -> users.computeIfAbsent(r.name(), _ -> new HashSet<>()).add(user);
            case Expression.Sequence s -> s.parts().forEach(part -> addUser(user, part, users));
            case Expression.Choice c -> c.parts().forEach(part -> addUser(user, part, users));
            case Expression.Repeat r -> addUser(user, r.part(), users);
            case Expression.Terminal _, Expression.Built _ -> { }
        }
    }

    private Nonterminal nonterminal(String name, Deque<String> todo) {
        Nonterminal known = nonterminals.get(name);
        if (known == null) {
            known = rules.rule();
            if (nullable.contains(name)) {
                known.nullable();
            }
            nonterminals.put(name, known);
            todo.add(name);
        }
        return known;
    }

    private void requireDefined(Expression expression) {
        switch (expression) {
            case Expression.Reference r -> {
                if (!definitions.containsKey(r.name())) {
                    throw GrammarException.invalid(r.place(), "found no rule '" + r.name() + "'");
                }
            }
            case Expression.Sequence s -> s.parts().forEach(this::requireDefined);
            case Expression.Choice c -> c.parts().forEach(this::requireDefined);
            case Expression.Repeat r -> requireDefined(r.part());
            case Expression.Terminal _, Expression.Built _ -> { }
        }
    }

    private boolean isNullable(Expression expression) {
        pool.budget().step();
        return switch (expression) {
            case Expression.Terminal t -> t.regex().isNullable();
            case Expression.Built _ -> false;
            case Expression.Reference r -> nullable.contains(r.name());
            case Expression.Sequence s -> s.parts().stream().allMatch(this::isNullable);
            case Expression.Choice c -> c.parts().stream().anyMatch(this::isNullable);
            case Expression.Repeat r -> r.min() == 0 || isNullable(r.part());
        };
    }

    private boolean isProductive(Expression expression) {
        pool.budget().step();
        return switch (expression) {
            case Expression.Terminal t -> pool.isLive(t.regex());
            case Expression.Built _ -> true;
            case Expression.Reference r -> productive.contains(r.name());
            case Expression.Sequence s -> s.parts().stream().allMatch(this::isProductive);
            case Expression.Choice c -> c.parts().stream().anyMatch(this::isProductive);
            case Expression.Repeat r -> r.min() == 0 || isProductive(r.part());
        };
    }

    /// Whether an expression depends on no rule that depends on itself.
    private boolean isRegular(Expression expression) {
        pool.budget().step();
        return switch (expression) {
            case Expression.Terminal _ -> true;
            case Expression.Built _ -> false;
            case Expression.Reference r -> isRegular(r.name());
            case Expression.Sequence s -> s.parts().stream().allMatch(this::isRegular);
            case Expression.Choice c -> c.parts().stream().allMatch(this::isRegular);
            case Expression.Repeat r -> isRegular(r.part());
        };
    }

    private boolean isRegular(String name) {
        Boolean known = regular.get(name);
        if (known == null) {
            // A rule that is reached again depends on itself.
            regular.put(name, false);
            known = isRegular(definitions.get(name));
            regular.put(name, known);
        }
        return known;
    }

    private Regex regex(Expression expression) {
        pool.budget().step();
        return switch (expression) {
            case Expression.Terminal t -> t.regex();
            case Expression.Built _ -> throw new IllegalStateException("a rule that is not regular");
            case Expression.Reference r -> {
                Regex known = regexes.get(r.name());
                if (known == null) {
                    known = regex(definitions.get(r.name()));
                    regexes.put(r.name(), known);
                }
                yield known;
            }
            case Expression.Sequence s -> pool.concat(s.parts().stream().map(this::regex).toArray(Regex[]::new));
            case Expression.Choice c -> pool.or(c.parts().stream().map(this::regex).toList());
            case Expression.Repeat r -> pool.repeat(regex(r.part()), r.min(), r.max());
        };
    }

    /// Adds the paths of an expression between two nodes.
    private void connect(Expression expression, Node from, Node to, Deque<String> todo) {
        if (!isProductive(expression)) {
            return;
        }
        if (merges && isRegular(expression)) {
            terminal(regex(expression), from, to);
            return;
        }
        switch (expression) {
            case Expression.Terminal t -> terminal(t.regex(), from, to);
            case Expression.Built b -> from.calls.add(new Call(b.rule(), to));
            case Expression.Reference r -> from.calls.add(new Call(nonterminal(r.name(), todo), to));
            case Expression.Choice c -> c.parts().forEach(part -> connect(part, from, to, todo));
            case Expression.Sequence s -> sequence(s.parts(), from, to, todo);
            case Expression.Repeat r -> repeat(r, from, to, todo);
        }
    }

    private void terminal(Regex regex, Node from, Node to) {
        if (regex.isNullable()) {
            from.skips.add(to);
        }
        if (!regex.isEpsilon()) {
            from.lexemes.add(new Lexeme(rules.lexer().lexeme(regex), to));
        }
    }

    private void sequence(List<Expression> parts, Node from, Node to, Deque<String> todo) {
        Node at = from;
        for (int i = 0; i < parts.size();) {
            int next = i + 1;
            while (merges && isRegular(parts.get(i)) && next < parts.size() && isRegular(parts.get(next))) {
                next++;
            }
            Expression part = next == i + 1 ? parts.get(i) : new Expression.Sequence(parts.subList(i, next));
            Node after = next == parts.size() ? to : new Node(from.owner());
            connect(part, at, after, todo);
            at = after;
            i = next;
        }
        if (parts.isEmpty()) {
            from.skips.add(to);
        }
    }

    private void repeat(Expression.Repeat r, Node from, Node to, Deque<String> todo) {
        Node at = from;
        for (int i = 0; i < r.min(); i++) {
            Node after = new Node(from.owner());
            connect(r.part(), at, after, todo);
            at = after;
        }
        if (r.max() == Integer.MAX_VALUE) {
            Node loop = new Node(from.owner());
            at.skips.add(loop);
            connect(r.part(), loop, loop, todo);
            loop.skips.add(to);
            return;
        }
        for (int i = r.min(); i < r.max(); i++) {
            at.skips.add(to);
            Node after = new Node(from.owner());
            connect(r.part(), at, after, todo);
            at = after;
        }
        at.skips.add(to);
    }

    private record Call(Nonterminal rule, Node to) { }

    private record Lexeme(int number, Node to) { }

    /// A place within a rule.
    private final class Node extends State {
        private final List<Node> skips = new ArrayList<>();
        private final List<Call> calls = new ArrayList<>();
        private final List<Lexeme> lexemes = new ArrayList<>();
        private boolean isEnd;

        Node(Nonterminal owner) {
            super(rules, owner);
            if (++numNodes > MAX_NODES) {
                throw GrammarException.limit("places in rules", MAX_NODES);
            }
        }

        @Override
        protected boolean isEnd() {
            return steps().isEnd();
        }

        @Override
        protected void expand(Steps to) {
            Set<Node> reached = new HashSet<>(Set.of(this));
            Deque<Node> todo = new ArrayDeque<>(reached);
            while (!todo.isEmpty()) {
                Node node = todo.poll();
                pool.budget().steps(1 + node.lexemes.size() + node.calls.size() + node.skips.size());
                node.lexemes.forEach(step -> to.lexeme(step.number, step.to));
                node.calls.forEach(call -> to.rule(call.rule, call.to));
                if (node.isEnd) {
                    to.end();
                }
                node.skips.stream().filter(reached::add).forEach(todo::add);
                if (reached.size() > GrammarLimits.ROW_ITEMS) {
                    throw GrammarException.limit("optional parts of a rule", GrammarLimits.ROW_ITEMS);
                }
            }
        }
    }
}
