package glia.train.recipe;

import glia.io.CheckpointException;
import glia.io.Suggestions;
import glia.io.yaml.YamlDocument;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The recipes that come with the program.
public final class ShippedRecipes {
    private static final List<String> NAMES = List.of("nano", "pretrain", "sft", "lora", "lora-demo",
            "distill", "distill-demo", "classify", "reward", "embed", "mask");

    private ShippedRecipes() { }

    /// A recipe with its first comment.
    public record Shipped(String name, String summary, String text) { }

    /// All of them.
    public static List<Shipped> all() {
        return NAMES.stream().map(ShippedRecipes::of).toList();
    }

    private static Shipped of(String name) {
        try (InputStream in = ShippedRecipes.class.getResourceAsStream("/glia/train/recipes/" + name + ".yaml")) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return new Shipped(name, text.substring(2, text.indexOf('\n')), text);
        } catch (IOException e) {
            throw new IllegalStateException(name, e);
        }
    }

    /// Reads a recipe by its file or by the name of one that comes with the program.
    ///
    /// @param overrides words `key=value`
    public static Recipe read(String fileOrName, List<String> overrides) throws CheckpointException {
        Path path = Path.of(fileOrName);
        if (Files.isRegularFile(path)) {
            return Recipe.read(path, overrides);
        }
        if (!NAMES.contains(fileOrName)) {
            throw new CheckpointException(path, "", (Files.isDirectory(path) ? "is a folder, expected a YAML file"
                    : "there is no such file") + "; no recipe of this name comes with the program either ("
                    + String.join(", ", NAMES) + ")." + Suggestions.sentence(fileOrName, NAMES));
        }
        return Recipe.of(YamlDocument.parse(Path.of(fileOrName + ".yaml"), of(fileOrName).text()), overrides);
    }
}
