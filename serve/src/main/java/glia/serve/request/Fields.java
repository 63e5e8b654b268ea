package glia.serve.request;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Predicate;

/// The fields of a JSON object in a request, read by type. A field that the server does not support is an error, never
/// ignored: with a [FieldTable] it is refused at once, without one by [#end] if it was not read.
public final class Fields {
    private final String path;
    private final Map<String, Object> values;
    private final Set<String> read = new HashSet<>();
    /// The declared fields; null for any.
    private final FieldTable table;

    /// A file of a form.
    ///
    /// @param name the file's name at the client
    public record FormFile(String name, byte[] bytes) { }

    /// Fields that are not declared.
    ///
    /// @param path the name of the object in messages, such as `messages[2]`; empty for the body
    /// @param values of [glia.io.json.JsonValues]
    public Fields(String path, Map<String, Object> values) {
        this(path, values, null);
    }

    private Fields(String path, Map<String, Object> values, FieldTable table) {
        this.path = path;
        this.values = values;
        this.table = table;
    }

    /// The same fields, read by their declarations.
    ///
    /// @param declared null for any
    /// @throws ServeException if one of them is refused: the message says why
    public Fields within(FieldTable declared) {
        Fields fields = new Fields(path, values, declared);
        if (declared != null) {
            values.forEach(fields::check);
        }
        return fields;
    }

    /// The same object with other values, which were checked before.
    public Fields with(Map<String, Object> others) {
        return new Fields(path, others).within(table);
    }

    private void check(String key, Object value) {
        if (value == null) {
            return;
        }
        Field field = table.find(key);
        switch (field == null ? Field.Status.REFUSED : field.status()) {
            case SUPPORTED -> { }
            case WITHOUT_EFFECT -> {
                if (!field.allowed().test(value)) {
                    throw wrong(name(key), value, field.accepts());
                }
                read.add(key);
            }
            case FIXED -> {
                if (!field.allowed().test(value)) {
                    throw wrong(name(key), value, field.accepts() + "; nothing else is supported");
                }
                read.add(key);
            }
            case REFUSED -> throw field == null ? unknown(key)
                    : ServeException.badField(name(key), "this field is not supported: " + field.accepts());
        }
    }

    private ServeException unknown(String key) {
        boolean isKnown = table != null && table.find(key) != null;
        return ServeException.badField(name(key), "this field is not supported; " + NearestName.of(key, table, read)
                .filter(_ -> !isKnown).map(name -> "did you mean " + name + "? Else leave it out")
                .orElse("leave it out"));
    }

    private Field declared(String key) {
        Field field = table == null ? null : table.find(key);
        if (field == null || field.status() != Field.Status.SUPPORTED) {
            throw new IllegalStateException("the field " + name(key) + " is read, but not declared as supported");
        }
        return field;
    }

    /// The fields of a value.
    ///
    /// @throws ServeException if it is no object
    @SuppressWarnings("unchecked")
    public static Fields of(String path, Object value) {
        if (value instanceof Map<?, ?> map) {
            return new Fields(path, (Map<String, Object>) map);
        }
        if (path.isEmpty()) {
            throw ServeException.badRequest("the body: found " + shown(value) + ", expected an object");
        }
        throw wrong(path, value, "an object");
    }

    /// The fields of a form: strings become what is declared, where they can; `[]` after a name is for lists.
    public static Fields ofForm(Map<String, List<Object>> parts, FieldTable declared) {
        Map<String, Object> values = new LinkedHashMap<>();
        parts.forEach((key, given) -> {
            String name = key.endsWith("[]") ? key.substring(0, key.length() - 2) : key;
            Field field = declared.find(name);
            List<Object> typed = given.stream().map(value -> field != null && value instanceof String text
                    ? field.ofText(text) : value).toList();
            values.put(name, typed.size() == 1 && name.equals(key) ? typed.getFirst() : typed);
        });
        return new Fields("", values).within(declared);
    }

    /// A file of a form.
    public FormFile file(String key) {
        Object value = value(key);
        if (value instanceof FormFile file) {
            return file;
        }
        throw value == null ? ServeException.badField(name(key), "missing; expected a part with a file")
                : wrong(name(key), value, "one file, a part with a file name");
    }

    /// The name of a field in messages.
    public String name(String key) {
        return path.isEmpty() ? key : path + "." + key;
    }

    /// Whether a field is there and not null; it counts as read if it is null.
    public boolean has(String key) {
        if (values.get(key) == null) {
            read.add(key);
            return false;
        }
        return true;
    }

    /// The value of a field, of any type; null if there is none.
    public Object value(String key) {
        if (table != null) {
            declared(key);
        }
        read.add(key);
        return values.get(key);
    }

    /// A text.
    public Optional<String> text(String key) {
        return typed(key, String.class, "a string");
    }

    /// A text that must be there.
    public String requiredText(String key) {
        return text(key).orElseThrow(() -> ServeException.badField(name(key), "missing; expected a string"));
    }

    /// One of several words.
    public Optional<String> word(String key, Collection<String> words) {
        Optional<String> found = text(key);
        if (found.isPresent() && !words.contains(found.get())) {
            throw wrong(name(key), found.get(), "one of " + String.join(", ", words));
        }
        return found;
    }

    /// One of the declared words.
    public Optional<String> word(String key) {
        return word(key, declared(key).words());
    }

    /// A truth value, or the declared one.
    public boolean flag(String key) {
        return flag(key, declared(key).most() == 1);
    }

