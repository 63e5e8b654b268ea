package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.UsageException;
import glia.cli.terminal.Console;
import glia.cli.terminal.Table;
import glia.io.CheckpointException;
import glia.io.Suggestions;
import glia.train.recipe.KeyConditions;
import glia.train.recipe.RecipeKey;
import glia.train.recipe.RecipeKeys;
import glia.train.recipe.RecipeStage;
import glia.train.recipe.ShippedData;
import glia.train.recipe.ShippedRecipes;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// The lists of recipes and of their keys.
final class TrainHelp {
    private static final String OTHERS = "Other recipes";
    /// What recipes are for, by the beginnings of their names.
    private static final Map<String, List<String>> PURPOSES = new LinkedHashMap<>();

    static {
        PURPOSES.put("Adapt a model to your data", List.of("lora", "sft", "distill"));
        PURPOSES.put("Train a new model, lengthen its context", List.of("nano", "pretrain", "lengthen"));
        PURPOSES.put("Classifiers, reward models, embeddings, encoders",
                List.of("classify", "reward", "embed", "mask", "diffusion"));
        PURPOSES.put("Pictures and sounds", List.of("shapes", "native", "fused-late"));
        PURPOSES.put("Scaling laws", List.of("scaling", "transfer"));
        PURPOSES.put("Preferences and principles", List.of("dpo", "constitutional", "rlhf"));
        PURPOSES.put("Reinforcement learning and reasoning", List.of("rl", "r1", "reasoner"));
    }

    private TrainHelp() {}

    private static String purpose(String recipe) {
        for (Map.Entry<String, List<String>> purpose : PURPOSES.entrySet()) {
            if (purpose.getValue().stream().anyMatch(name -> recipe.equals(name) || recipe.startsWith(name + "-"))) {
                return purpose.getKey();
            }
        }
        return OTHERS;
    }

    /// Prints the recipes that come with the program.
    static void list(Arguments arguments, Console console) {
        if (arguments.has(Json.OPTION)) {
            Json.print(console, ShippedRecipes.all().stream()
                    .map(r -> Map.of("name", r.name(), "purpose", purpose(r.name()), "summary", r.summary()))
                    .toList());
            return;
        }
        for (String purpose : Stream.concat(PURPOSES.keySet().stream(), Stream.of(OTHERS)).toList()) {
            Table table = new Table("Ll");
            List<ShippedRecipes.Shipped> recipes = ShippedRecipes.all().stream()
                    .filter(r -> purpose(r.name()).equals(purpose)).toList();
            recipes.forEach(r -> table.row(r.name(), r.summary()));
            if (!recipes.isEmpty()) {
                console.printBold(purpose);
                console.out().println();
                table.print(console);
                console.out().println();
            }
        }
        Table data = new Table("Ll").head("data", "what it holds");
        ShippedData.all().forEach((name, summary) -> data.row(ShippedData.PREFIX + name, summary));
        ShippedData.generated().forEach(data::row);
        data.print(console);
        console.out().println();
        console.printText("glia train RECIPE --dry-run shows what a run needs; --explain explains all keys.");
    }

    /// Prints keys with types, defaults and meanings: all, those that begin with the words after the command, or those
    /// that a recipe sets, with its values.
    static void explain(Arguments arguments, Console console) throws CheckpointException {
        List<String> wanted = new ArrayList<>();
        arguments.optional(0).ifPresent(wanted::add);
        wanted.addAll(arguments.repeated());
        List<RecipeKey<?>> keys = new ArrayList<>(RecipeKeys.all());
        List<RecipeStage> stages = List.of();
        if (!wanted.isEmpty()) {
            keys.removeIf(k -> wanted.stream().noneMatch(w -> k.name().equals(w) || k.section().equals(w)));
            String name = wanted.getFirst();
            if (isRecipe(name)) {
                stages = RecipeStage.read(name, keys.isEmpty() ? arguments.repeated() : List.of());
            } else if (keys.isEmpty()) {
                throw new UsageException("there is no key, section or recipe " + name + "."
                        + Suggestions.sentence(name, Stream.concat(recipes(),
                        RecipeKeys.all().stream().flatMap(k -> Stream.of(k.section(), k.name()))).distinct().toList()));
            }
        }
        if (arguments.has(Json.OPTION)) {
            json(keys, stages, console);
            return;
        }
        print(keys, Map.of(), console);
        for (RecipeStage stage : stages) {
            console.out().println();
            console.printBold("recipe " + stage.name());
            console.out().println();
            Map<String, Object> values = stage.recipe().values();
            print(set(values), values, console);
        }
    }

    private static Stream<String> recipes() {
        return ShippedRecipes.all().stream().map(ShippedRecipes.Shipped::name);
    }

    private static boolean isRecipe(String word) {
        return word.endsWith(".yaml") || word.endsWith(".yml") || Files.isRegularFile(Path.of(word))
                || recipes().anyMatch(word::equals);
    }

    /// The keys that have a value, in the order of help texts.
    private static List<RecipeKey<?>> set(Map<String, Object> values) {
        return RecipeKeys.all().stream().<RecipeKey<?>>map(k -> k).filter(k -> values.get(k.name()) != null).toList();
    }

    /// Prints keys, those of a recipe with its values.
    private static void print(List<RecipeKey<?>> keys, Map<String, Object> values, Console console) {
        String section = "";
        for (RecipeKey<?> key : keys) {
            if (!key.section().equals(section)) {
                section = key.section();
                console.out().println();
                console.printBold(section);
                console.out().println();
            }
            String initial = key.initialShown().isEmpty() ? "" : "default: " + key.initialShown();
            Object value = values.get(key.name());
            console.printText("  ", key.name() + ": " + (value == null
                    ? key.type() + (initial.isEmpty() ? "" : " (" + initial + ")")
                    : RecipeKey.written(value) + " (" + key.type() + (initial.isEmpty() ? "" : "; " + initial) + ")"));
            console.printText("      ", key.description()
                    + (key.tasks().isEmpty() ? "" : "; for task: " + String.join(", ", key.tasks()))
                    + KeyConditions.needs(key).map(needs -> "; needs " + needs).orElse(""));
            console.out().println();
        }
    }

    private static void json(List<RecipeKey<?>> keys, List<RecipeStage> stages, Console console) {
        List<Map<String, Object>> documents = new ArrayList<>();
        keys.forEach(key -> documents.add(json(key)));
        for (RecipeStage stage : stages) {
            Map<String, Object> values = stage.recipe().values();
            for (RecipeKey<?> key : set(values)) {
                Map<String, Object> document = json(key);
                document.put("recipe", stage.name());
                Object value = values.get(key.name());
                document.put("value", value instanceof Double d && d.isInfinite() ? RecipeKey.written(d) : value);
                documents.add(document);
            }
        }
        Json.print(console, documents);
    }

    private static Map<String, Object> json(RecipeKey<?> key) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("key", key.name());
        document.put("type", key.type());
        document.put("default", key.initialShown());
        document.put("description", key.description());
        document.put("tasks", key.tasks());
        KeyConditions.needs(key).ifPresent(needs -> document.put("needs", needs));
        return document;
    }
}
