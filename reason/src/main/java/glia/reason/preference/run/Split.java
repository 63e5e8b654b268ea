package glia.reason.preference.run;

import glia.io.CheckpointException;
import glia.train.data.ChatOptions;
import glia.train.data.HeldOut;
import glia.train.data.ShuffledOrder;
import glia.train.recipe.Recipe;
import glia.train.recipe.RecipeKey;
import glia.train.recipe.RecipeKeys;
import glia.train.recipe.TaskContext;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;

/// Examples for training and validation.
///
/// @param training examples
/// @param validation other examples
/// @param sentence how many there are, for the user
record Split<T>(List<T> training, List<T> validation, String sentence) {
    /// Reads examples.
    @FunctionalInterface
    interface Reader<T> {
        List<T> read(List<Path> files) throws IOException;
    }

    /// Reads the training files, and the validation files or else keeps some training examples for validation.
    ///
    /// @param prompt what two examples of one prompt have in common; they are on one side
    static <T> Split<T> read(TaskContext context, Reader<T> reader, Function<T, ?> prompt) throws IOException {
        Recipe recipe = context.recipe();
        List<T> all = read(context, RecipeKeys.TRAIN, reader);
        if (recipe.has(RecipeKeys.VALIDATION)) {
            List<T> given = read(context, RecipeKeys.VALIDATION, reader);
            return new Split<>(all, given, all.size() + " for training, " + given.size() + " for validation");
        }
        HeldOut<T> parts = HeldOut.of(all, context.validationShare(all.size()), prompt);
        return new Split<>(parts.training(), parts.validation(), parts.sentence());
    }

    private static <T> List<T> read(TaskContext context, RecipeKey<List<String>> key, Reader<T> reader)
            throws IOException {
        List<T> examples = reader.read(context.files(key));
        if (examples.isEmpty()) {
            throw context.recipe().error(key, "has no example that fits the context of " + context.context()
                    + " tokens");
        }
        return examples;
    }

    /// How chats become sequences.
    static ChatOptions chatOptions(TaskContext context) throws CheckpointException {
        return ChatOptions.of(context.context()).with(context.recipe().get(RecipeKeys.TRUNCATE)
                ? ChatOptions.Truncation.CUT : ChatOptions.Truncation.DROP);
    }

    ExampleOrder trainingOrder(TaskContext context) throws CheckpointException {
        return new ExampleOrder(training.size(), context.sequences(), context.seed());
    }

    ExampleOrder validationOrder(TaskContext context) throws CheckpointException {
        return new ExampleOrder(validation.size(), context.sequences(), context.seed());
    }

    /// How many micro-batches of validation there are.
    int validationBatches(TaskContext context) throws CheckpointException {
        return (int) Math.min(context.recipe().get(RecipeKeys.VALIDATE_BATCHES), validationOrder(context).count());
    }

    /// Which examples are in which micro-batch.
    ///
    /// @param size examples in all
    /// @param perBatch of a micro-batch
    record ExampleOrder(int size, int perBatch, long seed) {
        /// Those of a micro-batch of training, shuffled in each epoch.
        int[] training(long index) {
            ShuffledOrder order = new ShuffledOrder(size, seed);
            int count = Math.min(perBatch, size);
            return IntStream.range(0, count).map(i -> Math.toIntExact(order.at(index * count + i))).toArray();
        }

        /// Those of a micro-batch of all examples in their order; the last one may be smaller.
        int[] ordered(long index) {
            return IntStream.range((int) index * perBatch, Math.min(size, ((int) index + 1) * perBatch)).toArray();
        }

        /// How many micro-batches in order there are.
        int count() {
            return (size + perBatch - 1) / perBatch;
        }
    }
}
