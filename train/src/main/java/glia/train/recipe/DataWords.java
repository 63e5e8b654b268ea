package glia.train.recipe;

import glia.io.Suggestions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/// The words after the colon of generated data: a first one, then settings `name=value`, such as
/// `countdown:4 count=3 verify=0.5`. All methods throw an [IllegalArgumentException] that says what was found and
/// expected.
///
/// @param first what is generated
/// @param settings by name
public record DataWords(String first, Map<String, String> settings) {
    /// Reads words.
    ///
    /// @param known the names of settings by the first word
    public static DataWords parse(String text, Function<String, List<String>> known) {
        String[] words = text.strip().split("\\s+");
        List<String> names = known.apply(words[0]);
        Map<String, String> settings = new LinkedHashMap<>();
        for (int i = 1; i < words.length; i++) {
            int equals = words[i].indexOf('=');
            String name = equals < 0 ? words[i] : words[i].substring(0, equals);
            if (!names.contains(name) || equals < 0) {
                throw new IllegalArgumentException("found '" + words[i] + "', expected one of "
                        + String.join("=, ", names) + "=." + Suggestions.sentence(name, names));
            }
            if (settings.put(name, words[i].substring(equals + 1)) != null) {
                throw new IllegalArgumentException("found " + name + "= twice");
            }
        }
        return new DataWords(words[0], settings);
    }

    /// A setting that must be there.
    ///
    /// @param missing what is said if it is not, such as `count=N, expected the number of chats`
    public String required(String name, String missing) {
        String text = settings.get(name);
        if (text == null) {
            throw new IllegalArgumentException("found no " + missing);
        }
        return text;
    }

    /// A whole number from `min` to `max`.
    ///
    /// @param initial the default
    public long integer(String name, long min, long max, long initial) {
        String text = settings.get(name);
        if (text == null) {
            return initial;
        }
        if (text.matches("-?\\d{1,18}")) {
            long number = Long.parseLong(text);
            if (number >= min && number <= max) {
                return number;
            }
        }
        throw new IllegalArgumentException("found " + name + "=" + text + ", expected a whole number"
                + (min == Long.MIN_VALUE ? "" : " from " + min + " to " + max));
    }
}
