package glia.train.recipe;

import glia.io.CheckpointException;
import glia.io.yaml.YamlDocument;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A recipe of those that run one after the other. A file names them, and nothing else:
///
/// ```yaml
/// stages: [reasoner-drills, reasoner-traces, reasoner-rejection, reasoner-rl]
/// ```
///
/// @param name that of a recipe that comes with the program, or of a file, without its ending
public record RecipeStage(String name, Recipe recipe) {
    private static final String STAGES = "stages";

    /// Reads the stages of a file, or of a recipe that comes with the program; a recipe is a single stage.
    ///
    /// @param overrides words `key=value` for all stages and `STAGE.key=value` for one
    /// @throws CheckpointException if a file cannot be read or is not as described
    /// @throws IllegalArgumentException if an override is wrong
    public static List<RecipeStage> read(String fileOrName, List<String> overrides) throws CheckpointException {
        YamlDocument document = ShippedRecipes.document(fileOrName);
        if (!document.values().containsKey(STAGES)) {
            return List.of(new RecipeStage(name(fileOrName), Recipe.of(document, overrides)));
        }
        List<String> files = files(document);
        List<String> names = files.stream().map(RecipeStage::name).toList();
        List<RecipeStage> stages = new ArrayList<>();
        for (int i = 0; i < files.size(); i++) {
            Path folder = document.origin().toAbsolutePath().getParent();
            Path beside = folder.resolve(files.get(i));
            stages.add(new RecipeStage(names.get(i), ShippedRecipes.read(Files.isRegularFile(beside)
                    ? beside.toString() : files.get(i), ofStage(overrides, names.get(i), names))));
        }
        return stages;
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
            if (names.size() > 1 && word.startsWith(RecipeKeys.OUTPUT.name() + "=")) {
                throw new IllegalArgumentException("'" + word + "' would be the folder of " + names.size()
                        + " stages; give it for one of them, such as " + names.getFirst() + "." + word);
            }
            if (names.stream().noneMatch(other -> word.startsWith(other + "."))) {
                own.add(word);
            }
        }
        overrides.stream().filter(word -> word.startsWith(name + ".")).map(word -> word.substring(name.length() + 1))
                .forEach(own::add);
        return own;
    }
}
