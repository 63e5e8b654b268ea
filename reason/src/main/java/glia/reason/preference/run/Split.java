package glia.reason.preference.run;

import glia.io.CheckpointException;
import glia.reason.preference.run.PreferenceObjective.PreferenceBatch.Source;
import glia.reason.preference.run.PreferenceObjective.PreferenceBatch;
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
        /// Micro-batches of training, shuffled in each epoch.
        Source training(Function<int[], PreferenceBatch> batch) {
            int count = Math.min(perBatch, size);
            return index -> {
                ShuffledOrder order = new ShuffledOrder(size, seed);
                return batch.apply(IntStream.range(0, count).map(i -> Math.toIntExact(order.at(index * count + i)))
                        .toArray());
            };
        }

        /// Micro-batches of all examples in their order.
        Source ordered(Function<int[], PreferenceBatch> batch) {
            return index -> batch.apply(ordered(index));
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

    /// Numbers of examples under the reference model, computed with each micro-batch, or once for all before.
    static final class ReferenceNumbers {
        private final Function<int[], float[]> live;
        /// By example, if computed before.
        private float[][] stored = {};

        /// @param live the numbers of some examples: the first of each, then the second of each
        ReferenceNumbers(Function<int[], float[]> live) {
            this.live = live;
        }

        /// Computes those of all examples, after which the reference model is not needed any more.
        void compute(ExampleOrder order) {
            float[][] all = new float[order.size()][];
            for (int i = 0; i < order.count(); i++) {
                int[] numbers = order.ordered(i);
                float[] found = live.apply(numbers);
                for (int k = 0; k < numbers.length; k++) {
                    all[numbers[k]] = new float[found.length / numbers.length];
                    for (int j = 0; j < all[numbers[k]].length; j++) {
                        all[numbers[k]][j] = found[j * numbers.length + k];
                    }
                }
            }
            stored = all;
        }

        float[] of(int... numbers) {
            if (stored.length == 0) {
                return live.apply(numbers);
            }
            float[] found = new float[numbers.length * stored[numbers[0]].length];
            for (int i = 0; i < found.length; i++) {
                found[i] = stored[numbers[i % numbers.length]][i / numbers.length];
            }
            return found;
        }
    }
}
