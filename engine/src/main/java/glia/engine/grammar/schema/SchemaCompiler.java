package glia.engine.grammar.schema;

import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.limit.GrammarLimits;
import glia.engine.grammar.limit.SchemaReading;
import glia.engine.grammar.parser.FixedState;
import glia.engine.grammar.parser.Nonterminal;
import glia.engine.grammar.parser.Rules;
import glia.engine.grammar.parser.State;
import glia.engine.grammar.parser.Steps;
import glia.engine.grammar.regex.CharacterEncoder;
import glia.engine.grammar.regex.Regex;
import glia.engine.grammar.regex.RegexPool;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.Set;

/// Compiles a JSON schema to the rules of a parser. Conditions that hold together (a property's schema in each member
/// of
/// `allOf`, say) are compiled as one value, so the conjunction needs no search while parsing.
///
/// A schema is refused if a keyword that could matter is not supported: every text that the rules accept satisfies it.
public final class SchemaCompiler {
    private static final int MAX_NAME_CLASSES = 64;

    private final Rules rules;
    private final CharacterEncoder json;
    private final RegexPool pool;
    private final Subs subs = new Subs();
    private final Keywords keywords;
    private final Expander expander;
    private final Scalars scalars;
    private final Emptiness emptiness;
    private final ArrayRule.Punctuation marks;
    private final Object root;
    private final SchemaReading reading;
    private final Map<String, Value> values = new HashMap<>();
    private final List<Value> all = new ArrayList<>();
    private final Deque<Runnable> pending = new ArrayDeque<>();
    private final Map<Regex, Regex> quoted = new HashMap<>();

    /// @param json the encoder of characters within JSON strings
    /// @param schema a map or a boolean
    /// @param reading which of the schema's values the rules accept
    public SchemaCompiler(Rules rules, CharacterEncoder json, Object schema, SchemaReading reading) {
        if (!(schema instanceof Map) && !(schema instanceof Boolean)) {
            throw GrammarException.invalid("#", "found " + Place.shown(schema) + ", expected a schema: an object, true "
                    + "or false");
        }
        this.rules = rules;
        this.json = json;
        this.pool = json.pool();
        this.root = schema;
        this.reading = reading;
        this.keywords = new Keywords(new SchemaIndex(schema), subs, json);
        this.expander = new Expander(keywords, new Negations(keywords, pool));
        this.scalars = new Scalars(json, keywords.numbers(), expander, reading);
        this.emptiness = new Emptiness(expander, scalars);
        keywords.expanded(emptiness);
        boolean isSpaced = reading == SchemaReading.GENERATION && !rules.lexer().skipsSpace();
        this.marks = ArrayRule.Punctuation.of(rules.lexer(), isSpaced ? " " : "");
    }

    /// The rule of all values that the schema accepts.
    ///
    /// @throws GrammarException if a keyword is not supported, or no value satisfies the schema
    public Nonterminal compile() {
        Value value = value(List.of(subs.of(root)));
        while (!pending.isEmpty()) {
            pending.poll().run();
        }
        findProductive();
        for (Value one : all) {
            one.containers.removeIf(container -> !container.isProductive());
        }
        if (!value.isProductive) {
            throw new GrammarException(GrammarException.Kind.UNSATISFIABLE, "#", "no value satisfies the schema");
        }
        Nonterminal whole = rules.rule();
        FixedState end = new FixedState(rules, whole);
        end.end();
        whole.start(new State(rules, whole) {
            @Override
            protected void expand(Steps to) {
                value.addTo(to, end);
            }
        });
        return whole;
    }

    /// A value is looked at again when a part of it has become productive.
    private void findProductive() {
        Map<Value, List<Value>> users = new IdentityHashMap<>();
        for (Value one : all) {
            one.containers.forEach(container -> container.parts().forEach(part ->
                    users.computeIfAbsent(part, _ -> new ArrayList<>()).add(one)));
        }
        // The last value first: most are made before their parts.
        SequencedSet<Value> todo = new LinkedHashSet<>(all.reversed());
        while (!todo.isEmpty()) {
            Value one = todo.removeFirst();
            rules.budget().step();
            if (one.update()) {
                todo.addAll(users.getOrDefault(one, List.of()));
            }
        }
    }

