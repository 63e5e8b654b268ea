package glia.engine.grammar.schema;

import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.regex.CharacterEncoder;
import glia.engine.grammar.regex.NumberRegexes;
import glia.engine.grammar.regex.PatternCompiler;
import glia.engine.grammar.regex.Regex;
import glia.engine.grammar.regex.RegexPool;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// What the keywords of a schema require.
final class Keywords {
    private static final Set<String> UNSUPPORTED = Set.of("$dynamicRef", "$recursiveRef", "unevaluatedItems",
            "unevaluatedProperties", "extends", "disallow", "divisibleBy");

    private final SchemaIndex index;
    private final Subs subs;
    private final RegexPool pool;
    private final CharacterEncoder json;
    private final NumberRegexes numbers;
    private final Constants constants;
    private final PatternCompiler patterns;
    private Expanded expanded;
    private final Map<Object, List<List<Sub>>> choices = new IdentityHashMap<>();
    private final Map<Object, List<Sub>> own = new IdentityHashMap<>();

    /// What needs the expansion of conditions.
    interface Expanded {
        /// Whether no value satisfies two conditions, as far as that is found out.
        boolean areDisjoint(Sub a, Sub b);

        /// The strings, without quotes, that satisfy a condition.
        Regex strings(Sub condition);
    }

    Keywords(SchemaIndex index, Subs subs, CharacterEncoder json) {
        this.index = index;
        this.subs = subs;
        this.json = json;
        this.pool = json.pool();
        this.numbers = new NumberRegexes(pool);
        this.constants = new Constants(json, numbers, subs);
        this.patterns = new PatternCompiler(json);
    }

    /// Sets what needs the expansion of conditions, which in turn needs the keywords.
    void expanded(Expanded by) {
        expanded = by;
    }

    SchemaIndex index() {
        return index;
    }

    Subs subs() {
        return subs;
    }

    NumberRegexes numbers() {
        return numbers;
    }

    Constants constants() {
        return constants;
    }

    Regex pattern(String pattern, String place) {
        return patterns.search(pattern, place);
    }

    /// All names but some, without quotes.
    Regex otherNames(Set<?> names) {
        return pool.not(pool.or(names.stream().map(name -> json.text((String) name)).toList()));
    }

    /// The strings, without quotes, that satisfy a condition.
    Regex strings(Sub condition) {
        return expanded.strings(condition);
    }

    Place place(Map<?, ?> schema) {
        return new Place(schema, index.pointer(schema));
    }

    Sub reference(Place s) {
        return subs.of(index.resolve(s.schema(), s.string("$ref")));
    }

    boolean isReference(Place s) {
        return s.schema().get("$ref") instanceof String;
    }

    boolean hasOnlyReference(Place s) {
        return isReference(s) && index.ignoresRefSiblings();
    }

    /// Adds the constraints of a schema.
    void apply(Map<?, ?> schema, Expander.Target to) {
        Place s = place(schema);
        if (isReference(s)) {
            to.todo().add(reference(s));
            if (hasOnlyReference(s)) {
                return;
            }
        }
        for (String keyword : UNSUPPORTED) {
            if (s.has(keyword) && !Boolean.TRUE.equals(schema.get(keyword))
                    && !(schema.get(keyword) instanceof Map<?, ?> map && map.isEmpty())) {
                throw GrammarException.unsupported(s.at(keyword), "'" + keyword + "'");
            }
        }
        Clause c = to.clause();
        if (s.has("type")) {
            type(s, c);
        }
        if (s.has("const")) {
            to.todo().add(constants.constant(schema.get("const")));
        }
        if (s.has("enum")) {
            List<?> values = s.list("enum");
            to.choose(choices.computeIfAbsent(values, v -> constants.oneOf(values)));
        }
        to.todo().addAll(own.computeIfAbsent(schema, k -> limits(s)));
        applicators(s, to);
    }

    private void type(Place s, Clause c) {
        Object type = s.schema().get("type");
        List<String> names = type instanceof String one ? List.of(one) : s.strings("type", type);
        c.types &= names.stream().mapToInt(name -> typeBits(name, s)).reduce(0, (x, y) -> x | y);
        if (names.contains("integer") && !names.contains("number")) {
            c.numbers.add(numbers.integer());
        }
    }

    static int typeBits(String name, Place s) {
        return switch (name) {
            case "null" -> Clause.NULL;
            case "boolean" -> Clause.FALSE | Clause.TRUE;
            case "number", "integer" -> Clause.NUMBER;
            case "string" -> Clause.STRING;
            case "array" -> Clause.ARRAY;
            case "object" -> Clause.OBJECT;
            default -> throw GrammarException.invalid(s.at("type"), "found the type '" + name + "', expected null, "
                    + "boolean, number, integer, string, array or object");
        };
    }

