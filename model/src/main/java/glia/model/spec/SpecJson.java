package glia.model.spec;

import glia.io.Suggestions;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;

/// Specs as JSON values and back. A record is an object with a key for each component in snake case
/// (`num_key_value_heads`); where there are several kinds, as of mixers and norms, the key `kind` names the record in
/// kebab case (`gated-mlp`). Enums are lower case. An absent optional value has no key. Infinity is
/// `{"__float__": "Infinity"}`, as in Transformers. Reading what was written gives an equal spec.
public final class SpecJson {
    private static final String KIND = "kind";
    private static final String FLOAT = "__float__";

    private SpecJson() { }

    /// The JSON form of a spec: maps, lists, strings, numbers and booleans.
    public static Map<String, Object> write(ModelSpec spec) {
        return object(spec, false);
    }

    /// The spec of a JSON form.
    ///
    /// @param path what messages call the object
    /// @throws IllegalArgumentException if a key is missing, unknown or of another type, or a value invalid; the
    ///     message begins with its path
    public static ModelSpec read(Object json, String path) {
        return (ModelSpec) value(ModelSpec.class, json, path);
    }

    private static Map<String, Object> object(Record of, boolean isKind) {
        Map<String, Object> object = new LinkedHashMap<>();
        if (isKind) {
            object.put(KIND, kind(of.getClass()));
        }
        for (RecordComponent component : of.getClass().getRecordComponents()) {
            Object value = json(component.getGenericType(), component(component, of));
            if (value != null) {
                object.put(key(component), value);
            }
        }
        return object;
    }

    private static Object json(Type type, Object value) {
        return switch (value) {
            case Float n when n.isInfinite() -> Map.of(FLOAT, n > 0 ? "Infinity" : "-Infinity");
            case Double n when n.isInfinite() -> Map.of(FLOAT, n > 0 ? "Infinity" : "-Infinity");
            // The shortest decimal that is read back as the same F32.
            case Float n -> Double.valueOf(n.toString());
            case Enum<?> constant -> word(constant);
            case Optional<?> optional -> optional.map(inner -> json(argument(type), inner)).orElse(null);
            case OptionalInt optional -> optional.isPresent() ? (Object) optional.getAsInt() : null;
            case List<?> list -> list.stream().map(inner -> json(argument(type), inner)).toList();
            case Record inner -> object(inner, type instanceof Class<?> c && c.isInterface());
            case Integer _, Long _, Double _, Boolean _, String _ -> value;
            default -> throw new IllegalArgumentException("a spec with a value of the type " + value.getClass());
        };
    }

    private static Object value(Type type, Object json, String path) {
        if (type instanceof ParameterizedType generic) {
            if (generic.getRawType() == Optional.class) {
                return json == null ? Optional.empty() : Optional.of(value(argument(type), json, path));
            }
            return list(argument(type), json, path);
        }
        Class<?> target = (Class<?>) type;
        if (target == OptionalInt.class) {
            return json == null ? OptionalInt.empty() : OptionalInt.of(integer(json, path));
        }
        if (json == null) {
            throw new IllegalArgumentException(path + ": is missing");
        }
        if (target == int.class) {
            return integer(json, path);
        }
        if (target == long.class) {
            return json instanceof Long n ? n : (Object) (long) integer(json, path);
        }
        if (target == float.class || target == double.class) {
            double number = number(json, path);
            return target == float.class ? (Object) (float) number : (Object) number;
        }
        if (target == boolean.class || target == String.class) {
            Class<?> boxed = target == boolean.class ? Boolean.class : String.class;
            return boxed.isInstance(json) ? json
                    : fail(path, json, target == String.class ? "a text" : "true or false");
        }
        if (target.isEnum()) {
            return Arrays.stream(target.getEnumConstants()).filter(c -> word((Enum<?>) c).equals(json)).findFirst()
                    .orElseThrow(() -> unknown(path, json, Arrays.stream(target.getEnumConstants())
                            .map(c -> word((Enum<?>) c)).toList()));
        }
        if (!(json instanceof Map<?, ?> map)) {
            return fail(path, json, "an object");
        }
        return target.isInterface() ? record(kindOf(target, map, path), map, true, path)
                : record(target, map, false, path);
    }

