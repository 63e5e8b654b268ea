package glia.serve.request;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// The declared fields of an object in requests, such as the body of one route.
public final class FieldTable {
    /// No fields.
    public static final FieldTable NONE = of("");

    private final String name;
    private final Map<String, Field> fields = new LinkedHashMap<>();

    private FieldTable(String name, Collection<Field> given) {
        this.name = name;
        for (Field field : given) {
            if (fields.put(field.name(), field) != null) {
                throw new IllegalArgumentException("the field " + field.name() + " of " + name + " is declared twice");
            }
        }
    }

    /// Fields.
    ///
    /// @param name of the requests that have them, in the documentation
    public static FieldTable of(String name, Field... fields) {
        return new FieldTable(name, List.of(fields));
    }

    /// Fields that change nothing, for one reason.
    ///
    /// @param why in words
    public static FieldTable unused(String why, String... names) {
        return new FieldTable("", Stream.of(names).map(field -> Field.unused(field, why)).toList());
    }

    /// With the fields of other tables at the end.
    public FieldTable and(FieldTable... others) {
        List<Field> all = new ArrayList<>(fields.values());
        for (FieldTable other : others) {
            all.addAll(other.fields.values());
        }
        return new FieldTable(name, all);
    }

    /// The same fields of other requests.
    public FieldTable named(String other) {
        return new FieldTable(other, fields.values());
    }

    /// The name of the requests.
    public String name() {
        return name;
    }

    /// All fields, in the order of declaration.
    public Collection<Field> fields() {
        return fields.values();
    }

    /// A field by its name; null if it is not declared.
    Field find(String field) {
        return fields.get(field);
    }
}
