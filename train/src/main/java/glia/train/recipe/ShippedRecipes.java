package glia.train.recipe;

import glia.io.CheckpointException;
import glia.io.Suggestions;
import glia.io.yaml.YamlDocument;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The recipes that come with the program.
public final class ShippedRecipes {
    private static final List<String> OWN = List.of("nano", "pretrain", "lengthen", "sft", "lora",
            "lora-demo", "distill", "distill-demo", "classify", "reward", "embed", "mask", "diffusion",
            "scaling", "transfer");

    private ShippedRecipes() { }

    /// A recipe with its first comment.
    public record Shipped(String name, String summary, String text) {
        /// Reads a recipe; its first line is a comment that says what it trains.
        ///
        /// @throws IllegalStateException if it cannot be read
        public static Shipped read(String name, InputStream file) {
            try (InputStream in = file) {
                String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
                return new Shipped(name, text.substring(2, text.indexOf('\n')), text);
            } catch (IOException e) {
                throw new IllegalStateException(name, e);
            }
        }
    }

    /// All of them, those of extensions after the others.
    public static List<Shipped> all() {
        List<Shipped> all = new ArrayList<>();
        for (String name : OWN) {
            all.add(Shipped.read(name, ShippedRecipes.class.getResourceAsStream("/glia/train/recipes/" + name
                    + ".yaml")));
        }
        RecipeExtensions.all().forEach(e -> all.addAll(e.recipes()));
        return all;
    }

    /// Reads a recipe by its file or by the name of one that comes with the program.
    ///
    /// @param overrides words `key=value`
    public static Recipe read(String fileOrName, List<String> overrides) throws CheckpointException {
        return Recipe.of(document(fileOrName), overrides);
    }

    /// The YAML of a recipe.
    ///
    /// @throws CheckpointException if there is none of this name, or it is not YAML
    static YamlDocument document(String fileOrName) throws CheckpointException {
        Path path = Path.of(fileOrName);
        if (Files.isRegularFile(path)) {
            return YamlDocument.read(path);
        }
        List<Shipped> all = all();
        Optional<Shipped> shipped = all.stream().filter(s -> s.name().equals(fileOrName)).findFirst();
        if (shipped.isEmpty()) {
            List<String> names = all.stream().map(Shipped::name).toList();
            throw new CheckpointException(path, "", (Files.isDirectory(path) ? "is a folder, expected a YAML file"
                    : "there is no such file") + "; no recipe of this name comes with the program either ("
                    + String.join(", ", names) + ")." + Suggestions.sentence(fileOrName, names));
        }
        return YamlDocument.parse(Path.of(fileOrName + ".yaml"), shipped.get().text());
    }
}
