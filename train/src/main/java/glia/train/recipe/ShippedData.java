package glia.train.recipe;

import glia.io.Suggestions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The data files that come with the program. A recipe names one as `shipped:chats.jsonl`.
public final class ShippedData {
    /// What the names of these files begin with in a recipe.
    public static final String PREFIX = "shipped:";

    private static final Map<String, String> SUMMARIES = new LinkedHashMap<>();

    static {
        SUMMARIES.put("chats.jsonl", "64 questions; each answer is one sentence of at most 20 words that begins with"
                + " 'In short:'");
        SUMMARIES.put("chats-held-out.jsonl", "16 other questions with such answers");
        SUMMARIES.put("preferences.jsonl", "64 questions with two answers each: a direct one is preferred to the same"
                + " with compliments and offers of help around it");
        SUMMARIES.put("preferences-held-out.jsonl", "16 other questions with such answers");
    }

    /// Copies by name.
    private static final Map<String, Path> COPIES = new LinkedHashMap<>();

    private ShippedData() { }

    /// What each of them holds, by name.
    public static Map<String, String> all() {
        Map<String, String> all = new LinkedHashMap<>(SUMMARIES);
        RecipeExtensions.all().forEach(e -> all.putAll(e.data()));
        return all;
    }

    /// What recipes can generate in place of files, by the form of its name.
    public static Map<String, String> generated() {
        Map<String, String> all = new LinkedHashMap<>();
        RecipeExtensions.generators().forEach(generator -> all.put(generator.form(), generator.summary()));
        return all;
    }

    /// Whether a recipe's path names such a file.
    public static boolean isNamed(String written) {
        return written.startsWith(PREFIX);
    }

    /// Copies a file to the folder for temporary files, once in a process. The copy is deleted when the process ends.
    ///
    /// @param written `shipped:` and a name
    /// @throws IllegalArgumentException if no such file comes with the program; the message begins with a verb
    /// @throws IOException if it cannot be copied
    public static synchronized Path copy(String written) throws IOException {
        String name = written.substring(PREFIX.length());
        if (!all().containsKey(name)) {
            throw new IllegalArgumentException("names '" + written + "', but the data files that come with the program "
                    + "are " + String.join(", ", all().keySet().stream().map(n -> PREFIX + n).toList()) + "."
                    + Suggestions.sentence(name, List.copyOf(all().keySet())));
        }
        Path copied = COPIES.get(name);
        if (copied == null) {
            Path folder = Files.createTempDirectory("glia-data");
            folder.toFile().deleteOnExit();
            copied = folder.resolve(name);
            copied.toFile().deleteOnExit();
            try (InputStream in = open(name)) {
                Files.copy(in, copied);
            }
            COPIES.put(name, copied);
        }
        return copied;
    }

    private static InputStream open(String name) {
        return SUMMARIES.containsKey(name) ? ShippedData.class.getResourceAsStream("/glia/train/data/" + name)
                : RecipeExtensions.all().stream().filter(e -> e.data().containsKey(name)).findFirst().orElseThrow()
                        .openData(name);
    }
}