    /// The constraints of one type each, made once for a schema.
    private List<Sub> limits(Place s) {
        List<Sub> all = new ArrayList<>();
        numberLimits(s, all);
        stringLimits(s, all);
        if (s.has("minItems")) {
            int least = s.count("minItems");
            all.add(subs.change(c -> c.minItems = Math.max(c.minItems, least)));
        }
        if (s.has("maxItems")) {
            int most = s.count("maxItems");
            all.add(subs.change(c -> c.maxItems = Math.min(c.maxItems, most)));
        }
        if (Boolean.TRUE.equals(s.schema().get("uniqueItems"))) {
            String place = s.at("uniqueItems");
            all.add(subs.change(c -> c.unique = place));
        }
        items(s, all);
        properties(s, all);
        return all;
    }

    private void numberLimits(Place s, List<Sub> all) {
        if (s.has("minimum")) {
            number(all, numbers.atLeast(bound(s, "minimum"), Boolean.TRUE.equals(s.schema().get("exclusiveMinimum"))));
        }
        if (s.has("maximum")) {
            number(all, numbers.atMost(bound(s, "maximum"), Boolean.TRUE.equals(s.schema().get("exclusiveMaximum"))));
        }
        if (s.has("exclusiveMinimum") && !(s.schema().get("exclusiveMinimum") instanceof Boolean)) {
            number(all, numbers.atLeast(bound(s, "exclusiveMinimum"), true));
        }
        if (s.has("exclusiveMaximum") && !(s.schema().get("exclusiveMaximum") instanceof Boolean)) {
            number(all, numbers.atMost(bound(s, "exclusiveMaximum"), true));
        }
        if (s.has("multipleOf")) {
            number(all, multiple(s));
        }
    }

    private void number(List<Sub> all, Regex regex) {
        all.add(subs.change(c -> c.numbers.add(regex)));
    }

    BigDecimal bound(Place s, String keyword) {
        BigDecimal bound = s.number(keyword);
        if (Math.abs((long) bound.precision() - bound.scale()) > 400 || bound.scale() > 400) {
            throw GrammarException.unsupported(s.at(keyword), "a number of more than 400 digits");
        }
        return bound;
    }

    Regex multiple(Place s) {
        return pool.multipleOf(s.number("multipleOf")).orElseThrow(() -> GrammarException.unsupported(
                s.at("multipleOf"), "the factor " + s.schema().get("multipleOf")));
    }

    private void stringLimits(Place s, List<Sub> all) {
        if (s.has("minLength")) {
            int least = s.count("minLength");
            all.add(subs.change(c -> c.minLength = Math.max(c.minLength, least)));
        }
        if (s.has("maxLength")) {
            int most = s.count("maxLength");
            all.add(subs.change(c -> c.maxLength = Math.min(c.maxLength, most)));
        }
        if (s.has("pattern")) {
            String pattern = s.string("pattern");
            // Compiled where strings are possible, so that an unsupported pattern elsewhere does no harm.
            all.add(subs.change(c -> {
                if (c.allows(Clause.STRING)) {
                    c.strings.add(pattern(pattern, s.at("pattern")));
                }
            }));
        }
        if (s.schema().get("format") instanceof String format) {
            if (Formats.isUnsupported(format)) {
                all.add(subs.change(c -> {
                    if (c.allows(Clause.STRING)) {
                        throw GrammarException.unsupported(s.at("format"), "the format '" + format + "'");
                    }
                }));
            } else if (Formats.pattern(format) != null) {
                all.add(subs.change(c -> {
                    if (c.allows(Clause.STRING)) {
                        c.strings.add(patterns.whole(Formats.pattern(format), s.at("format"), "s"));
                    }
                }));
            }
        }
    }

    private void items(Place s, List<Sub> all) {
        boolean tuple = s.schema().get("items") instanceof List<?>;
        List<?> prefix = tuple ? (List<?>) s.schema().get("items")
                : s.has("prefixItems") ? s.list("prefixItems") : List.of();
        String rest = tuple ? "additionalItems" : "items";
        if (!prefix.isEmpty() || s.has(rest)) {
            if (tuple && !prefix.isEmpty()) {
                s.schemas("items");
            } else if (!prefix.isEmpty()) {
                s.schemas("prefixItems");
            }
            List<Sub> first = prefix.stream().map(subs::of).toList();
            Sub others = s.has(rest) ? subs.of(s.schema(rest)) : subs.anything();
            all.add(subs.change(c -> c.arrays.add(new Clause.ArrayShape(first, others))));
        }
        if (s.has("contains")) {
            int least = s.has("minContains") ? s.count("minContains") : 1;
            if (s.has("maxContains") || least > 1) {
                throw GrammarException.unsupported(s.at(least > 1 ? "minContains" : "maxContains"),
                        "a number of items that 'contains' counts");
            }
            Sub one = subs.of(s.schema("contains"));
            if (least == 1) {
                all.add(subs.change(c -> c.contains.add(one)));
            }
        }
    }

