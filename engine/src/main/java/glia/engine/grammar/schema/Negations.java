package glia.engine.grammar.schema;

import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.regex.Regex;
import glia.engine.grammar.regex.RegexPool;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The negation of a schema, as alternatives: a value that it refuses violates one of its keywords.
final class Negations {
    /// Keywords whose negation is supported or which say nothing alone.
    private static final Set<String> SUPPORTED = Set.of("type", "const", "enum", "minimum", "maximum", "multipleOf",
            "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "pattern", "minItems", "maxItems",
            "minProperties", "maxProperties", "required", "properties", "items", "additionalItems", "prefixItems",
            "allOf",
            "anyOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "$ref", "contains", "dependencies");
    private static final Set<String> REFUSED = Set.of("format", "patternProperties", "additionalProperties",
            "propertyNames", "uniqueItems", "minContains", "maxContains", "dependentSchemas", "unevaluatedItems",
            "unevaluatedProperties", "$dynamicRef", "$recursiveRef");

    private final Keywords keywords;
    private final Subs subs;
    private final RegexPool pool;
    private final Map<Object, List<List<Sub>>> known = new IdentityHashMap<>();

    Negations(Keywords keywords, RegexPool pool) {
        this.keywords = keywords;
        this.subs = keywords.subs();
        this.pool = pool;
    }

    /// The alternatives of a value that a schema refuses.
    ///
    /// @throws GrammarException if the schema has a keyword whose negation is not supported
    List<List<Sub>> alternatives(Map<?, ?> schema) {
        List<List<Sub>> all = known.get(schema);
        if (all == null) {
            all = negate(keywords.place(schema));
            known.put(schema, all);
        }
        return all;
    }

    private List<List<Sub>> negate(Place s) {
        List<List<Sub>> all = new ArrayList<>();
        if (keywords.isReference(s)) {
            all.add(List.of(subs.not(keywords.reference(s))));
            if (keywords.hasOnlyReference(s)) {
                return all;
            }
        }
        for (Object key : s.schema().keySet()) {
            refuse(s, (String) key);
            if (SUPPORTED.contains(key)) {
                keyword(s, (String) key, all);
            }
        }
        return all;
    }

    private static void refuse(Place s, String keyword) {
        Object value = s.schema().get(keyword);
        boolean isVoid = Boolean.TRUE.equals(value) && !keyword.equals("uniqueItems")
                || value instanceof Map<?, ?> map && map.isEmpty()
                || keyword.equals("uniqueItems") && Boolean.FALSE.equals(value)
                || keyword.equals("format") && value instanceof String format && Formats.pattern(format) == null
                && !Formats.isUnsupported(format);
        if (REFUSED.contains(keyword) && !isVoid) {
            throw GrammarException.unsupported(s.at(keyword), "the negation of '" + keyword + "', by 'not', 'if' or "
                    + "overlapping alternatives of 'oneOf',");
        }
    }

    private void keyword(Place s, String key, List<List<Sub>> all) {
        switch (key) {
            case "type" -> type(s, all);
            case "const" -> values(s, key, java.util.Collections.singletonList(s.schema().get(key)), all);
            case "enum" -> values(s, key, s.list(key), all);
            case "minimum" -> number(all, keywords.numbers().atMost(keywords.bound(s, key),
                    !Boolean.TRUE.equals(s.schema().get("exclusiveMinimum"))));
            case "maximum" -> number(all, keywords.numbers().atLeast(keywords.bound(s, key),
                    !Boolean.TRUE.equals(s.schema().get("exclusiveMaximum"))));
            case "exclusiveMinimum" -> {
                if (!(s.schema().get(key) instanceof Boolean)) {
                    number(all, keywords.numbers().atMost(keywords.bound(s, key), false));
                }
            }
            case "exclusiveMaximum" -> {
                if (!(s.schema().get(key) instanceof Boolean)) {
                    number(all, keywords.numbers().atLeast(keywords.bound(s, key), false));
                }
            }
            case "multipleOf" -> number(all, pool.and(keywords.numbers().plain(), pool.not(keywords.multiple(s))));
            case "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties" ->
                count(s, key, all);
            case "pattern" -> {
                String pattern = s.string(key);
                only(all, Clause.STRING, c -> c.strings.add(pool.not(keywords.pattern(pattern, s.at(key)))));
            }
            case "required" -> {
                if (s.schema().get(key) instanceof List<?> list) {
                    for (String name : s.strings(key, list)) {
                        all.add(List.of(ofType(Clause.OBJECT), keywords.absent(name)));
                    }
                }
            }
            case "properties" -> s.schemaMap(key).forEach((name, value) -> all.add(with((String) name,
                    subs.not(subs.of(value)))));
            case "items", "prefixItems", "contains" -> items(s, key, all);
            case "dependentRequired", "dependencies" -> dependent(s, key, all);
            default -> applicator(s, key, all);
        }
    }

    private Sub ofType(int type) {
        return subs.change(c -> c.types &= type);
    }

    private void only(List<List<Sub>> all, int type, java.util.function.Consumer<Clause> change) {
        all.add(List.of(ofType(type), subs.change(change)));
    }

    private void number(List<List<Sub>> all, Regex regex) {
        only(all, Clause.NUMBER, c -> c.numbers.add(regex));
    }

    /// Objects with a property that satisfies a condition.
    private List<Sub> with(String name, Sub value) {
        Map<String, Sub> one = Map.of(name, value);
        return List.of(ofType(Clause.OBJECT), subs.change(c -> {
            c.required.add(name);
            c.objects.add(new Clause.ObjectShape(one, List.of(), subs.anything()));
        }));
    }

    private void type(Place s, List<List<Sub>> all) {
        Object type = s.schema().get("type");
        List<String> names = type instanceof String one ? List.of(one) : s.strings("type", type);
        int types = 0;
        for (String name : names) {
            types |= Keywords.typeBits(name, s);
        }
        int others = ~types;
        all.add(List.of(subs.change(c -> c.types &= others)));
        if (names.contains("integer") && !names.contains("number")) {
            number(all, keywords.numbers().nonInteger());
        }
    }

    private void values(Place s, String key, List<?> values, List<List<Sub>> all) {
        List<Sub> changes = keywords.constants().noneOf(values);
        if (changes == null) {
            throw GrammarException.unsupported(s.at(key), "the negation of an array or an object in '" + key + "'");
        }
        all.add(changes);
    }

    private void count(Place s, String key, List<List<Sub>> all) {
        int count = s.count(key);
        boolean isLeast = key.startsWith("min");
        if (isLeast && count == 0 || !isLeast && count == Clause.UNBOUNDED) {
            return;
        }
        switch (key) {
            case "minLength" -> only(all, Clause.STRING, c -> c.maxLength = Math.min(c.maxLength, count - 1));
            case "maxLength" -> only(all, Clause.STRING, c -> c.minLength = Math.max(c.minLength, count + 1));
            case "minItems" -> only(all, Clause.ARRAY, c -> c.maxItems = Math.min(c.maxItems, count - 1));
            case "maxItems" -> only(all, Clause.ARRAY, c -> c.minItems = Math.max(c.minItems, count + 1));
            case "minProperties" -> only(all, Clause.OBJECT, c -> c.maxProperties = Math.min(c.maxProperties,
                    count - 1));
            default -> only(all, Clause.OBJECT, c -> {
                c.minPropertiesPlace = s.at(key);
                c.minProperties = Math.max(c.minProperties, count + 1);
            });
        }
    }

    private void items(Place s, String key, List<List<Sub>> all) {
        if (key.equals("contains")) {
            Sub none = subs.not(subs.of(s.schema(key)));
            only(all, Clause.ARRAY, c -> c.arrays.add(new Clause.ArrayShape(List.of(), none)));
            return;
        }
        Object value = s.schema().get(key);
        if (value instanceof List<?> prefix) {
            for (int i = 0; i < prefix.size(); i++) {
                int position = i;
                List<Sub> items = new ArrayList<>();
                for (int k = 0; k < i; k++) {
                    items.add(subs.anything());
                }
                items.add(subs.not(subs.of(prefix.get(i))));
                only(all, Clause.ARRAY, c -> {
                    c.arrays.add(new Clause.ArrayShape(items, subs.anything()));
                    c.minItems = Math.max(c.minItems, position + 1);
                });
            }
            Object rest = s.schema().get(key.equals("items") ? "additionalItems" : "items");
            if (Boolean.FALSE.equals(rest)) {
                only(all, Clause.ARRAY, c -> c.minItems = Math.max(c.minItems, prefix.size() + 1));
            } else if (rest instanceof Map<?, ?> map && !map.isEmpty()) {
                throw GrammarException.unsupported(s.at(key), "the negation of items after the first ones");
            }
        } else if (!s.has("prefixItems")) {
            Sub other = subs.not(subs.of(s.schema(key)));
            only(all, Clause.ARRAY, c -> c.contains.add(other));
        }
    }

    private void dependent(Place s, String key, List<List<Sub>> all) {
        s.map(key).forEach((name, value) -> {
            if (!(value instanceof List<?>)) {
                throw GrammarException.unsupported(s.at(key), "the negation of a schema in '" + key + "'");
            }
            for (String missing : s.strings(key, value)) {
                all.add(List.of(ofType(Clause.OBJECT), subs.change(c -> c.required.add((String) name)),
                        keywords.absent(missing)));
            }
        });
    }

    private void applicator(Place s, String key, List<List<Sub>> all) {
        switch (key) {
            case "allOf" -> s.schemas(key).forEach(one -> all.add(List.of(subs.not(subs.of(one)))));
            case "anyOf" -> all.add(s.schemas(key).stream().map(one -> subs.not(subs.of(one))).toList());
            case "oneOf" -> {
                List<Sub> each = s.schemas(key).stream().map(subs::of).toList();
                all.add(each.stream().map(subs::not).toList());
                for (int i = 0; i < each.size(); i++) {
                    for (int j = 0; j < i; j++) {
                        all.add(List.of(each.get(i), each.get(j)));
                    }
                }
            }
            case "not" -> all.add(List.of(subs.of(s.schema(key))));
            case "if" -> {
                Sub condition = subs.of(s.schema(key));
                if (s.has("then")) {
                    all.add(List.of(condition, subs.not(subs.of(s.schema("then")))));
                }
                if (s.has("else")) {
                    all.add(List.of(subs.not(condition), subs.not(subs.of(s.schema("else")))));
                }
            }
            default -> { }
        }
    }
}
