package glia.train.recipe;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.Suggestions;
import glia.io.file.HomeFolder;
import glia.io.yaml.YamlDocument;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A recipe of a training run: a YAML file whose keys are those of [RecipeKeys], and overrides `key=value`.
///
/// ```yaml
/// task: sft
/// model: {path: HuggingFaceTB/SmolLM2-135M-Instruct}
/// data: {train: chats.jsonl}
/// adapter: {kind: lora, rank: 8}
/// steps: 100
/// ```
public final class Recipe {
    private final YamlDocument document;
    private final Map<String, Object> values;
    private final Map<String, String> overrides;
    private final Optional<RunFolder> folder;

    private Recipe(YamlDocument document, Map<String, Object> values, Map<String, String> overrides,
            Optional<RunFolder> folder) {
        this.document = document;
        this.values = values;
        this.overrides = overrides;
        this.folder = folder;
    }

    /// The same recipe for a run in a folder, into which data are generated.
    Recipe in(RunFolder run) {
        return new Recipe(document, values, overrides, Optional.of(run));
    }

    /// The same recipe with some values.
    ///
    /// @param words such as `parallel.data=4`; empty ones are ignored
    /// @throws CheckpointException if a value is no YAML
    Recipe with(String... words) throws CheckpointException {
        Map<String, Object> all = new LinkedHashMap<>(values);
        Map<String, String> sources = new LinkedHashMap<>(overrides);
        for (String word : words) {
            if (!word.isEmpty()) {
                String name = word.substring(0, word.indexOf('='));
                all.put(name, YamlDocument.value(Path.of(word), word.substring(name.length() + 1)));
                sources.put(name, word);
            }
        }
        return new Recipe(document, all, sources, folder);
    }

    /// Reads a recipe.
    ///
    /// @param overrides words such as `optimizer.learning_rate=1e-4`
    /// @throws CheckpointException if the file cannot be read, a key is unknown or a value is not of its type; the
    ///     message has the file and line
    /// @throws IllegalArgumentException if an override is wrong
    public static Recipe read(Path file, List<String> overrides) throws CheckpointException {
        return of(YamlDocument.read(file), overrides);
    }

    /// @param document the recipe's YAML
    public static Recipe of(YamlDocument document, List<String> overrides) throws CheckpointException {
        Map<String, Object> values = new LinkedHashMap<>();
        flatten(document, "", document.values(), values);
        Map<String, String> sources = new LinkedHashMap<>();
        for (String word : overrides) {
            int equals = word.indexOf('=');
            String name = equals < 0 ? word : word.substring(0, equals);
            if (equals < 0) {
                throw new IllegalArgumentException("'" + word + "' is no override, expected key=value such as "
                        + "steps=100");
            }
            Object value = YamlDocument.value(Path.of(word), word.substring(equals + 1));
            Optional<RecipeKey<?>> mapping = mapping(name);
            if (mapping.isPresent()) {
                setInside(values, mapping.get().name(), name, value);
                if (name.equals(RecipeKeys.NEW.name() + ".family")) {
                    // A file of the command line lies beside the current folder, not beside the recipe.
                    sources.put(RecipeKeys.NEW.name(), word);
                }
                continue;
            }
            requireKnown(name).ifPresent(problem -> {
                throw new IllegalArgumentException(problem);
            });
            values.put(name, value);
            sources.put(name, word);
        }
        replaceAlternatives(values, overrides.stream().map(word -> word.replaceFirst("=.*", "")).toList());
        Recipe recipe = new Recipe(document, values, sources, Optional.empty());
        for (RecipeKey<?> key : RecipeKeys.all()) {
            recipe.find(key);
        }
        recipe.requireTask(document.values().get(RecipeKeys.TASK.name()));
        GeneratedData.check(recipe);
        return recipe;
    }

    /// Leaves out what the file says in place of what the command line says: steps or epochs, a new model or an
    /// existing one.
    ///
    /// @param names of the overrides
    private static void replaceAlternatives(Map<String, Object> values, List<String> names) {
        List<String> left = new ArrayList<>();
        if (names.contains(RecipeKeys.STEPS.name())) {
            left.add(RecipeKeys.EPOCHS.name());
        } else if (names.contains(RecipeKeys.EPOCHS.name())) {
            left.add(RecipeKeys.STEPS.name());
        }
        boolean isNew = names.stream().anyMatch(name -> name.equals(RecipeKeys.NEW.name())
                || name.equals(RecipeKeys.NEW.name() + ".family") || name.startsWith(RecipeKeys.CONFIG.name()));
        if (names.contains(RecipeKeys.MODEL.name()) && !isNew) {
            RecipeKeys.ofNewModels().forEach(key -> left.add(key.name()));
        } else if (isNew) {
            left.add(RecipeKeys.MODEL.name());
        }
        values.keySet().removeIf(name -> left.contains(name) && !names.contains(name));
    }

