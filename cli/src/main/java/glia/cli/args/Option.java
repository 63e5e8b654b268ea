package glia.cli.args;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/// One option of a command, such as `--threads N`. Declared once as a constant, it is the key by which [Arguments]
/// gives the value back with its type.
///
/// @param <T> type of the value
/// @param names how it is written: the long name first, perhaps a short one after it
/// @param label what stands for the value in help texts; empty for a flag, which takes no value
/// @param description one sentence for the help text, without a full stop
/// @param choices the only values there are; empty where there are more than can be listed
/// @param repeatable whether it may be given several times
/// @param parser turns the word into the value; throws [IllegalArgumentException] saying what was expected
public record Option<T>(List<String> names, String label, String description, List<String> choices,
                        boolean repeatable, Function<String, T> parser) {

    /// An option without a value: it is there or it is not.
    public static Option<Boolean> flag(String description, String... names) {
        return new Option<>(List.of(names), "", description, List.of(), false, word -> true);
    }

    /// An option with any text as its value.
    public static Option<String> text(String label, String description, String... names) {
        return new Option<>(List.of(names), label, description, List.of(), false, word -> word);
    }

    /// An option with a whole number from `min` to `max` as its value.
    public static Option<Integer> integer(String label, int min, int max, String description, String... names) {
        return new Option<>(List.of(names), label, description, List.of(), false,
                word -> (int) parseLong(word, min, max));
    }

    /// An option with any whole number of 64 bits as its value.
    public static Option<Long> longInteger(String label, String description, String... names) {
        return new Option<>(List.of(names), label, description, List.of(), false,
                word -> parseLong(word, Long.MIN_VALUE, Long.MAX_VALUE));
    }

    /// An option with a number from `min` to `max` as its value.
    public static Option<Float> number(String label, float min, float max, String description, String... names) {
        return new Option<>(List.of(names), label, description, List.of(), false, word -> parseFloat(word, min, max));
    }

    /// An option whose value is one of an enum's constants, written in small letters.
    public static <E extends Enum<E>> Option<E> choice(String label, Class<E> type, String description,
                                                       String... names) {
        return new Option<>(List.of(names), label, description, words(type), false, word -> parseChoice(word, type));
    }

    /// The same option, allowed several times.
    public Option<T> repeated() {
        return new Option<>(names, label, description, choices, true, parser);
    }

    /// The long name, by which messages speak of it.
    public String name() {
        return names.getFirst();
    }

    /// The choices in words: `a, b or c`.
    String choiceWords() {
        return listed(choices);
    }

    /// Whether a value follows it.
    public boolean takesValue() {
        return !label.isEmpty();
    }

    private static long parseLong(String word, long min, long max) {
        long value;
        try {
            value = Long.parseLong(word);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("a whole number is expected", e);
        }
        if (value < min || value > max) {
            throw new IllegalArgumentException(max == Integer.MAX_VALUE
                    ? "at least " + min + " is expected" : "a number from " + min + " to " + max + " is expected");
        }
        return value;
    }

    private static float parseFloat(String word, float min, float max) {
        float value;
        try {
            value = Float.parseFloat(word);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("a number is expected", e);
        }
        if (!Float.isFinite(value)) {
            throw new IllegalArgumentException("a finite number is expected");
        }
        if (value < min || value > max) {
            throw new IllegalArgumentException(max == Float.MAX_VALUE ? "at least " + word(min) + " is expected"
                    : "a number from " + word(min) + " to " + word(max) + " is expected");
        }
        return value;
    }

    private static String word(float number) {
        return Float.toString(number).replaceFirst("\\.0$", "");
    }

    private static <E extends Enum<E>> E parseChoice(String word, Class<E> type) {
        return Arrays.stream(type.getEnumConstants()).filter(constant -> word(constant).equals(word)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException(listed(words(type)) + " is expected"));
    }

    private static <E extends Enum<E>> List<String> words(Class<E> type) {
        return Arrays.stream(type.getEnumConstants()).map(Option::word).toList();
    }

    private static String listed(List<String> words) {
        return String.join(", ", words).replaceFirst(", ([^,]*)$", " or $1");
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