    private void properties(Place s, List<Sub> all) {
        if (s.has("properties") || s.has("patternProperties") || s.has("additionalProperties")) {
            Map<String, Sub> properties = new LinkedHashMap<>();
            if (s.has("properties")) {
                s.schemaMap("properties").forEach((k, v) -> properties.put((String) k, subs.of(v)));
            }
            List<Clause.PatternProperty> byPattern = new ArrayList<>();
            Sub additional = s.has("additionalProperties") ? subs.of(s.schema("additionalProperties"))
                    : subs.anything();
            Map<?, ?> found = s.has("patternProperties") ? s.schemaMap("patternProperties") : Map.of();
            all.add(subs.change(c -> {
                c.listsProperties |= s.has("properties") || s.has("patternProperties");
                c.allowsOthers |= s.has("additionalProperties");
                if (!c.allows(Clause.OBJECT)) {
                    return;
                }
                if (byPattern.size() < found.size()) {
                    byPattern.clear();
                    found.forEach((k, v) -> byPattern.add(new Clause.PatternProperty(
                            pattern((String) k, s.at("patternProperties")), subs.of(v))));
                }
                c.objects.add(new Clause.ObjectShape(properties, byPattern, additional));
            }));
        }
        if (s.schema().get("required") instanceof List<?> list) {
            List<String> names = s.strings("required", list);
            all.add(subs.change(c -> c.required.addAll(names)));
        }
        if (s.has("minProperties")) {
            int least = s.count("minProperties");
            all.add(subs.change(c -> {
                c.minPropertiesPlace = least > c.minProperties ? s.at("minProperties") : c.minPropertiesPlace;
                c.minProperties = Math.max(c.minProperties, least);
            }));
        }
        if (s.has("maxProperties")) {
            int most = s.count("maxProperties");
            all.add(subs.change(c -> c.maxProperties = Math.min(c.maxProperties, most)));
        }
        for (String keyword : List.of("dependentRequired", "dependencies")) {
            if (s.has(keyword)) {
                s.map(keyword).forEach((name, value) -> {
                    if (value instanceof List<?> || value instanceof String) {
                        Set<String> required = new LinkedHashSet<>(value instanceof String one ? List.of(one)
                                : s.strings(keyword, value));
                        all.add(subs.change(c -> c.dependencies.add(new Clause.Dependency((String) name, required))));
                    }
                });
            }
        }
    }

    private void applicators(Place s, Expander.Target to) {
        if (s.has("allOf")) {
            s.schemas("allOf").forEach(one -> to.todo().add(subs.of(one)));
        }
        if (s.has("anyOf")) {
            List<?> list = s.schemas("anyOf");
            to.choose(choices.computeIfAbsent(list, v -> list.stream().map(one -> List.of(subs.of(one))).toList()));
        }
        if (s.has("oneOf")) {
            List<?> list = s.schemas("oneOf");
            to.choose(choices.computeIfAbsent(list, v -> oneOf(list)));
        }
        if (s.has("not")) {
            to.todo().add(subs.not(subs.of(s.schema("not"))));
        }
        if (s.has("if") && (s.has("then") || s.has("else"))) {
            Sub condition = subs.of(s.schema("if"));
            Sub then = s.has("then") ? subs.of(s.schema("then")) : subs.anything();
            Sub otherwise = s.has("else") ? subs.of(s.schema("else")) : subs.anything();
            to.choose(List.of(List.of(condition, then), List.of(subs.not(condition), otherwise)));
        }
        for (String keyword : List.of("dependentSchemas", "dependencies")) {
            if (s.has(keyword)) {
                s.map(keyword).forEach((name, value) -> {
                    if (value instanceof Map || value instanceof Boolean) {
                        to.choose(choices.computeIfAbsent(value instanceof Map ? value : new Object(),
                                v -> List.of(List.of(absent((String) name)),
                                        List.of(subs.change(c -> c.required.add((String) name)), subs.of(value)))));
                    }
                });
            }
        }
        if (s.has("propertyNames")) {
            to.todo().add(subs.change(c -> {
                if (c.allows(Clause.OBJECT)) {
                    c.nameSchemas.add(subs.of(s.schema("propertyNames")));
                }
            }));
        }
    }

    /// Objects without a property, and all other values.
    Sub absent(String name) {
        var shape = new Clause.ObjectShape(Map.of(name, subs.nothing()), List.of(), subs.anything());
        return subs.change(c -> c.objects.add(shape));
    }

    /// Each alternative without those that may hold beside it.
    private List<List<Sub>> oneOf(List<?> list) {
        List<Sub> all = list.stream().map(subs::of).toList();
        boolean[][] apart = new boolean[all.size()][all.size()];
        for (int i = 0; i < all.size(); i++) {
            for (int j = 0; j < i; j++) {
                apart[i][j] = all.get(i) != all.get(j) && expanded.areDisjoint(all.get(i), all.get(j));
                apart[j][i] = apart[i][j];
            }
        }
        List<List<Sub>> alternatives = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            List<Sub> one = new ArrayList<>(List.of(all.get(i)));
            for (int j = 0; j < all.size(); j++) {
                if (j != i && !apart[i][j]) {
                    one.add(subs.not(all.get(j)));
                }
            }
            alternatives.add(one);
        }
        return alternatives;
    }
}