    /// The key whose mapping holds an entry, such as `model.new` for `model.new.hidden`.
    private static Optional<RecipeKey<?>> mapping(String name) {
        return RecipeKeys.all().stream().filter(k -> k.isMapping() && name.startsWith(k.name() + ".")).findFirst();
    }

    /// Sets an entry of a mapping, and makes the mappings that hold it unless they are there.
    ///
    /// @param name the name of the entry, such as `model.config.rope_scaling.factor`
    /// @throws IllegalArgumentException if a value that is no mapping is in the way
    private static void setInside(Map<String, Object> values, String key, String name, Object value) {
        String[] words = name.substring(key.length() + 1).split("\\.", -1);
        Map<String, Object> inner = copyOfMapping(values, key, key);
        String at = key;
        for (int i = 0; i < words.length - 1; i++) {
            at += "." + words[i];
            inner = copyOfMapping(inner, words[i], at);
        }
        String last = words[words.length - 1];
        if (last.isEmpty()) {
            throw new IllegalArgumentException("'" + name + "' names no entry of " + key + ", expected a word such as "
                    + key + ".hidden");
        }
        inner.put(last, value);
    }

    /// Replaces a mapping by a copy, which may be changed.
    @SuppressWarnings("unchecked")
    private static Map<String, Object> copyOfMapping(Map<String, Object> of, String word, String name) {
        Object before = of.get(word);
        if (before != null && !(before instanceof Map<?, ?>)) {
            throw new IllegalArgumentException(name + " is " + RecipeKey.shown(before)
                    + ", expected a mapping, of which an entry could be set");
        }
        Map<String, Object> copy = before == null ? new LinkedHashMap<>()
                : new LinkedHashMap<>((Map<String, Object>) before);
        of.put(word, copy);
        return copy;
    }

    /// Checks that all keys have an effect on the task. If an override changes the task, the file's keys for its own
    /// task are left out.
    ///
    /// @param written the task that the file names, or null
    private void requireTask(Object written) throws CheckpointException {
        String task = get(RecipeKeys.TASK);
        boolean isChanged = overrides.containsKey(RecipeKeys.TASK.name());
        String before = isChanged && written != null ? written.toString() : RecipeKeys.TASK.initial().orElseThrow();
        for (RecipeKey<?> key : RecipeKeys.all()) {
            if (!has(key) || key.isFor(task)) {
                continue;
            }
            boolean isOverride = overrides.containsKey(key.name());
            if (isChanged && !isOverride && key.isFor(before)) {
                values.remove(key.name());
                continue;
            }
            String problem = "is set, but task: " + task + " does not use it; it is for " + String.join(", ",
                    key.tasks()) + ". Remove it";
            if (isOverride) {
                throw new IllegalArgumentException(key.name() + " " + problem);
            }
            throw error(key, problem);
        }
    }

    /// Mappings whose name is a section become keys `section.word`.
    private static void flatten(YamlDocument document, String prefix, Map<String, Object> from, Map<String, Object> to)
            throws CheckpointException {
        for (Map.Entry<String, Object> e : from.entrySet()) {
            String name = prefix + e.getKey();
            if (name.equals(RecipeStage.GRID)) {
                continue;
            }
            boolean section = RecipeKeys.all().stream().anyMatch(k -> k.section().equals(name));
            if (section && e.getValue() instanceof Map<?, ?>) {
                @SuppressWarnings("unchecked")
                Map<String, Object> inner = (Map<String, Object>) e.getValue();
                flatten(document, name + ".", inner, to);
            } else if (section) {
                if (e.getValue() != null) {
                    throw document.error(name, "is " + RecipeKey.shown(e.getValue()) + ", expected a mapping with "
                            + words(name));
                }
            } else {
                Optional<String> problem = requireKnown(name);
                if (problem.isPresent()) {
                    throw document.error(name, problem.get());
                }
                if (to.containsKey(name)) {
                    throw document.error(name, "is set twice, as " + name + " and within " + name.substring(0,
                            name.lastIndexOf('.')) + "; remove one of them");
                }
                to.put(name, e.getValue());
            }
        }
    }

