package glia.train.recipe;

import glia.train.recipe.ShippedRecipes.Shipped;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;

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
    default List<KeyCondition> conditions() {
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

    /// Reads the data of a task and makes what trains it.
    ///
    /// @param task one of `tasks`
    /// @param context model, tokenizer and recipe
    /// @throws IOException if a value of the recipe or a file is not as expected; the message says what and where
    default TaskRun open(String task, TaskContext context) throws IOException {
        throw new IllegalArgumentException(task);
    }
}