    private Value value(Collection<Sub> conditions) {
        rules.budget().steps(1 + conditions.size());
        Set<Sub> distinct = new LinkedHashSet<>(conditions);
        distinct.removeIf(Sub::isTrue);
        String key = distinct.contains(subs.nothing()) ? "none"
                : Arrays.toString(distinct.stream().mapToInt(s -> s.id).sorted().toArray());
        Value known = values.get(key);
        if (known == null) {
            if (values.size() >= GrammarLimits.VALUES) {
                throw GrammarException.limit("values in a schema", GrammarLimits.VALUES);
            }
            Value made = new Value();
            values.put(key, made);
            all.add(made);
            pending.add(() -> fill(made, distinct));
            known = made;
        }
        return known;
    }

    private void fill(Value value, Set<Sub> conditions) {
        List<Regex> texts = new ArrayList<>();
        for (Clause clause : expander.expand(conditions)) {
            texts.add(scalars.of(clause));
            if (clause.allows(Clause.ARRAY)) {
                value.containers.add(array(clause));
            }
            if (clause.allows(Clause.OBJECT)) {
                value.containers.addAll(objects(clause));
            }
        }
        Regex scalar = pool.or(texts);
        if (pool.isLive(scalar)) {
            value.scalars = rules.lexer().lexeme(scalar);
        }
        if (!value.containers.isEmpty()) {
            value.rule = rules.rule();
            FixedState end = new FixedState(rules, value.rule);
            end.end();
            value.rule.start(new State(rules, value.rule) {
                @Override
                protected void expand(Steps to) {
                    value.containers.forEach(container -> container.begin(to, value.rule, end));
                }
            });
        }
    }

    private Value.Container array(Clause clause) {
        return clause.unique != null && clause.maxItems > 1 ? uniqueArray(clause) : anyArray(clause);
    }

    private UniqueArrayRule uniqueArray(Clause clause) {
        List<Clause> items = clause.contains.isEmpty() && clause.arrays.stream().allMatch(a -> a.prefix().isEmpty())
                ? expander.expand(item(clause, 0)) : List.of(new Clause());
        Optional<List<Regex>> values = items.stream().anyMatch(c -> c.allows(Clause.ARRAY | Clause.OBJECT))
                ? Optional.empty() : UniqueArrayRule.values(pool, pool.or(items.stream().map(scalars::of).toList()));
        List<Regex> few = values.orElseThrow(() -> GrammarException.unsupported(clause.unique,
                "'uniqueItems' of items other than up to " + UniqueArrayRule.MOST_VALUES + " scalars"));
        return new UniqueArrayRule(rules, marks, few, clause.minItems, clause.maxItems);
    }

    private ArrayRule anyArray(Clause clause) {
        int size = clause.arrays.stream().mapToInt(shape -> shape.prefix().size()).max().orElse(0);
        List<Value> prefix = new ArrayList<>();
        List<Value> contained = clause.contains.isEmpty() ? null : new ArrayList<>();
        if (clause.contains.size() > 1) {
            throw GrammarException.unsupported("#", "more than one 'contains' for one array");
        }
        for (int i = 0; i < size; i++) {
            prefix.add(value(item(clause, i)));
            if (contained != null) {
                contained.add(value(containedItem(clause, i)));
            }
        }
        return new ArrayRule(rules, marks, prefix, value(item(clause, size)), contained,
                contained == null ? null : value(containedItem(clause, size)), clause.minItems, clause.maxItems);
    }

    private static List<Sub> item(Clause clause, int index) {
        return clause.arrays.stream().map(shape -> shape.item(index)).toList();
    }

    private static List<Sub> containedItem(Clause clause, int index) {
        List<Sub> all = new ArrayList<>(item(clause, index));
        all.addAll(clause.contains);
        return all;
    }