    private static String words(String section) {
        return String.join(", ", RecipeKeys.all().stream().filter(k -> k.section().equals(section))
                .map(k -> k.name().substring(section.length() + 1)).toList());
    }

    private static Optional<String> requireKnown(String name) {
        List<String> known = RecipeKeys.all().stream().map(k -> k.name()).toList();
        if (known.contains(name)) {
            return Optional.empty();
        }
        // A word of another section, such as `learning_rate`, is a common mistake.
        Optional<String> elsewhere = known.stream().filter(k -> k.endsWith("." + name)).findFirst();
        String hint = elsewhere.map(k -> ". Did you mean " + k + "?").orElseGet(() -> {
            String suggestion = Suggestions.sentence(name, known);
            return suggestion.isEmpty() ? "; glia train --explain lists all keys" : "." + suggestion;
        });
        return Optional.of("there is no key " + name + hint);
    }

    /// The file.
    public Path origin() {
        return document.origin();
    }

    /// The value of a key, or its default.
    ///
    /// @throws CheckpointException if it has neither, or the value is not of the key's type
    public <T> T get(RecipeKey<T> key) throws CheckpointException {
        Optional<T> value = find(key);
        if (value.isEmpty()) {
            throw error(key, "is missing, expected " + key.type() + ": " + key.description());
        }
        return value.get();
    }

    /// The value of a key, or its default; empty if it has neither.
    public <T> Optional<T> find(RecipeKey<T> key) throws CheckpointException {
        Object value = values.get(key.name());
        if (value == null) {
            return key.initial();
        }
        try {
            return Optional.of(key.parse(value));
        } catch (IllegalArgumentException e) {
            if (overrides.containsKey(key.name())) {
                throw e;
            }
            throw document.error(key.name(), e.getMessage().substring(key.name().length() + 1));
        }
    }

    /// The value of a key as a config, whose errors have the lines of the recipe.
    Config config(RecipeKey<Map<String, Object>> key) throws CheckpointException {
        return Config.of(document.origin(), get(key), inner -> document.where(key.name() + "." + inner));
    }

    /// Whether this is the recipe's task.
    public boolean isTask(RecipeKeys.Task task) throws CheckpointException {
        return get(RecipeKeys.TASK).equals(RecipeKey.word(task));
    }

    /// Whether the recipe or an override sets a key.
    public boolean has(RecipeKey<?> key) {
        return values.get(key.name()) != null;
    }

    /// Whether the command line sets a key.
    boolean isOverridden(RecipeKey<?> key) {
        return overrides.containsKey(key.name());
    }

    /// A sentence for each key that has no effect with the values of others, such as `adapter.rank` without adapters.
    ///
    /// @throws CheckpointException if a value is not of its type
    public List<String> unused() throws CheckpointException {
        return KeyConditions.unused(this);
    }

    /// An exception about the value of a key, with its place.
    public CheckpointException error(RecipeKey<?> key, String problem) {
        return overrides.containsKey(key.name())
                ? document.errorElsewhere("overridden key " + key.name(), problem)
                : document.error(key.name(), problem);
    }

    /// All values that are set, by key, with overrides applied.
    public Map<String, Object> values() {
        return values;
    }

    /// The folder of the run.
    ///
    /// @throws CheckpointException if the recipe names none
    public Path output() throws CheckpointException {
        String written = get(RecipeKeys.OUTPUT);
        if (written.isBlank()) {
            throw error(RecipeKeys.OUTPUT, "is empty, expected the name of a folder");
        }
        return HomeFolder.path(written);
    }

    /// A path in the recipe, relative to the folder of its file unless it is absolute or an override. A file that comes
    /// with the program, such as `shipped:chats.jsonl`, is copied to a temporary file. Generated data are written into
    /// the folder of the run, once.
    ///
    /// @throws CheckpointException if no such file comes with the program, it cannot be copied, or data cannot be
    ///     generated
    public Path path(RecipeKey<?> key, String written) throws CheckpointException {
        if (GeneratedData.isNamed(written)) {
            return GeneratedData.write(this, key, written, folder.orElseThrow());
        }
        if (ShippedData.isNamed(written)) {
            try {
                return ShippedData.copy(written);
            } catch (IllegalArgumentException e) {
                throw error(key, e.getMessage());
            } catch (IOException e) {
                throw error(key, "names '" + written + "', which cannot be copied to a temporary file: " + e);
            }
        }
        Path path = HomeFolder.path(written);
        Path folder = document.origin().toAbsolutePath().getParent();
        return path.isAbsolute() || overrides.containsKey(key.name()) || folder == null ? path
                : folder.resolve(path);
    }
}
