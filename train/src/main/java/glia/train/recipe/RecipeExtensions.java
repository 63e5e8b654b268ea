package glia.train.recipe;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;

/// The extensions of recipes, loaded once.
final class RecipeExtensions {
    private static final List<RecipeExtension> ALL = load();

    private RecipeExtensions() { }

    private static List<RecipeExtension> load() {
        List<RecipeExtension> all = new ArrayList<>();
        ServiceLoader.load(RecipeExtension.class, RecipeExtension.class.getClassLoader()).forEach(all::add);
        Set<String> names = new HashSet<>();
        for (RecipeExtension each : all) {
            each.tasks().keySet().forEach(task -> requireNew(names, "task " + task));
            each.keys().forEach(key -> requireNew(names, "key " + key.name()));
            each.recipes().forEach(recipe -> requireNew(names, "recipe " + recipe.name()));
            each.generators().forEach(generator -> requireNew(names, "generator " + generator.prefix()));
            each.models().forEach(model -> requireNew(names, "model " + model.prefix()));
        }
        return List.copyOf(all);
    }

    private static void requireNew(Set<String> names, String name) {
        if (!names.add(name)) {
            throw new IllegalStateException("two extensions of recipes have the " + name);
        }
    }

    static List<RecipeExtension> all() {
        return ALL;
    }

    /// The tasks of all extensions with their descriptions.
    static Map<String, String> tasks() {
        Map<String, String> tasks = new LinkedHashMap<>();
        ALL.forEach(e -> tasks.putAll(e.tasks()));
        return tasks;
    }

    /// The generators of training data of all extensions.
    static List<RecipeExtension.DataGenerator> generators() {
        return ALL.stream().flatMap(e -> e.generators().stream()).toList();
    }

    /// The models to start from that all extensions make.
    static List<RecipeExtension.ModelGenerator> models() {
        return ALL.stream().flatMap(e -> e.models().stream()).toList();
    }

    /// The forms of what is generated, for the description of a key.
    static String forms(List<? extends RecipeExtension.Generator> generators) {
        StringBuilder text = new StringBuilder();
        generators.forEach(g -> text.append("; ").append(g.form()).append(": ").append(g.summary()));
        return text.toString();
    }

    /// The extension with a task.
    static Optional<RecipeExtension> of(String task) {
        return ALL.stream().filter(e -> e.tasks().containsKey(task)).findFirst();
    }
}