    /// A truth value.
    public boolean flag(String key, boolean otherwise) {
        return typed(key, Boolean.class, "true or false").orElse(otherwise);
    }

    /// A whole number within the declared bounds.
    public OptionalInt integer(String key) {
        return integer(key, (int) declared(key).least(), (int) declared(key).most());
    }

    /// A 64-bit integer within the declared bounds.
    public OptionalLong whole(String key) {
        return whole(key, (long) declared(key).least(), (long) declared(key).most());
    }

    /// A number within the declared bounds.
    public Optional<Double> number(String key) {
        return number(key, declared(key).least(), declared(key).most());
    }

    /// A string, or strings: at most as many as declared.
    public List<String> texts(String key) {
        return texts(key, (int) declared(key).most());
    }

    /// A whole number.
    ///
    /// @param least the smallest allowed value
    /// @param most the largest allowed value
    public OptionalInt integer(String key, int least, int most) {
        OptionalLong found = whole(key, least, most);
        return found.isPresent() ? OptionalInt.of((int) found.getAsLong()) : OptionalInt.empty();
    }

    /// A 64-bit integer.
    public OptionalLong whole(String key, long least, long most) {
        Object value = value(key);
        if (value == null) {
            return OptionalLong.empty();
        }
        // Some clients write integers as 5.0.
        boolean isWhole = value instanceof Integer || value instanceof Long
                || value instanceof Double d && d == Math.rint(d) && Math.abs(d) < 1L << 53;
        long number = isWhole ? ((Number) value).longValue() : 0;
        if (!isWhole || number < least || number > most) {
            throw wrong(name(key), value, "a whole number from " + least + " to " + most);
        }
        return OptionalLong.of(number);
    }

    /// A number within bounds.
    public Optional<Double> number(String key, double least, double most) {
        Object value = value(key);
        if (value == null) {
            return Optional.empty();
        }
        double number = value instanceof Number n ? n.doubleValue() : Double.NaN;
        if (!(number >= least && number <= most)) {
            throw wrong(name(key), value, "a number from " + plain(least) + " to " + plain(most));
        }
        return Optional.of(number);
    }

    static String plain(double number) {
        return number == Math.rint(number) && Math.abs(number) < 1e15 ? Long.toString((long) number)
                : Double.toString(number);
    }

    /// An object.
    public Optional<Fields> object(String key) {
        Object value = value(key);
        return value == null ? Optional.empty() : Optional.of(of(name(key), value).within(inner(key)));
    }

    /// A list; empty if there is none.
    public List<?> list(String key) {
        return typed(key, List.class, "an array").map(list -> (List<?>) list).orElse(List.of());
    }

    /// A list of objects; empty if there is none.
    public List<Fields> objects(String key) {
        List<Fields> objects = new ArrayList<>();
        List<?> list = list(key);
        for (int i = 0; i < list.size(); i++) {
            objects.add(of(name(key) + "[" + i + "]", list.get(i)).within(inner(key)));
        }
        return objects;
    }

    private FieldTable inner(String key) {
        return table == null ? null : declared(key).inner();
    }

    /// A string, or a list of strings; empty if there is none.
    public List<String> texts(String key, int most) {
        Object value = value(key);
        if (value == null) {
            return List.of();
        }
        if (value instanceof String text) {
            return List.of(text);
        }
        if (!(value instanceof List<?> list) || list.size() > most
                || !list.stream().allMatch(String.class::isInstance)) {
            throw wrong(name(key), value, "a string or at most " + most + " strings");
        }
        return list.stream().map(String.class::cast).toList();
    }

    private <T> Optional<T> typed(String key, Class<T> type, String expected) {
        Object value = value(key);
        if (value == null) {
            return Optional.empty();
        }
        if (!type.isInstance(value)) {
            throw wrong(name(key), value, expected);
        }
        return Optional.of(type.cast(value));
    }

    /// Accepts fields that have no effect on the result, such as labels of the caller's own.
    public Fields skip(String... keys) {
        read.addAll(List.of(keys));
        return this;
    }

    /// Accepts a field whose value is what the server does anyway.
    ///
    /// @param isUsual whether a value is allowed
    /// @param expected the allowed values in words
    public Fields only(String key, Predicate<Object> isUsual, String expected) {
        Object value = value(key);
        if (value != null && !isUsual.test(value)) {
            throw wrong(name(key), value, expected + "; nothing else is supported");
        }
        return this;
    }

    /// Refuses fields that were not read, such as one of two that exclude each other.
    ///
    /// @throws ServeException that names the first of them
    public void end() {
        for (Map.Entry<String, Object> entry : values.entrySet()) {
            if (!read.contains(entry.getKey()) && entry.getValue() != null) {
                throw unknown(entry.getKey());
            }
        }
    }

    /// All values, unread ones too.
    public Map<String, Object> all() {
        read.addAll(values.keySet());
        return values;
    }

    /// All values for the log, of files the names.
    public Map<String, Object> loggable() {
        Map<String, Object> all = new LinkedHashMap<>(values);
        all.replaceAll((_, value) -> value instanceof FormFile file ? "file " + file.name : value);
        return all;
    }

    /// All values; they do not count as read.
    public Map<String, Object> values() {
        return values;
    }

    /// An error about a value.
    public static ServeException wrong(String name, Object found, String expected) {
        return ServeException.badField(name, "found " + shown(found) + ", expected " + expected);
    }

    private static String shown(Object found) {
        String shown = found instanceof String s ? '"' + s + '"' : String.valueOf(found);
        return shown.length() > 80 ? shown.substring(0, 80) + "…" : shown;
    }
}
