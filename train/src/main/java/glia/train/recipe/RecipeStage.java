package glia.train.recipe;

import glia.io.CheckpointException;
import glia.io.yaml.YamlDocument;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// A recipe of those that run one after the other. A file names them, and nothing else:
///
/// ```yaml
/// stages: [reasoner-drills, reasoner-traces, reasoner-rejection, reasoner-rl]
/// ```
///
/// or of a recipe with a grid, which is run with each combination of values, in a folder of its own within its output:
///
/// ```yaml
/// grid:
///   size: {small: [model.new.hidden=32], large: [model.new.hidden=64, optimizer.learning_rate=1e-3]}
///   steps: [100, 200]
/// ```
///
/// @param name that of a recipe that comes with the program, or of a file, without its ending; in a grid the labels of
///     its values
public record RecipeStage(String name, Recipe recipe) {
    /// The key of grids, which no single recipe has.
    static final String GRID = "grid";
    private static final String STAGES = "stages";

    /// Reads the stages of a file, or of a recipe that comes with the program; a recipe is a single stage.
    ///
    /// @param overrides words `key=value` for all stages and `STAGE.key=value` for one
    /// @throws CheckpointException if a file cannot be read or is not as described
    /// @throws IllegalArgumentException if an override is wrong
    public static List<RecipeStage> read(String fileOrName, List<String> overrides) throws CheckpointException {
        YamlDocument document = ShippedRecipes.document(fileOrName);
        if (document.values().containsKey(GRID)) {
            return grid(document, overrides);
        }
        if (!document.values().containsKey(STAGES)) {
            return List.of(new RecipeStage(name(fileOrName), Recipe.of(document, overrides)));
        }
        List<String> files = files(document);
        List<String> names = files.stream().map(RecipeStage::name).toList();
        for (String word : names.size() > 1 ? overrides : List.<String>of()) {
            if (word.startsWith(RecipeKeys.OUTPUT.name() + "=")) {
                throw new IllegalArgumentException("'" + word + "' would be the folder of " + names.size()
                        + " stages; give it for one of them, such as " + names.getFirst() + "." + word);
            }
        }
        List<RecipeStage> stages = new ArrayList<>();
        for (int i = 0; i < files.size(); i++) {
            Path folder = document.origin().toAbsolutePath().getParent();
            Path beside = folder.resolve(files.get(i));
            stages.add(new RecipeStage(names.get(i), ShippedRecipes.read(Files.isRegularFile(beside)
                    ? beside.toString() : files.get(i), ofStage(overrides, names.get(i), names))));
        }
        return stages;
    }

    /// The combinations of a grid, the last axis fastest. An override such as `grid.steps=[100]` chooses values.
    private static List<RecipeStage> grid(YamlDocument document, List<String> overrides) throws CheckpointException {
        Map<String, Map<String, List<String>>> axes = axes(document, overrides);
        List<String> others = overrides.stream().filter(word -> !word.startsWith(GRID + ".")).toList();
        String output = others.stream().filter(word -> word.startsWith(RecipeKeys.OUTPUT.name() + "="))
                .reduce((_, last) -> last).orElse(RecipeKeys.OUTPUT.name() + "="
                        + Recipe.of(document, List.of()).get(RecipeKeys.OUTPUT));
        Map<String, List<String>> runs = new LinkedHashMap<>(Map.of("", List.of()));
        for (Map.Entry<String, Map<String, List<String>>> axis : axes.entrySet()) {
            Map<String, List<String>> longer = new LinkedHashMap<>();
            runs.forEach((name, words) -> axis.getValue().forEach((label, more) -> longer.put(
                    name.isEmpty() ? label : name + "-" + label,
                    Stream.concat(words.stream(), more.stream()).toList())));
            runs = longer;
        }
        List<RecipeStage> stages = new ArrayList<>();
        for (Map.Entry<String, List<String>> run : runs.entrySet()) {
            List<String> words = new ArrayList<>(run.getValue());
            words.addAll(ofStage(others, run.getKey(), List.copyOf(runs.keySet())));
            words.add(output + "/" + run.getKey());
            stages.add(new RecipeStage(run.getKey(), Recipe.of(document, words)));
        }
        return stages;
    }

