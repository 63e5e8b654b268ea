package glia.train.recipe;

import glia.io.CheckpointException;
import glia.io.file.AtomicFile;
import glia.io.json.JsonTree;
import glia.train.report.RunDescription;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The recipe in the folder of a run: all values that are set, a key in each line, with absolute paths, so that it says
/// the same from everywhere.
final class RunRecipe {
    /// Keys that name data.
    static final List<RecipeKey<List<String>>> FILES = List.of(RecipeKeys.TRAIN, RecipeKeys.VALIDATION);
    private static final Set<RecipeKey<String>> MODELS = Set.of(RecipeKeys.MODEL, RecipeKeys.TOKENIZER,
            RecipeKeys.TEACHER, RecipeKeys.CHAT_TEMPLATE);
    /// Keys of which a resumed run keeps the values, because they are in its checkpoints.
    private static final List<RecipeKey<?>> KEPT = List.of(RecipeKeys.TASK, RecipeKeys.MODEL, RecipeKeys.CONFIG,
            RecipeKeys.NEW, RecipeKeys.INIT, RecipeKeys.BASE_WIDTH, RecipeKeys.TOKENIZER, RecipeKeys.NEW_TOKENIZER,
            RecipeKeys.VOCAB_SIZE, RecipeKeys.SPECIAL_TOKENS, RecipeKeys.ADDED_TOKENS, RecipeKeys.CHARACTERS,
            RecipeKeys.CHAT_TEMPLATE, RecipeKeys.ADAPTER, RecipeKeys.RANK, RecipeKeys.ALPHA,
            RecipeKeys.ADAPTER_DROPOUT, RecipeKeys.TARGETS, RecipeKeys.PARAMETERS, RecipeKeys.OPTIMIZER,
            RecipeKeys.FREEZE);

    private RunRecipe() { }

    /// Writes a recipe.
    static void write(Recipe recipe, Path file) throws IOException {
        StringBuilder text = new StringBuilder();
        for (Map.Entry<String, Object> e : resolved(recipe).entrySet()) {
            text.append(e.getKey()).append(": ").append(e.getValue() instanceof Double d && d.isInfinite() ? ".inf"
                    : JsonTree.of(e.getValue()).toString()).append('\n');
        }
        byte[] written = text.toString().getBytes(StandardCharsets.UTF_8);
        AtomicFile.write(file, AtomicFile.IfExists.REPLACE, out -> out.write(written));
    }

    /// What a recipe says otherwise than the recipe of the run that it resumes.
    ///
    /// @param file the recipe that the run began with
    /// @throws CheckpointException if a key has changed of which the run keeps the value
    static List<String> changes(Recipe recipe, Path file) throws CheckpointException {
        Recipe before = Recipe.read(file, List.of());
        Map<String, Object> now = resolved(recipe);
        Map<String, Object> then = resolved(before);
        List<String> notes = new ArrayList<>();
        for (RecipeKey<?> key : RecipeKeys.all()) {
            Optional<?> value = parsed(key, now);
            Optional<?> old = parsed(key, then);
            if (value.equals(old) || key == RecipeKeys.OUTPUT) {
                continue;
            }
            String change = shown(old) + " when the run began, and is " + shown(value) + " now";
            boolean isOfEma = key == RecipeKeys.EMA && value.equals(RecipeKeys.EMA.initial())
                    != old.equals(RecipeKeys.EMA.initial());
            if (KEPT.contains(key) || isOfEma) {
                throw recipe.error(key, "was " + change + "; a resumed run keeps it: change it back, or begin a new "
                        + "run with another output");
            }
            notes.add(key.name() + " was " + change);
        }
        return notes;
    }

    /// What records say of a run.
    static RunDescription description(Recipe recipe, long steps, Map<String, String> environment) {
        Map<String, String> settings = new LinkedHashMap<>();
        recipe.values().forEach((key, value) -> settings.put(key, String.valueOf(value)));
        String title = String.valueOf(recipe.origin().getFileName()).replaceFirst("\\.ya?ml$", "");
        return new RunDescription(title, steps, settings, environment);
    }

    private static Optional<?> parsed(RecipeKey<?> key, Map<String, Object> values) {
        Object value = values.get(key.name());
        return value == null ? key.initial() : Optional.of(key.parse(value));
    }

    private static String shown(Optional<?> value) {
        return value.map(v -> v instanceof Enum<?> e ? RecipeKey.word(e) : RecipeKey.shown(v)).orElse("not set");
    }

    private static Map<String, Object> resolved(Recipe recipe) throws CheckpointException {
        Map<String, Object> values = new LinkedHashMap<>(recipe.values());
        values.values().removeIf(v -> v == null);
        for (RecipeKey<List<String>> key : FILES) {
            if (recipe.has(key)) {
                List<String> files = new ArrayList<>();
                for (String written : recipe.get(key)) {
                    files.add(ShippedData.isNamed(written) || GeneratedData.isNamed(written) ? written
                            : WeightedPath.parse(recipe, key, written).written());
                }
                values.put(key.name(), files);
            }
        }
        for (RecipeKey<String> key : MODELS) {
            if (recipe.has(key)) {
                values.put(key.name(), existing(recipe, key, recipe.get(key)));
            }
        }
        if (recipe.has(RecipeKeys.NEW)) {
            Map<String, Object> sizes = new LinkedHashMap<>(recipe.get(RecipeKeys.NEW));
            if (sizes.get("family") instanceof String family && family.contains(".")) {
                sizes.put("family", existing(recipe, RecipeKeys.NEW, family));
            }
            values.put(RecipeKeys.NEW.name(), sizes);
        }
        if (recipe.has(RecipeKeys.OUTPUT)) {
            values.put(RecipeKeys.OUTPUT.name(), recipe.output().toAbsolutePath().normalize().toString());
        }
        return values;
    }

    /// The absolute path of a file or folder that a recipe names, or the name of a model that is elsewhere.
    private static String existing(Recipe recipe, RecipeKey<?> key, String name) throws CheckpointException {
        if (ShippedData.isNamed(name)) {
            return name;
        }
        Path path = recipe.path(key, name).toAbsolutePath();
        return Files.exists(path) ? path.normalize().toString() : name;
    }
}
