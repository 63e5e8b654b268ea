package glia.reason.reward;

import glia.io.Suggestions;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// The option values of a named reward: strings, numbers, booleans, lists and maps, as YAML and JSON give them.
/// All errors are `IllegalArgumentException`s that name the reward and the option.
public final class RewardOptions {
    private final String reward;
    private final Map<String, Object> values;

    /// @param reward the reward's name, for messages
    /// @param known the names of its options
    /// @throws IllegalArgumentException if a value has another name
    RewardOptions(String reward, Collection<String> known, Map<String, ?> values) {
        for (String name : values.keySet()) {
            if (known.contains(name) && values.get(name) == null) {
                throw new IllegalArgumentException("reward " + reward + ", option " + name + ": has no value");
            }
            if (!known.contains(name)) {
                String hint = Suggestions.sentence(name, known);
                throw new IllegalArgumentException("reward " + reward + ": there is no option " + name + "."
                        + (hint.isEmpty() ? known.isEmpty() ? " It has none"
                                : " Its options are " + String.join(", ", known) : hint));
            }
        }
        this.reward = reward;
        this.values = Map.copyOf(values);
    }

    /// Whether an option was given.
    boolean has(String name) {
        return values.containsKey(name);
    }

    /// The value as it was given.
    Optional<Object> value(String name) {
        return Optional.ofNullable(values.get(name));
    }

    String text(String name, String fallback) {
        return switch (values.get(name)) {
            case null -> fallback;
            case String s -> s;
            case Number n -> n.toString();
            case Boolean b -> b.toString();
            case Object other -> throw error(name, other, "a string");
        };
    }

    String requiredText(String name) {
        if (!has(name)) {
            throw missing(name);
        }
        return text(name, "");
    }

    double number(String name, double fallback) {
        return switch (values.get(name)) {
            case null -> fallback;
            case Number n when Double.isFinite(n.doubleValue()) -> n.doubleValue();
            case String s -> parsed(name, s);
            case Object other -> throw error(name, other, "a number");
        };
    }

    /// A number of at least `least`.
    double number(String name, double fallback, double least) {
        double value = number(name, fallback);
        if (value < least) {
            throw error(name, values.get(name), "a number of at least " + least);
        }
        return value;
    }

    private double parsed(String name, String text) {
        try {
            double value = Double.parseDouble(text.strip());
            if (Double.isFinite(value)) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw (IllegalArgumentException) error(name, text, "a number").initCause(e);
        }
        throw error(name, text, "a finite number");
    }

    int integer(String name, int fallback, int least) {
        double value = number(name, fallback);
        if (value != Math.rint(value) || value < least || value > Integer.MAX_VALUE) {
            throw error(name, values.get(name), "an integer of at least " + least);
        }
        return (int) value;
    }

    int requiredInteger(String name, int least) {
        if (!has(name)) {
            throw missing(name);
        }
        return integer(name, 0, least);
    }

    boolean flag(String name, boolean fallback) {
        return switch (values.get(name)) {
            case null -> fallback;
            case Boolean b -> b;
            case String s when s.equals("true") || s.equals("false") -> s.equals("true");
            case Object other -> throw error(name, other, "true or false");
        };
    }

    /// One constant of an enumeration, written in lower case.
    <E extends Enum<E>> E choice(String name, E fallback) {
        String text = text(name, word(fallback));
        List<String> known = new ArrayList<>();
        for (E constant : fallback.getDeclaringClass().getEnumConstants()) {
            if (word(constant).equals(text)) {
                return constant;
            }
            known.add(word(constant));
        }
        throw new IllegalArgumentException(place(name) + "found " + text + ", expected one of "
                + String.join(", ", known) + "." + Suggestions.sentence(text, known));
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    /// A regular expression, with `.` matching line ends too.
    Pattern pattern(String name) {
        return pattern(name, requiredText(name));
    }

    Pattern pattern(String name, String regex) {
        try {
            return Pattern.compile(regex, Pattern.DOTALL);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(place(name) + "is no regular expression: " + e.getMessage(), e);
        }
    }

    /// A list of mappings.
    List<Map<String, Object>> mappings(String name) {
        if (!(values.get(name) instanceof List<?> list) || list.isEmpty()) {
            throw has(name) ? error(name, values.get(name), "a list of rewards") : missing(name);
        }
        List<Map<String, Object>> all = new ArrayList<>();
        for (Object one : list) {
            all.add(mapping(name, one));
        }
        return all;
    }

    Map<String, Object> mapping(String name) {
        if (!has(name)) {
            throw missing(name);
        }
        return mapping(name, values.get(name));
    }

    private Map<String, Object> mapping(String name, Object value) {
        if (value instanceof String word) {
            return Map.of("name", word);
        }
        if (!(value instanceof Map<?, ?> map)) {
            throw error(name, value, "a mapping");
        }
        Map<String, Object> typed = new LinkedHashMap<>();
        map.forEach((key, v) -> typed.put(String.valueOf(key), v));
        return typed;
    }

    /// The strings of a list, or the words of a string separated by commas.
    List<String> words(String name, List<String> fallback) {
        return switch (values.get(name)) {
            case null -> fallback;
            case List<?> list -> list.stream().map(String::valueOf).toList();
            case String s -> Pattern.compile(",").splitAsStream(s).map(String::strip).filter(w -> !w.isEmpty())
                    .toList();
            case Object other -> throw error(name, other, "a list of strings");
        };
    }

    IllegalArgumentException error(String name, Object found, String expected) {
        return new IllegalArgumentException(place(name) + "found " + shown(found) + ", expected " + expected);
    }

    IllegalArgumentException missing(String name) {
        return new IllegalArgumentException(place(name) + "is missing");
    }

    /// Adds the reward and the option to messages of what a value is made into.
    <T> T at(String name, Supplier<T> maker) {
        try {
            return maker.get();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(place(name) + e.getMessage(), e);
        }
    }

    private String place(String name) {
        return "reward " + reward + ", option " + name + ": ";
    }

    static String shown(Object value) {
        String text = value instanceof String s ? "'" + s + "'" : String.valueOf(value);
        return text.length() > 100 ? text.substring(0, 100) + "…" : text;
    }

    /// An option of a named reward.
    ///
    /// @param name the key in recipes, such as `tolerance`
    /// @param fallback the default as shown to users; empty where there is none
    /// @param help one line without a final stop: meaning and unit
    public record RewardOption(String name, String fallback, String help) { }
}
