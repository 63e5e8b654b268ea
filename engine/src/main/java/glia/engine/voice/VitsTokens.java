package glia.engine.voice;

import glia.io.CheckpointException;
import glia.io.Config;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/// The tokens of VITS: characters of `vocab.json`, with a blank token around each.
final class VitsTokens {
    private final Path folder;
    private final Map<String, Integer> ids = new HashMap<>();
    private final boolean hasBlanks;
    private final boolean isNormalized;
    private final boolean isRoman;
    private final boolean readsPhonemes;
    private final int longest;

    /// @param vocabSize of the model
    VitsTokens(Path folder, int vocabSize) throws CheckpointException {
        this.folder = folder;
        Path file = folder.resolve("vocab.json");
        if (!Files.exists(file)) {
            throw new CheckpointException(folder, "", "has no vocab.json, which says what characters the model reads");
        }
        Config vocabulary = Config.read(file);
        for (String piece : vocabulary.keys()) {
            int id = vocabulary.integer(piece);
            if (id < 0 || id >= vocabSize) {
                throw vocabulary.error(piece, "is " + id + ", the model has " + vocabSize + " tokens");
            }
            ids.put(piece, id);
        }
        Path settings = folder.resolve("tokenizer_config.json");
        Config config = Config.readIfPresent(settings);
        hasBlanks = config.flag("add_blank", true);
        isNormalized = config.flag("normalize", true);
        isRoman = config.flag("is_uroman", false);
        readsPhonemes = config.flag("phonemize", true) && Files.exists(settings);
        longest = ids.keySet().stream().mapToInt(String::length).max().orElse(1);
    }

    /// The tokens of a text; characters that the vocabulary lacks are left out.
    ///
    /// @param isPhonemes whether the text is of phonemes
    /// @throws IllegalArgumentException if the model reads phonemes and the text has none, or nothing of the text is in
    ///     the vocabulary
    int[] encode(String text, boolean isPhonemes) {
        if (readsPhonemes && !isPhonemes) {
            throw new IllegalArgumentException("the model reads phonemes, not letters; give those of the text, as "
                    + "espeak-ng --ipa prints them, with the option for phonemes");
        }
        String known = isNormalized || isPhonemes ? normalized(text) : text;
        int[] plain = known.chars().mapToObj(c -> String.valueOf((char) c)).filter(ids::containsKey)
                .mapToInt(ids::get).toArray();
        if (plain.length == 0) {
            boolean isOther = isRoman && text.codePoints().anyMatch(c -> c > 127);
            throw new IllegalArgumentException("no character of \"" + (text.length() > 40 ? text.substring(0, 40) + "…"
                    : text) + "\" is in " + folder.resolve("vocab.json") + (isOther
                    ? "; the model reads the language in Latin letters, as uroman writes them" : ""));
        }
        return hasBlanks ? IntStream.range(0, 2 * plain.length + 1).map(i -> i % 2 == 0 ? 0 : plain[i / 2]).toArray()
                : plain;
    }

    /// Pieces of the vocabulary as they are, all else in lower case; then what is known of it, without spaces around.
    private String normalized(String text) {
        StringBuilder lower = new StringBuilder();
        for (int at = 0; at < text.length();) {
            int length = Math.min(longest, text.length() - at);
            while (length > 0 && !ids.containsKey(text.substring(at, at + length))) {
                length--;
            }
            lower.append(length > 0 ? text.substring(at, at + length)
                    : text.substring(at, at + 1).toLowerCase(Locale.ROOT));
            at += Math.max(1, length);
        }
        StringBuilder known = new StringBuilder();
        lower.chars().filter(c -> ids.containsKey(String.valueOf((char) c))).forEach(c -> known.append((char) c));
        return known.toString().strip();
    }
}