    private static List<Object> list(Type of, Object json, String path) {
        if (!(json instanceof List<?> values)) {
            throw new IllegalArgumentException(path + ": found " + words(json) + ", expected a list");
        }
        List<Object> list = new ArrayList<>();
        for (int i = 0; i < values.size(); i++) {
            // Lists of numbers have boxed elements.
            Type type = of == Float.class ? float.class : of == Integer.class ? int.class
                    : of == Long.class ? long.class : of == Double.class ? double.class : of;
            list.add(value(type, values.get(i), path + "[" + i + "]"));
        }
        return list;
    }

    private static int integer(Object json, String path) {
        return json instanceof Integer n ? n : fail(path, json, "a whole number");
    }

    private static double number(Object json, String path) {
        if (json instanceof Map<?, ?> map && map.get(FLOAT) instanceof String name) {
            return name.equals("Infinity") ? Double.POSITIVE_INFINITY : name.equals("-Infinity")
                    ? Double.NEGATIVE_INFINITY : fail(path, name, "Infinity or -Infinity");
        }
        return json instanceof Number n ? n.doubleValue() : fail(path, json, "a number");
    }

    private static Class<?> kindOf(Class<?> sealed, Map<?, ?> map, String path) {
        Object name = map.get(KIND);
        List<Class<?>> kinds = records(sealed).toList();
        return kinds.stream().filter(c -> kind(c).equals(name)).findFirst()
                .orElseThrow(() -> unknown(path + "." + KIND, name, kinds.stream().map(SpecJson::kind).toList()));
    }

    /// The records of a sealed interface, also those of sealed interfaces within it.
    private static Stream<Class<?>> records(Class<?> type) {
        return type.isSealed() ? Arrays.stream(type.getPermittedSubclasses()).flatMap(SpecJson::records)
                : Stream.of(type);
    }

    private static Object record(Class<?> target, Map<?, ?> map, boolean isKind, String path) {
        RecordComponent[] components = target.getRecordComponents();
        List<String> keys = Arrays.stream(components).map(SpecJson::key).toList();
        for (Object key : map.keySet()) {
            if (!keys.contains(key) && !(isKind && KIND.equals(key))) {
                throw new IllegalArgumentException(path + "." + key + ": is not a key of " + kind(target)
                        + ", which has " + String.join(", ", keys) + "."
                        + Suggestions.sentence(String.valueOf(key), keys));
            }
        }
        Object[] values = new Object[components.length];
        Class<?>[] types = new Class<?>[components.length];
        for (int i = 0; i < components.length; i++) {
            types[i] = components[i].getType();
            values[i] = value(components[i].getGenericType(), map.get(keys.get(i)), path + "." + keys.get(i));
        }
        try {
            return target.getDeclaredConstructor(types).newInstance(values);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof IllegalArgumentException || e.getCause() instanceof ArithmeticException) {
                throw new IllegalArgumentException(path + ": " + e.getCause().getMessage(), e.getCause());
            }
            throw new IllegalStateException(target + " cannot be made", e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(target + " cannot be made", e);
        }
    }

    private static Object component(RecordComponent component, Record of) {
        try {
            return component.getAccessor().invoke(of);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(component + " of a spec cannot be read", e);
        }
    }

    private static Type argument(Type generic) {
        return ((ParameterizedType) generic).getActualTypeArguments()[0];
    }

    private static String key(RecordComponent component) {
        return component.getName().replaceAll("(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
    }

    private static String kind(Class<?> type) {
        return type.getSimpleName().replaceAll("(?<=.)(?=[A-Z])", "-").toLowerCase(Locale.ROOT);
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static IllegalArgumentException unknown(String path, Object found, List<String> known) {
        return new IllegalArgumentException(path + ": found " + words(found) + ", expected one of "
                + String.join(", ", known) + "." + Suggestions.sentence(String.valueOf(found), known));
    }

    private static <T> T fail(String path, Object found, String expected) {
        throw new IllegalArgumentException(path + ": found " + words(found) + ", expected " + expected);
    }

    private static String words(Object json) {
        return json instanceof Map ? "an object" : json instanceof List<?> list ? "a list of " + list.size()
                : json instanceof String text ? "\"" + text + "\"" : String.valueOf(json);
    }
}
