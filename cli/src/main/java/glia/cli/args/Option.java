package glia.cli.args;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/// One option of a command, such as `--threads N`. Declared once as a constant, it is the key by which [Arguments]
/// returns the value with its type.
///
/// @param <T> type of the value
/// @param names the long name first, then others, such as `-t`
/// @param label the value's name in help texts; empty for a flag, which has no value
/// @param description for the help text, without a full stop; `(default: …)` at the end
/// @param choices all values; empty if there are too many to list
/// @param repeatable whether it may be given several times
/// @param parser converts the word to the value; throws [IllegalArgumentException] with a message that begins with the
///     word, such as `0 is not between 1 and 64`
/// @param group heading of the help text's section; empty for the first section
/// @param synonyms names of such options in other programs, for suggestions
/// @param implied the value of the option without one, which may then be given as `--name=VALUE` only; empty if it
///     needs a value
/// @param former names that are accepted with a note, and not shown: another option has them in other commands
public record Option<T>(List<String> names, String label, String description, List<String> choices,
                        boolean repeatable, Function<String, T> parser, String group, List<String> synonyms,
                        String implied, List<String> former) {

    private Option(String[] names, String label, String description, List<String> choices,
                   Function<String, T> parser) {
        this(List.of(names), label, description, choices, false, parser, "", List.of(), "", List.of());
    }

    /// An option without a value.
    public static Option<Boolean> flag(String description, String... names) {
        return new Option<>(names, "", description, List.of(), word -> true);
    }

    /// An option with any text as its value.
    public static Option<String> text(String label, String description, String... names) {
        return new Option<>(names, label, description, List.of(), word -> word);
    }

    /// An option with a whole number from `min` to `max` as its value.
    public static Option<Integer> integer(String label, int min, int max, String description, String... names) {
        return new Option<>(names, label, description, List.of(), word -> (int) parseLong(word, min, max));
    }

    /// An option with any 64-bit integer as its value.
    public static Option<Long> longInteger(String label, String description, String... names) {
        return new Option<>(names, label, description, List.of(),
                word -> parseLong(word, Long.MIN_VALUE, Long.MAX_VALUE));
    }

    /// An option with a number from `min` to `max` as its value.
    public static Option<Float> number(String label, float min, float max, String description, String... names) {
        return new Option<>(names, label, description, List.of(), word -> parseFloat(word, min, false, max, false));
    }

    /// An option with a number above `min`, up to `max`, as its value.
    public static Option<Float> numberAbove(String label, float min, float max, String description, String... names) {
        return new Option<>(names, label, description, List.of(), word -> parseFloat(word, min, true, max, false));
    }

    /// An option with a number from `min`, below `max`, as its value.
    public static Option<Float> numberBelow(String label, float min, float max, String description, String... names) {
        return new Option<>(names, label, description, List.of(), word -> parseFloat(word, min, false, max, true));
    }

    /// An option with a constant of an enum as its value, in upper or lower case. Help texts show `avx-vnni` for
    /// `AVX_VNNI` and `q8_0` for `Q8_0`.
    public static <E extends Enum<E>> Option<E> choice(String label, Class<E> type, String description,
                                                       String... names) {
        return new Option<>(names, label, description, words(type), word -> parseChoice(word, type));
    }

    /// An option with a parser of its own.
    ///
    /// @param choices all values; empty if there are too many to list
    public static <T> Option<T> parsed(String label, List<String> choices, Function<String, T> parser,
                                       String description, String... names) {
        return new Option<>(names, label, description, choices, parser);
    }

    /// The same option, which may be given several times.
    public Option<T> repeated() {
        return new Option<>(names, label, description, choices, true, parser, group, synonyms, implied, former);
    }

    /// The same option in another section of help texts.
    public Option<T> in(String heading) {
        return new Option<>(names, label, description, choices, repeatable, parser, heading, synonyms, implied, former);
    }

    /// The same option with the names of such options in other programs, which are suggested to be this one.
    public Option<T> elsewhere(String... others) {
        return new Option<>(names, label, description, choices, repeatable, parser, group, List.of(others),
                implied, former);
    }

    /// The same option, which means `--name=word` where it is given without a value.
    public Option<T> implying(String word) {
        return new Option<>(names, label, description, choices, repeatable, parser, group, synonyms, word, former);
    }

    /// The same option, which some commands gave under these names before each letter had one meaning.
    public Option<T> formerly(String... others) {
        return new Option<>(names, label, description, choices, repeatable, parser, group, synonyms, implied,
                List.of(others));
    }

    /// The long name.
    public String name() {
        return names.getFirst();
    }

    /// Whether it has a value.
    public boolean takesValue() {
        return !label.isEmpty();
    }

    /// All names and the value, as help texts show them: `-t, --threads N`.
    String shown() {
        List<String> sorted = new ArrayList<>();
        names.stream().filter(name -> name.length() == 2).forEach(sorted::add);
        names.stream().filter(name -> name.length() > 2).forEach(sorted::add);
        String indent = sorted.getFirst().length() == 2 ? "" : "    ";
        String value = !takesValue() ? "" : implied.isEmpty() ? " " + label : "[=" + label + "]";
        return indent + String.join(", ", sorted) + value;
    }

    /// The description with the choices, unless it names them all: `a mode: exact or fast (default: fast)`.
    String explained() {
        return choices.stream().allMatch(description::contains) ? description
                : description.replaceFirst("(?= \\(default:)|$", ": " + listed(choices));
    }

    private static long parseLong(String word, long min, long max) {
        long value;
        try {
            value = Long.parseLong(word);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'" + word + "' is not a whole number", e);
        }
        if (value < min || value > max) {
            throw new IllegalArgumentException(value + (max == Integer.MAX_VALUE && value < min
                    ? " is not at least " + min : " is not between " + min + " and " + max));
        }
        return value;
    }

    private static float parseFloat(String word, float min, boolean isAbove, float max, boolean isBelow) {
        float value;
        try {
            value = Float.parseFloat(word);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'" + word + "' is not a number", e);
        }
        if (!Float.isFinite(value)) {
            throw new IllegalArgumentException(word + " is not a finite number");
        }
        if (value < min || value > max || isAbove && value == min || isBelow && value == max) {
            throw new IllegalArgumentException(word + (max == Float.MAX_VALUE
                    ? " is not " + (isAbove ? "above " : "at least ") + word(min)
                    : " is not between " + word(min) + (isAbove ? " (exclusive)" : "") + " and " + word(max)
                    + (isBelow ? " (exclusive)" : "")));
        }
        return value;
    }

    private static String word(float number) {
        return Float.toString(number).replaceFirst("\\.0$", "");
    }

    private static <E extends Enum<E>> E parseChoice(String word, Class<E> type) {
        String name = word.toUpperCase(Locale.ROOT).replace('-', '_');
        return Arrays.stream(type.getEnumConstants()).filter(constant -> constant.name().equals(name)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("'" + word + "' is not " + listed(words(type))));
    }

    private static <E extends Enum<E>> List<String> words(Class<E> type) {
        return Arrays.stream(type.getEnumConstants()).map(Option::word).toList();
    }

    private static String listed(List<String> words) {
        return String.join(", ", words).replaceFirst(", ([^,]*)$", " or $1");
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replaceAll("_(?=[a-z])", "-");
    }
}
