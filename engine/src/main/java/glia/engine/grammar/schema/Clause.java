package glia.engine.grammar.schema;

import glia.engine.grammar.regex.Regex;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A conjunction of constraints, for each JSON type its own. A value satisfies it if it satisfies those of its type.
final class Clause {
    static final int NULL = 1;
    static final int FALSE = 2;
    static final int TRUE = 4;
    static final int NUMBER = 8;
    static final int STRING = 16;
    static final int ARRAY = 32;
    static final int OBJECT = 64;
    static final int ALL = 127;
    static final int UNBOUNDED = Integer.MAX_VALUE;

    /// Items: the first ones and all others.
    record ArrayShape(List<Sub> prefix, Sub rest) {
        Sub item(int index) {
            return index < prefix.size() ? prefix.get(index) : rest;
        }
    }

    /// Properties by their names' patterns.
    ///
    /// @param pattern of the name without quotes
    record PatternProperty(Regex pattern, Sub value) { }

    /// Properties by their names: listed ones, those of patterns, and all others.
    record ObjectShape(Map<String, Sub> properties, List<PatternProperty> patterns, Sub additional) { }

    /// A property that must be there, of one of some names and with a value that satisfies a condition: what the
    /// negation of `additionalProperties`, `patternProperties` and `propertyNames` requires.
    ///
    /// @param names without quotes
    record Witness(Regex names, Sub value, String place) { }

    /// Properties that must be there if another is.
    record Dependency(String name, Set<String> required) { }

    int types = ALL;
    final List<Regex> numbers = new ArrayList<>();
    int minLength;
    int maxLength = UNBOUNDED;
    /// Of strings without their quotes.
    final List<Regex> strings = new ArrayList<>();
    final List<ArrayShape> arrays = new ArrayList<>();
    int minItems;
    int maxItems = UNBOUNDED;
    final List<Sub> contains = new ArrayList<>();
    /// The place of `uniqueItems`; null if items may be equal.
    String unique;
    final List<ObjectShape> objects = new ArrayList<>();
    /// Whether a schema lists properties, and whether one says that there may be others.
    boolean listsProperties;
    boolean allowsOthers;
    final Set<String> required = new LinkedHashSet<>();
    final List<Dependency> dependencies = new ArrayList<>();
    final List<Witness> witnesses = new ArrayList<>();
    /// What all names satisfy as strings.
    final List<Sub> nameSchemas = new ArrayList<>();
    int minProperties;
    int maxProperties = UNBOUNDED;
    /// The place of `minProperties`.
    String minPropertiesPlace = "#";
    /// The conditions that are part of it.
    final Set<Integer> applied = new HashSet<>();

    Clause copy() {
        Clause c = new Clause();
        c.types = types;
        c.numbers.addAll(numbers);
        c.minLength = minLength;
        c.maxLength = maxLength;
        c.strings.addAll(strings);
        c.arrays.addAll(arrays);
        c.minItems = minItems;
        c.maxItems = maxItems;
        c.contains.addAll(contains);
        c.unique = unique;
        c.objects.addAll(objects);
        c.listsProperties = listsProperties;
        c.allowsOthers = allowsOthers;
        c.required.addAll(required);
        c.dependencies.addAll(dependencies);
        c.witnesses.addAll(witnesses);
        c.nameSchemas.addAll(nameSchemas);
        c.minProperties = minProperties;
        c.maxProperties = maxProperties;
        c.minPropertiesPlace = minPropertiesPlace;
        c.applied.addAll(applied);
        return c;
    }

    boolean allows(int type) {
        return (types & type) != 0;
    }

    /// Drops types whose limits no value satisfies.
    void prune() {
        if (minLength > maxLength) {
            types &= ~STRING;
        }
        if (minItems > maxItems) {
            types &= ~ARRAY;
        }
        if (Math.max(minProperties, required.size()) > maxProperties) {
            types &= ~OBJECT;
        }
    }
}
