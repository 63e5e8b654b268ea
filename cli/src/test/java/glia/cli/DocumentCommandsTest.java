package glia.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.args.UsageException;
import glia.io.CheckpointException;
import glia.io.yaml.YamlDocument;
import glia.train.recipe.Recipe;
import glia.train.recipe.RecipeKey;
import glia.train.recipe.RecipeKeys;
import glia.train.recipe.RecipeStage;
import glia.train.recipe.ShippedRecipes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The commands, options and keys of recipes in the README and in docs/ are those of the program.
class DocumentCommandsTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    /// A line that a reader types: `$ [VARIABLE=value] glia …`.
    private static final Pattern TYPED = Pattern.compile("(?m)^\\$ (?:[A-Z_]+=\\S+ )*(?:\\./)?glia (.*)$");
    private static final Pattern WORD = Pattern.compile("\"((?:\\\\.|[^\"])*)\"|'([^']*)'|([^\\s\"']+)");
    private static final Pattern INLINE = Pattern.compile("`(?:\\./)?glia ([^`\n]+)`");
    private static final Pattern OPTION = Pattern.compile("(?<![\\w-])--[a-z][a-z0-9-]+");
    private static final Pattern FENCED = Pattern.compile("(?ms)^```.*?^```[ ]*$");
    /// The needs of a plan are no recipe.
    private static final Pattern YAML = Pattern.compile("(?ms)^```yaml\n(?!# glia plan)(.*?)^```");
    private static final Pattern CODE = Pattern.compile("`([^`\n]+)`");
    /// Options of `java` and `docker`.
    private static final Set<String> OF_OTHERS = Set.of("--enable-native-access", "--add-modules", "--add-opens",
            "--stop-timeout");
    /// What follows the dot in names of files and tensors.
    private static final Set<String> NO_KEYS = Set.of("model", "gguf", "json", "norm", "safetensors", "txt", "zip");

    private final Cli cli = new Cli(new TestConsole("").console());

    private static List<Path> documents() throws IOException {
        try (Stream<Path> docs = Files.walk(ROOT.resolve("docs"))) {
            return Stream.concat(Stream.of(ROOT.resolve("README.md")),
                    docs.filter(file -> file.toString().endsWith(".md")).sorted()).toList();
        }
    }

    @Test
    void commandsThatAreShownAreAccepted() throws IOException {
        List<String> errors = new ArrayList<>();
        int lines = 0;
        for (Path document : documents()) {
            Matcher typed = TYPED.matcher(Files.readString(document));
            while (typed.find()) {
                lines++;
                List<String> words = words(typed.group(1).replace("…", "0"));
                try {
                    cli.accepts(words);
                    requireRecipe(words);
                } catch (UsageException | IllegalArgumentException | CheckpointException e) {
                    errors.add(ROOT.relativize(document) + ": " + typed.group() + "\n    " + e.getMessage());
                }
            }
        }
        assertTrue(lines > 80, lines + " commands found");
        assertEquals("", String.join("\n", errors));
    }

    /// The overrides of `glia train` are keys of the recipe.
    private static void requireRecipe(List<String> words) throws CheckpointException {
        boolean isShipped = words.size() > 1 && words.getFirst().equals("train")
                && ShippedRecipes.all().stream().anyMatch(recipe -> recipe.name().equals(words.get(1)));
        if (isShipped) {
            RecipeStage.read(words.get(1), words.subList(2, words.size()).stream()
                    .filter(word -> !word.startsWith("-")).toList());
        }
    }

    @Test
    void commandsWithinSentencesExist() throws IOException {
        List<String> errors = new ArrayList<>();
        for (Path document : documents()) {
            Matcher inline = INLINE.matcher(Files.readString(document));
            while (inline.find()) {
                List<String> words = words(inline.group(1));
                String name = words.stream().limit(2).takeWhile(word -> word.matches("[a-z][a-z-]*"))
                        .collect(Collectors.joining(" "));
                Set<String> options = cli.options(name);
                if (options.isEmpty()) {
                    errors.add(ROOT.relativize(document) + ": " + inline.group());
                }
                OPTION.matcher(inline.group(1)).results().map(option -> option.group())
                        .filter(option -> !options.contains(option))
                        .forEach(option -> errors.add(ROOT.relativize(document) + ": " + inline.group()));
            }
        }
        assertEquals("", String.join("\n", errors));
    }

    @Test
    void optionsThatAreNamedExist() throws IOException {
        Set<String> options = cli.options("");
        options.addAll(OF_OTHERS);
        options.addAll(optionsOfBenchmarks());
        List<String> errors = new ArrayList<>();
        for (Path document : documents()) {
            Matcher code = CODE.matcher(FENCED.matcher(Files.readString(document)).replaceAll(""));
            while (code.find()) {
                if (!code.group(1).matches("(?:-|glia |\\./glia ).*")) {
                    continue;
                }
                OPTION.matcher(code.group(1)).results().map(option -> option.group())
                        .filter(option -> !options.contains(option))
                        .forEach(option -> errors.add(ROOT.relativize(document) + ": " + code.group()));
            }
        }
        assertEquals("", String.join("\n", errors));
    }

    /// The options of the programs in jmh and peer.
    private static Set<String> optionsOfBenchmarks() throws IOException {
        Set<String> options = new TreeSet<>();
        for (String module : List.of("jmh", "peer")) {
            try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src"))) {
                for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                    Pattern.compile("\"(" + OPTION + ")").matcher(Files.readString(file)).results()
                            .forEach(option -> options.add(option.group(1)));
                }
            }
        }
        return options;
    }

    /// A word such as `rl.group` in a section of recipes is a key, or the beginning of one.
    @Test
    void keysOfRecipesThatAreNamedExist() throws IOException {
        Set<String> keys = new TreeSet<>();
        RecipeKeys.all().forEach(key -> keys.add(key.name()));
        Set<String> sections = RecipeKeys.all().stream().map(RecipeKey::section).filter(s -> !s.isEmpty())
                .collect(Collectors.toCollection(TreeSet::new));
        Pattern key = Pattern.compile("(?<![\\w./-])(" + String.join("|", sections) + ")\\.([a-z_]+)(?![\\w(./]*/)");
        List<String> errors = new ArrayList<>();
        int named = 0;
        for (Path document : documents()) {
            Matcher code = CODE.matcher(FENCED.matcher(Files.readString(document)).replaceAll(""));
            while (code.find()) {
                Matcher name = key.matcher(code.group(1));
                while (name.find()) {
                    named++;
                    if (!keys.contains(name.group()) && !NO_KEYS.contains(name.group(2))) {
                        errors.add(ROOT.relativize(document) + ": " + code.group());
                    }
                }
            }
        }
        assertTrue(named > 80, named + " keys found");
        assertEquals("", String.join("\n", errors));
    }

    /// A piece of YAML with keys of recipes is a recipe of some task, or a part of one.
    @Test
    void recipesAreAccepted(@TempDir Path folder) throws IOException {
        List<String> errors = new ArrayList<>();
        int recipes = 0;
        for (Path document : documents()) {
            Matcher piece = YAML.matcher(Files.readString(document));
            while (piece.find()) {
                Path file = Files.writeString(folder.resolve(recipes + ".yaml"), piece.group(1));
                Set<String> keys = YamlDocument.read(file).values().keySet();
                if (RecipeKeys.all().stream().anyMatch(key -> keys.contains(key.name().replaceFirst("\\..*", "")))) {
                    recipes++;
                    List<String> problems = keys.contains("task") ? problems(file, List.of())
                            : Stream.of("sft", "rl").flatMap(task -> problems(file, List.of("task=" + task)).stream())
                                    .toList();
                    if (problems.size() > (keys.contains("task") ? 0 : 1)) {
                        errors.add(ROOT.relativize(document) + ": " + problems + "\n" + piece.group(1));
                    }
                }
            }
        }
        assertTrue(recipes > 8, recipes + " recipes found");
        assertEquals("", String.join("\n", errors));
    }

    private static List<String> problems(Path file, List<String> overrides) {
        try {
            Recipe.read(file, overrides);
            return List.of();
        } catch (CheckpointException | IllegalArgumentException e) {
            return List.of(e.getMessage());
        }
    }

    /// The words of a command line, as a shell divides it.
    private static List<String> words(String line) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        int end = -1;
        Matcher part = WORD.matcher(line);
        while (part.find()) {
            if (part.start() != end && end >= 0) {
                words.add(word.toString());
                word.setLength(0);
            }
            word.append(part.group(1) != null ? part.group(1).replace("\\\"", "\"")
                    : part.group(2) != null ? part.group(2) : part.group(3));
            end = part.end();
        }
        words.add(word.toString());
        return words;
    }
}