    /// The overrides of each label of each axis.
    private static Map<String, Map<String, List<String>>> axes(YamlDocument document, List<String> overrides)
            throws CheckpointException {
        Map<String, Map<String, List<String>>> axes = new LinkedHashMap<>();
        if (!(document.values().get(GRID) instanceof Map<?, ?> grid) || grid.isEmpty()) {
            throw document.error(GRID, "is " + RecipeKey.shown(document.values().get(GRID)) + ", expected a mapping "
                    + "from keys to lists of values, such as {steps: [100, 200]}");
        }
        for (Map.Entry<?, ?> axis : grid.entrySet()) {
            String key = axis.getKey().toString();
            Map<String, List<String>> values = new LinkedHashMap<>();
            if (axis.getValue() instanceof List<?> list) {
                list.forEach(value -> values.put(value.toString(), List.of(key + "=" + value)));
            } else if (axis.getValue() instanceof Map<?, ?> labels
                    && labels.values().stream().allMatch(List.class::isInstance)) {
                labels.forEach((label, words) -> values.put(label.toString(),
                        ((List<?>) words).stream().map(Object::toString).toList()));
            }
            if (values.isEmpty()) {
                throw document.error(GRID + "." + key, "is " + RecipeKey.shown(axis.getValue()) + ", expected a list "
                        + "of values, or a mapping from labels to lists of overrides such as [steps=100]");
            }
            axes.put(key, values);
        }
        for (String word : overrides) {
            if (word.startsWith(GRID + ".")) {
                choose(axes, word);
            }
        }
        return axes;
    }

    /// Keeps the values of an axis that an override names; an axis of one key may be given others.
    private static void choose(Map<String, Map<String, List<String>>> axes, String word) {
        String[] parts = word.substring(GRID.length() + 1).split("=", 2);
        Map<String, List<String>> values = axes.get(parts[0]);
        if (values == null || parts.length < 2) {
            throw new IllegalArgumentException("'" + word + "' names no axis of the grid, which has "
                    + String.join(", ", axes.keySet().stream().map(axis -> GRID + "." + axis).toList()));
        }
        Map<String, List<String>> chosen = new LinkedHashMap<>();
        for (String value : parts[1].replaceAll("[\\[\\]\\s]", "").split(",")) {
            boolean isKey = values.values().stream().allMatch(words -> words.getFirst().startsWith(parts[0] + "="));
            if (!isKey && !values.containsKey(value)) {
                throw new IllegalArgumentException("'" + word + "' names '" + value + "', expected "
                        + String.join(", ", values.keySet()));
            }
            chosen.put(value, values.getOrDefault(value, List.of(parts[0] + "=" + value)));
        }
        axes.put(parts[0], chosen);
    }

    private static List<String> files(YamlDocument document) throws CheckpointException {
        for (String key : document.values().keySet()) {
            if (!key.equals(STAGES)) {
                throw document.error(key, "stands beside stages, expected stages alone: the other keys are those of "
                        + "the recipes that it names");
            }
        }
        if (!(document.values().get(STAGES) instanceof List<?> list) || list.isEmpty()
                || !list.stream().allMatch(String.class::isInstance)) {
            throw document.error(STAGES, "is " + RecipeKey.shown(document.values().get(STAGES))
                    + ", expected a list of recipes: files, or names that glia train --list shows");
        }
        List<String> files = list.stream().map(String.class::cast).toList();
        if (files.stream().map(RecipeStage::name).distinct().count() < files.size()) {
            throw document.error(STAGES, "is " + files + ", expected each recipe once");
        }
        return files;
    }

    private static String name(String file) {
        return String.valueOf(Path.of(file).getFileName()).replaceFirst("\\.ya?ml$", "");
    }

    /// The overrides of a stage: those for all before those for it alone.
    private static List<String> ofStage(List<String> overrides, String name, List<String> names) {
        List<String> own = new ArrayList<>();
        for (String word : overrides) {
            if (names.stream().noneMatch(other -> word.startsWith(other + "."))) {
                own.add(word);
            }
        }
        overrides.stream().filter(word -> word.startsWith(name + ".")).map(word -> word.substring(name.length() + 1))
                .forEach(own::add);
        return own;
    }
}