    private static Map<String, Integer> listed(Clause clause) {
        Map<String, Integer> numbers = new LinkedHashMap<>();
        for (Clause.ObjectShape shape : clause.objects) {
            shape.properties().keySet().forEach(name -> numbers.putIfAbsent(name, numbers.size()));
        }
        clause.required.forEach(name -> numbers.putIfAbsent(name, numbers.size()));
        for (Clause.Dependency dependency : clause.dependencies) {
            numbers.putIfAbsent(dependency.name(), numbers.size());
            dependency.required().forEach(name -> numbers.putIfAbsent(name, numbers.size()));
        }
        return numbers;
    }

    /// The objects of a clause: for a property that must have a certain value but may be one of several, an alternative
    /// for each.
    private List<ObjectRule> objects(Clause clause) {
        List<Clause> all = List.of(clause);
        for (Clause.Witness witness : clause.witnesses) {
            if (witness.value() != subs.anything()) {
                List<Clause> more = new ArrayList<>();
                for (String name : candidates(clause, witness)) {
                    for (Clause one : all) {
                        rules.budget().steps(1 + one.required.size() + one.objects.size());
                        Clause with = one.copy();
                        with.required.add(name);
                        with.objects.add(new Clause.ObjectShape(Map.of(name, witness.value()), List.of(),
                                subs.anything()));
                        more.add(with);
                    }
                }
                all = more;
                if (all.size() > GrammarLimits.ALTERNATIVES) {
                    throw GrammarException.limit("alternatives of one value", GrammarLimits.ALTERNATIVES);
                }
            }
        }
        if (all.isEmpty()) {
            // Made only to refuse witnesses that are not listed.
            object(clause);
        }
        return all.stream().map(this::object).toList();
    }

    private List<String> candidates(Clause clause, Clause.Witness witness) {
        return listed(clause).keySet().stream().filter(name -> pool.isLive(pool.and(json.text(name),
                witness.names()))).toList();
    }

    private ObjectRule object(Clause clause) {
        Map<String, Integer> numbers = listed(clause);
        Regex allowed = names(clause);
        List<ObjectRule.Property> listed = new ArrayList<>();
        List<Regex> literals = new ArrayList<>();
        for (String name : numbers.keySet()) {
            rules.budget().steps(clause.objects.size());
            Regex text = json.text(name);
            literals.add(text);
            List<Sub> conditions = new ArrayList<>();
            for (Clause.ObjectShape shape : clause.objects) {
                conditions.addAll(named(shape, name, text));
            }
            if (!pool.isLive(pool.and(text, allowed))) {
                conditions.add(subs.nothing());
            }
            listed.add(new ObjectRule.Property(rules.lexer().lexeme(quoted(text)), value(conditions)));
        }
        boolean isClosed = reading == SchemaReading.GENERATION && clause.listsProperties && !clause.allowsOthers
                && clause.minProperties <= listed.size();
        List<ObjectRule.Property> others = others(clause, pool.and(allowed, pool.not(pool.or(literals))), isClosed);
        BitSet required = bits(clause.required, numbers);
        boolean isCounted = clause.minProperties > 1 && clause.minProperties > required.cardinality();
        if (isCounted && !others.isEmpty()) {
            throw GrammarException.unsupported(clause.minPropertiesPlace, "'minProperties' above 1 and the number of "
                    + "required properties, where other than listed properties are possible,");
        }
        List<ObjectRule.Dependency> dependencies = clause.dependencies.stream().map(d ->
                new ObjectRule.Dependency(numbers.get(d.name()), bits(d.required(), numbers))).toList();
        List<BitSet> anyOf = clause.witnesses.stream().filter(w -> w.value() == subs.anything())
                .map(w -> bits(candidates(clause, w), numbers)).toList();
        return new ObjectRule(rules, marks, listed, others, new ObjectRule.Needs(required, dependencies, anyOf,
                reading == SchemaReading.GENERATION), clause.minProperties, clause.maxProperties);
    }

