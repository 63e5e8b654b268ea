package glia.engine.grammar.schema;

import glia.engine.grammar.regex.Regex;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Finds conditions that no value satisfies together. What it does not find is treated as possible.
final class Emptiness implements Keywords.Expanded {
    private static final int MAX_DEPTH = 4;

    private final Expander expander;
    private final Scalars scalars;
    private final Map<Sub, Map<String, String>> discriminators = new HashMap<>();
    private final Map<Set<Sub>, Boolean> known = new HashMap<>();

    Emptiness(Expander expander, Scalars scalars) {
        this.expander = expander;
        this.scalars = scalars;
    }

    @Override
    public Regex strings(Sub condition) {
        return scalars.strings(List.of(condition));
    }

    /// Whether no value satisfies some conditions.
    boolean isEmpty(Collection<Sub> conditions) {
        return isEmpty(new LinkedHashSet<>(conditions), MAX_DEPTH);
    }

    @Override
    public boolean areDisjoint(Sub a, Sub b) {
        if (Discriminators.differ(discriminators.computeIfAbsent(a, Discriminators::of),
                discriminators.computeIfAbsent(b, Discriminators::of))) {
            return true;
        }
        // In one order, so that every run refuses the same schemas. In this one, fewer need a negation.
        return isEmpty(new LinkedHashSet<>(List.of(b, a)), MAX_DEPTH);
    }

    private boolean isEmpty(Set<Sub> conditions, int depth) {
        if (depth == 0 || conditions.isEmpty()) {
            return false;
        }
        Boolean found = known.get(conditions);
        if (found == null) {
            known.put(conditions, false);
            found = expander.expand(conditions).stream().allMatch(clause -> isEmpty(clause, depth));
            known.put(conditions, found);
        }
        return found;
    }

    private boolean isEmpty(Clause clause, int depth) {
        return !scalars.isLive(clause)
                && (!clause.allows(Clause.ARRAY) || hasNoArray(clause, depth))
                && (!clause.allows(Clause.OBJECT) || hasNoObject(clause, depth));
    }

    private boolean hasNoArray(Clause clause, int depth) {
        int size = clause.arrays.stream().mapToInt(shape -> shape.prefix().size()).max().orElse(0);
        for (int i = 0; i < Math.min(clause.minItems, size + 1); i++) {
            int index = i;
            Set<Sub> item = new LinkedHashSet<>(clause.arrays.stream().map(shape -> shape.item(index)).toList());
            if (isEmpty(item, depth - 1)) {
                return true;
            }
        }
        return false;
    }

    private boolean hasNoObject(Clause clause, int depth) {
        for (String name : clause.required) {
            Set<Sub> value = new LinkedHashSet<>();
            for (Clause.ObjectShape shape : clause.objects) {
                List<Sub> own = new ArrayList<>();
                if (shape.properties().containsKey(name)) {
                    own.add(shape.properties().get(name));
                }
                if (own.isEmpty() && shape.patterns().isEmpty()) {
                    own.add(shape.additional());
                }
                value.addAll(own);
            }
            if (isEmpty(value, depth - 1)) {
                return true;
            }
        }
        return false;
    }

    /// Properties by which the objects of `oneOf` differ, such as `"kind": {"const": "circle"}`: alternatives that
    /// require different constants exclude each other, and their other keywords do not matter.
    static final class Discriminators {
        private Discriminators() { }

        /// The strings that a schema requires as the values of properties.
        static Map<String, String> of(Sub alternative) {
            Map<String, String> found = new HashMap<>();
            if (!alternative.isNegated && alternative.schema instanceof Map<?, ?> schema && !schema.containsKey("$ref")
                    && "object".equals(schema.get("type")) && schema.get("required") instanceof List<?> required
                    && schema.get("properties") instanceof Map<?, ?> properties) {
                for (Object name : required) {
                    if (name instanceof String key && properties.get(key) instanceof Map<?, ?> value
                            && !value.containsKey("$ref") && value.get("const") instanceof String constant) {
                        found.put(key, constant);
                    }
                }
            }
            return found;
        }

        /// Whether some property has different values in both.
        static boolean differ(Map<String, String> a, Map<String, String> b) {
            return a.entrySet().stream().anyMatch(one -> !b.getOrDefault(one.getKey(), one.getValue())
                    .equals(one.getValue()));
        }
    }
}
