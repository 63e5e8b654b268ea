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
            "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "$ref", "contains",
            "dependencies", "additionalProperties", "patternProperties", "propertyNames", "dependentSchemas");
    private static final Set<String> REFUSED = Set.of("format", "uniqueItems", "minContains", "maxContains",
            "unevaluatedItems", "unevaluatedProperties", "$dynamicRef", "$recursiveRef");

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
            case "dependentRequired", "dependencies", "dependentSchemas" -> dependent(s, key, all);
            case "additionalProperties" -> others(s, all);
            case "patternProperties" -> s.schemaMap(key).forEach((pattern, value) -> witness(all,
                    keywords.pattern((String) pattern, s.at(key)), subs.not(subs.of(value)), s.at(key)));
            case "propertyNames" -> witness(all, keywords.strings(subs.not(subs.of(s.schema(key)))), subs.anything(),
                    s.at(key));
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
        List<Sub> changes = new ArrayList<>();
        List<Object> others = new ArrayList<>();
        for (Object value : values) {
            if (value instanceof List<?> list && !list.isEmpty() || value instanceof Map<?, ?> map && !map.isEmpty()) {
                changes.add(unequal(value));
            } else {
                others.add(value);
            }
        }
        List<Sub> scalars = keywords.constants().noneOf(others);
        if (scalars == null) {
            throw GrammarException.unsupported(s.at(key), "the negation of a number of so many digits in '" + key
                    + "'");
        }
        changes.addAll(scalars);
        if (values.size() == 1 && scalars.isEmpty()) {
            composite(values.get(0), s.at(key), all);
        } else {
            all.add(changes);
        }
    }

    /// All values but one.
    private Sub unequal(Object value) {
        return subs.not(subs.of(java.util.Collections.singletonMap("const", value)));
    }

    /// What differs from an array or an object: its type, its size, or a part.
    private void composite(Object value, String place, List<List<Sub>> all) {
        boolean isArray = value instanceof List;
        all.add(List.of(subs.change(c -> c.types &= isArray ? ~Clause.ARRAY : ~Clause.OBJECT)));
        if (value instanceof List<?> list) {
            only(all, Clause.ARRAY, c -> c.maxItems = Math.min(c.maxItems, list.size() - 1));
            only(all, Clause.ARRAY, c -> c.minItems = Math.max(c.minItems, list.size() + 1));
            prefix(list.stream().map(this::unequal).toList(), all);
        } else if (value instanceof Map<?, ?> map) {
            map.forEach((name, one) -> {
                all.add(List.of(ofType(Clause.OBJECT), keywords.absent((String) name)));
                all.add(with((String) name, unequal(one)));
            });
            witness(all, keywords.otherNames(map.keySet()), subs.anything(), place);
        }
    }

    /// Objects with a property of one of some names that satisfies a condition.
    private void witness(List<List<Sub>> all, Regex names, Sub value, String place) {
        Clause.Witness one = new Clause.Witness(names, value, place);
        only(all, Clause.OBJECT, c -> c.witnesses.add(one));
    }

    private void others(Place s, List<List<Sub>> all) {
        List<Regex> names = new ArrayList<>();
        names.add(keywords.otherNames(s.has("properties") ? s.schemaMap("properties").keySet() : Set.of()));
        if (s.has("patternProperties")) {
            s.schemaMap("patternProperties").keySet().forEach(pattern ->
                    names.add(pool.not(keywords.pattern((String) pattern, s.at("patternProperties")))));
        }
        witness(all, pool.and(names), subs.not(subs.of(s.schema("additionalProperties"))),
                s.at("additionalProperties"));
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
            prefix(prefix.stream().map(one -> subs.not(subs.of(one))).toList(), all);
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

    /// Arrays of which one of the first items satisfies its condition.
    private void prefix(List<Sub> conditions, List<List<Sub>> all) {
        for (int i = 0; i < conditions.size(); i++) {
            int length = i + 1;
            List<Sub> items = new ArrayList<>(java.util.Collections.nCopies(i, subs.anything()));
            items.add(conditions.get(i));
            only(all, Clause.ARRAY, c -> {
                c.arrays.add(new Clause.ArrayShape(items, subs.anything()));
                c.minItems = Math.max(c.minItems, length);
            });
        }
    }

    private void dependent(Place s, String key, List<List<Sub>> all) {
        s.map(key).forEach((name, value) -> {
            if (value instanceof Map || value instanceof Boolean) {
                Sub other = subs.not(subs.of(value));
                all.add(List.of(ofType(Clause.OBJECT), subs.change(c -> c.required.add((String) name)), other));
                return;
            }
            for (String missing : value instanceof String one ? List.of(one) : s.strings(key, value)) {
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