    private static BitSet bits(Collection<String> names, Map<String, Integer> numbers) {
        BitSet bits = new BitSet();
        names.forEach(name -> bits.set(numbers.get(name)));
        return bits;
    }

    private Regex quoted(Regex text) {
        return quoted.computeIfAbsent(text, t -> pool.concat(pool.literal("\""), t, pool.literal("\"")));
    }

    /// The names that `propertyNames` allows, without quotes.
    private Regex names(Clause clause) {
        Regex any = pool.star(json.any());
        return clause.nameSchemas.isEmpty() ? any : pool.and(any, scalars.strings(clause.nameSchemas));
    }

    /// What a shape requires of a property.
    private List<Sub> named(Clause.ObjectShape shape, String name, Regex text) {
        List<Sub> conditions = new ArrayList<>();
        if (shape.properties().containsKey(name)) {
            conditions.add(shape.properties().get(name));
        }
        for (Clause.PatternProperty pattern : shape.patterns()) {
            if (pool.isLive(pool.and(text, pattern.pattern()))) {
                conditions.add(pattern.value());
            }
        }
        return conditions.isEmpty() ? List.of(shape.additional()) : conditions;
    }

    private record NameClass(Regex names, Set<Regex> patterns) { }

    /// The properties of all other names, by the patterns that these match.
    ///
    /// @param isClosed whether names that match no pattern are none
    private List<ObjectRule.Property> others(Clause clause, Regex unlisted, boolean isClosed) {
        Set<Regex> patterns = new LinkedHashSet<>();
        clause.objects.forEach(shape -> shape.patterns().forEach(p -> patterns.add(p.pattern())));
        List<NameClass> classes = List.of(new NameClass(unlisted, Set.of()));
        for (Regex pattern : patterns) {
            List<NameClass> split = new ArrayList<>();
            for (NameClass one : classes) {
                rules.budget().steps(1 + one.patterns.size());
                Set<Regex> with = new LinkedHashSet<>(one.patterns);
                with.add(pattern);
                split.add(new NameClass(pool.and(one.names, pattern), with));
                split.add(new NameClass(pool.and(one.names, pool.not(pattern)), one.patterns));
            }
            split.removeIf(one -> !pool.isLive(one.names));
            if (split.size() > MAX_NAME_CLASSES) {
                throw GrammarException.limit("sets of names by 'patternProperties'", MAX_NAME_CLASSES);
            }
            classes = split;
        }
        List<ObjectRule.Property> others = new ArrayList<>();
        for (NameClass one : classes) {
            List<Sub> conditions = new ArrayList<>();
            for (Clause.ObjectShape shape : clause.objects) {
                List<Sub> matched = shape.patterns().stream().filter(p -> one.patterns.contains(p.pattern()))
                        .map(Clause.PatternProperty::value).toList();
                conditions.addAll(matched.isEmpty() ? List.of(shape.additional()) : matched);
            }
            boolean isPossible = !(isClosed && one.patterns.isEmpty()) && !conditions.contains(subs.nothing());
            if (isPossible && pool.isLive(one.names)) {
                refuseWitness(clause, one.names, conditions);
                others.add(new ObjectRule.Property(rules.lexer().lexeme(quoted(one.names)), value(conditions)));
            }
        }
        return others;
    }

    /// A name that is not listed may be there twice, and the last one counts, so none of them may be a witness.
    private void refuseWitness(Clause clause, Regex names, List<Sub> conditions) {
        for (Clause.Witness witness : clause.witnesses) {
            List<Sub> both = new ArrayList<>(conditions);
            both.add(witness.value());
            if (pool.isLive(pool.and(names, witness.names())) && !emptiness.isEmpty(both)) {
                throw GrammarException.unsupported(witness.place(), "the negation of this keyword, by 'not', 'if' or "
                        + "overlapping alternatives of 'oneOf', where other than listed properties are possible,");
            }
        }
    }
}
