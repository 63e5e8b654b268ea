package glia.train.recipe;

import glia.tensor.kernel.Kernels;
import glia.train.recipe.ShippedRecipes.Shipped;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;

/// Adds tasks to recipes: their keys, data, objective and the recipes that come with the program. Implementations are
/// found by [java.util.ServiceLoader], so a module names its own as
/// `provides glia.train.recipe.RecipeExtension with …` in its `module-info.java` and in
/// `META-INF/services/glia.train.recipe.RecipeExtension`, for the class path.
///
/// Model, tokenizer, optimizer, schedule, checkpoints, records and resumption are those of every task. Its methods but
/// `open` and `conditions` are called before [RecipeKeys] is complete and must not refer to it.
public interface RecipeExtension {
    /// The words of `task:` with a description each: a phrase without a full stop, such as `direct preference
    /// optimization`.
    default Map<String, String> tasks() {
        return Map.of();
    }

    /// The keys that recipes may have besides those of [RecipeKeys]; of sections of its own, made by the factories of
    /// [RecipeKey]. They are for the extension's tasks, or those that `RecipeKey.only` names.
    default List<RecipeKey<?>> keys() {
        return List.of();
    }

    /// What keys need to have an effect, besides their tasks: keys of the extension, or those of [RecipeKeys] with its
    /// tasks. Called when [RecipeKeys] is complete.
    default List<KeyConditions.KeyCondition> conditions() {
        return List.of();
    }

    /// The recipes that come with the program.
    List<Shipped> recipes();

    /// The labels of the head that a task trains, which classifies each token; empty for a language model.
    ///
    /// @param task one of `tasks`
    default List<String> head(String task) {
        return List.of();
    }

    /// The data files that come with the program, which recipes name as `shipped:NAME`, with a phrase each.
    default Map<String, String> data() {
        return Map.of();
    }

    /// Opens one of these files.
    default InputStream openData(String name) {
        throw new IllegalArgumentException(name);
    }

    /// The training data that recipes generate, named as `PREFIX:…`.
    default List<DataGenerator> generators() {
        return List.of();
    }

    /// The models to start from that recipes make, named as `PREFIX:…` in `model.path`.
    default List<ModelGenerator> models() {
        return List.of();
    }

    /// Reads the data of a task and makes what trains it.
    ///
    /// @param task one of `tasks`
    /// @param context model, tokenizer and recipe
    /// @throws IOException if a value of the recipe or a file is not as expected; the message says what and where
    default TaskRun open(String task, TaskContext context) throws IOException {
        throw new IllegalArgumentException(task);
    }

    /// What recipes name as `PREFIX:…` in place of files.
    interface Generator {
        /// What the names begin with in a recipe, before a colon.
        String prefix();

        /// How it is named, for help texts, such as `traces:TASK count=N`.
        String form();

        /// What is made: a phrase without a full stop.
        String summary();
    }

    /// Makes a model to start from that recipes name in `model.path`. An extension has it ([RecipeExtension#models]).
    interface ModelGenerator extends Generator {
        /// Writes a model in the hub's layout.
        ///
        /// @param text what follows the prefix and the colon
        /// @param folder does not exist yet
        /// @param kernels to compute with
        /// @throws IllegalArgumentException if the text is not of the generator's form; the message says what was
        ///     found and expected
        void write(String text, Path folder, Kernels kernels) throws IOException;
    }

    /// Generates training data that recipes name in place of a file. An extension has it
    /// ([RecipeExtension#generators]).
    interface DataGenerator extends Generator {
        /// Reads a name.
        ///
        /// @param text what follows the prefix and the colon
        /// @throws IllegalArgumentException if it is not of this form; the message says what was found and expected
        Lines parse(String text);

        /// The lines of a JSONL file.
        ///
        /// @param name of the file, without its ending
        /// @param count the most lines
        /// @param line the JSON of a line by its number, from 0, or an empty text for none: a pure function, for any
        ///        thread
        record Lines(String name, long count, LongFunction<String> line) { }
    }
}
