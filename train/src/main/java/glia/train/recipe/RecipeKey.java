package glia.train.recipe;

import glia.io.json.JsonTree;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/// A key of a recipe: name, type, default value and meaning.
///
/// @param name section and word, such as `optimizer.learning_rate`
/// @param type what a value is, for help texts and errors, such as `number above 0`
/// @param initial the default value; empty if there is none
/// @param description one sentence without a full stop
/// @param parser turns a YAML value into a T
/// @param tasks the tasks that the key has an effect on; empty for all. A recipe of another task may not set it
/// @param <T> the type of its value
public record RecipeKey<T>(String name, String type, Optional<T> initial, String description,
        Function<Object, T> parser, List<String> tasks) {
    /// Doubles below represent all integers.
    private static final double EXACT = 1L << 53;

    public RecipeKey {
        tasks = List.copyOf(tasks);
    }

    /// A key of all tasks, or of all of an extension's.
    public RecipeKey(String name, String type, Optional<T> initial, String description, Function<Object, T> parser) {
        this(name, type, initial, description, parser, List.of());
    }

    /// The same key with a default value.
    public RecipeKey<T> or(T value) {
        return new RecipeKey<>(name, type, Optional.of(value), description, parser, tasks);
    }

    /// The same key for some tasks.
    public RecipeKey<T> only(Collection<String> some) {
        return new RecipeKey<>(name, type, initial, description, parser, List.copyOf(some));
    }

    /// The same key for some tasks.
    public RecipeKey<T> only(String... some) {
        return only(List.of(some));
    }

    /// The same key for some tasks.
    RecipeKey<T> only(RecipeKeys.Task... some) {
        return only(Arrays.stream(some).map(RecipeKey::word).toList());
    }

    /// Whether the key has an effect on a task.
    public boolean isFor(String task) {
        return tasks.isEmpty() || tasks.contains(task);
    }

    /// Whether values are mappings, whose entries may be set one by one.
    boolean isMapping() {
        return type.startsWith("mapping");
    }

    /// The part of the name before the dot; empty for keys without a section.
    public String section() {
        int dot = name.indexOf('.');
        return dot < 0 ? "" : name.substring(0, dot);
    }

    /// Parses a value.
    ///
    /// @throws IllegalArgumentException if it is not of this type
    T parse(Object value) {
        try {
            return parser.apply(value);
        } catch (IllegalArgumentException e) {
            String reason = e.getMessage() == null ? "" : "; " + e.getMessage();
            throw new IllegalArgumentException(name + " is " + shown(value) + ", expected " + type + reason, e);
        }
    }

    static String shown(Object value) {
        return value instanceof String s ? "'" + s + "'" : value == null ? "empty" : value.toString();
    }

    /// A value as a recipe would write it: a text as it is, anything else as JSON.
    public static String written(Object value) {
        return value instanceof String text ? text : value instanceof Double d && d.isInfinite() ? ".inf"
                : JsonTree.of(value).toString();
    }

    /// A text.
    public static RecipeKey<String> text(String name, String description) {
        return new RecipeKey<>(name, "text", Optional.empty(), description, RecipeKey::string);
    }

    private static String string(Object value) {
        if (value instanceof String || value instanceof Number || value instanceof Boolean) {
            return value.toString();
        }
        throw new IllegalArgumentException();
    }

    /// True or false.
    public static RecipeKey<Boolean> flag(String name, boolean initial, String description) {
        return new RecipeKey<>(name, "true or false", Optional.of(initial), description, value -> {
            if (value instanceof Boolean b) {
                return b;
            }
            throw new IllegalArgumentException();
        });
    }

    /// A whole number from `min` on; `1e3` is one, too.
    public static RecipeKey<Long> integer(String name, long min, long max, String description) {
        String type = "whole number" + (max == Long.MAX_VALUE ? " from " + min + " on" : " from " + min + " to " + max);
        return new RecipeKey<>(name, type, Optional.empty(), description, value -> {
            boolean isWhole = value instanceof Integer || value instanceof Long
                    || value instanceof Double d && d == Math.rint(d) && Math.abs(d) < EXACT;
            if (isWhole && ((Number) value).longValue() >= min && ((Number) value).longValue() <= max) {
                return ((Number) value).longValue();
            }
            throw new IllegalArgumentException();
        });
    }

    /// A number from `min` to `max`, both included unless `min` is excluded.
    public static RecipeKey<Double> number(String name, double min, boolean above, double max, String description) {
        String bound = min == 0 && above ? "above 0" : "from " + shortNumber(min);
        String type = "number " + bound + (Double.isInfinite(max) ? min == 0 && above ? "" : " on"
                : " to " + shortNumber(max));
        return new RecipeKey<>(name, type, Optional.empty(), description, value -> {
            if (value instanceof Number n) {
                double d = n.doubleValue();
                if (d >= min && (!above || d > min) && d <= max) {
                    return d;
                }
            }
            throw new IllegalArgumentException();
        });
    }

    private static String shortNumber(double number) {
        return number == Math.rint(number) && Math.abs(number) < 1e9 ? Long.toString((long) number)
                : Double.toString(number).replace("E", "e").replace(".0e", "e");
    }

    /// A list of numbers from 0 to 1, 1 excluded.
    public static RecipeKey<List<Double>> shares(String name, int count, String description) {
        String type = "list of " + count + " numbers from 0 to below 1";
        return new RecipeKey<>(name, type, Optional.empty(), description, value -> {
            if (!(value instanceof List<?> list) || list.size() != count) {
                throw new IllegalArgumentException();
            }
            List<Double> all = new ArrayList<>();
            for (Object each : list) {
                if (!(each instanceof Number n && n.doubleValue() >= 0 && n.doubleValue() < 1)) {
                    throw new IllegalArgumentException();
                }
                all.add(n.doubleValue());
            }
            return all;
        });
    }

    /// A list of texts; a single text is a list of one.
    public static RecipeKey<List<String>> texts(String name, String description) {
        return new RecipeKey<>(name, "text or list of texts", Optional.empty(), description, value -> {
            if (value instanceof List<?> list) {
                return list.stream().map(RecipeKey::string).toList();
            }
            return List.of(string(value));
        });
    }

    /// One of some words.
    public static RecipeKey<String> word(String name, List<String> words, String description) {
        return new RecipeKey<>(name, listed(words), Optional.empty(), description, value -> {
            if (value instanceof String word && words.contains(word)) {
                return word;
            }
            throw new IllegalArgumentException();
        });
    }

    static String listed(List<String> words) {
        return String.join(", ", words).replaceFirst(", ([^,]*)$", " or $1");
    }

    /// One of the constants of an enum, written in lower case.
    public static <E extends Enum<E>> RecipeKey<E> choice(String name, Class<E> type, String description) {
        List<String> words = Arrays.stream(type.getEnumConstants()).map(RecipeKey::word).toList();
        return new RecipeKey<>(name, listed(words), Optional.empty(), description, value -> {
            for (E each : type.getEnumConstants()) {
                if (word(each).equals(value)) {
                    return each;
                }
            }
            throw new IllegalArgumentException();
        });
    }

    static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    /// The default as a recipe would write it.
    public String initialShown() {
        return initial.map(v -> v instanceof Enum<?> e ? word(e) : v instanceof Double d ? shortNumber(d)
                : v.toString()).orElse("");
    }
}
