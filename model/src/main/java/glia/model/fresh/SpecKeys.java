package glia.model.fresh;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.Suggestions;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.IntSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The keys of one mapping of a hand-written spec. Remembers which keys were read, so that [#finish] can refuse the
/// others.
final class SpecKeys {
    private final Config config;
    private final Set<String> known = new LinkedHashSet<>();

    SpecKeys(Config config) {
        this.config = config;
    }

    /// Refuses keys that were not read.
    ///
    /// @param what what the mapping describes, for the message
    void finish(String what) throws CheckpointException {
        for (String key : config.keys()) {
            if (!known.contains(key)) {
                throw config.error(key, "is not a key of " + what + ", which has " + String.join(", ", known) + "."
                        + Suggestions.sentence(key, known));
            }
        }
    }

    private Config asking(String key) {
        known.add(key);
        return config;
    }

    boolean has(String key) {
        return asking(key).has(key);
    }

    boolean isText(String key) {
        return asking(key).isText(key);
    }

    boolean isFlag(String key) {
        return asking(key).isFlag(key);
    }

    String text(String key, String otherwise) throws CheckpointException {
        return asking(key).text(key, otherwise);
    }

    /// A size of at least 1.
    int size(String key, IntSupplier otherwise) throws CheckpointException {
        return asking(key).has(key) ? config.positive(key) : otherwise.getAsInt();
    }

    int size(String key, int otherwise) throws CheckpointException {
        return size(key, () -> otherwise);
    }

    int required(String key) throws CheckpointException {
        return asking(key).positive(key);
    }

    int integer(String key, int otherwise) throws CheckpointException {
        return asking(key).integer(key, otherwise);
    }

    double real(String key, double otherwise) throws CheckpointException {
        return asking(key).real(key, otherwise);
    }

    boolean flag(String key, boolean otherwise) throws CheckpointException {
        return asking(key).flag(key, otherwise);
    }

    List<Config> children(String key) throws CheckpointException {
        return asking(key).children(key);
    }

    /// A constant of an enum by its name in lower case with hyphens.
    <E extends Enum<E>> E constant(String key, Class<E> type, E otherwise) throws CheckpointException {
        String word = asking(key).text(key, word(otherwise));
        return Stream.of(type.getEnumConstants()).filter(c -> word(c).equals(word)).findFirst()
                .orElseThrow(() -> choice(key, word, Stream.of(type.getEnumConstants()).map(SpecKeys::word)
                        .toList()));
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /// An exception about a word that is none of the known ones.
    CheckpointException choice(String key, String found, List<String> known) {
        return config.error(key, "found '" + found + "', expected one of "
                + known.stream().collect(Collectors.joining(", ")) + "." + Suggestions.sentence(found, known));
    }

    CheckpointException error(String key, String problem) {
        return config.error(key, problem);
    }
}
