package glia.train.recipe;

import glia.engine.load.MachineMemory;
import glia.engine.training.TrainingOptions;
import glia.io.CheckpointException;
import glia.model.Model;
import glia.model.cost.ParameterCount;
import glia.model.spec.ModelSpec;
import glia.train.memory.TrainingMemory;
import glia.train.recipe.RecipeKeys.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// How long a run trains and how fast: what the recipe says, and for the rest defaults that follow the size of the data
/// and the model.
///
/// | value | default |
/// |---|---|
/// | steps | 3 epochs (1 of texts), but at least 100 updates (1,000) unless these are more than 15 epochs (20) |
/// | warm-up | a twentieth of the steps, at most 100 |
/// | learning rate | of new models 10⁻³; of existing ones 5·10⁻⁵·√(2000 / hidden size), ten times for adapters |
/// | steps between validations | a tenth of the steps, 5 to 250 |
/// | patience | 3 validations where the steps are a default, else none |
///
/// Preferences and rewards have a fifth of the learning rate. With more than 1,000 steps it falls by 1/√steps.
///
/// @param steps updates in all
/// @param learningRate the largest
/// @param warmup steps of linear warm-up
/// @param validateEvery steps between validations; 0 for none but the last
/// @param patience validations without improvement that end the run; 0 for no end
/// @param notes what the user should know
record RunPlan(long steps, double learningRate, long warmup, long validateEvery, long patience, List<String> notes) {
    private static final double NEW_RATE = 1e-3;
    private static final double RATE = 5e-5;
    private static final double WIDTH = 2000;
    private static final double ADAPTER_FACTOR = 10;
    private static final double REWARD_FACTOR = 0.2;
    private static final double STEPS_OF_FULL_RATE = 1000;
    private static final int WARMUP_SHARE = 20;
    private static final int MAX_WARMUP = 100;
    private static final int VALIDATIONS = 10;
    private static final int MIN_VALIDATE = 5;
    private static final int MAX_VALIDATE = 250;
    private static final int PATIENCE = 3;
    private static final int FEW_STEPS = 10;

    /// Whether the data decide how many steps a run has.
    static boolean isOpen(Recipe recipe) {
        return !recipe.has(RecipeKeys.STEPS) && !recipe.has(RecipeKeys.EPOCHS);
    }

    /// @param ranks that train together, or groups of them, each with micro-batches of its own
    static RunPlan of(Recipe recipe, TaskRun task, ModelSpec spec, int ranks) throws CheckpointException {
        long rows = ranks * task.rowsOfUpdate();
        long steps = steps(recipe, task, rows);
        double rate = recipe.find(RecipeKeys.LEARNING_RATE).orElse(rate(recipe, spec, steps));
        long warmup = Math.min(recipe.find(RecipeKeys.WARMUP).orElse(Math.min(MAX_WARMUP, steps / WARMUP_SHARE)),
                steps);
        List<String> notes = new ArrayList<>();
        if (isOpen(recipe)) {
            notes.add(String.format(Locale.ROOT, "%d steps (%.1f epochs), %d of them warm-up, learning rate %.1e; "
                    + "steps, epochs, schedule.warmup and optimizer.learning_rate change them", steps,
                    (double) steps * rows / task.rowsInEpoch(), warmup, rate));
        }
        if (rate == 0) {
            notes.add("optimizer.learning_rate is 0, so nothing is learned");
        } else if (warmup >= steps && steps > 0 && warmup > 0) {
            notes.add("all " + steps + " steps are warm-up, so little is learned; use a smaller schedule.warmup, or "
                    + "more steps or epochs");
        } else if (steps < FEW_STEPS) {
            notes.add(steps + (steps == 1 ? " step is" : " steps are") + " few, so little is learned; more steps or "
                    + "epochs, or smaller batches (batch.sequences) learn more");
        }
        long every = recipe.find(RecipeKeys.VALIDATE_EVERY).orElse(
                (long) Math.clamp(Math.ceilDiv(steps, VALIDATIONS), MIN_VALIDATE, MAX_VALIDATE));
        return new RunPlan(steps, rate, warmup, every,
                recipe.find(RecipeKeys.PATIENCE).orElse(isOpen(recipe) ? (long) PATIENCE : 0L), notes);
    }

    private static long steps(Recipe recipe, TaskRun task, long rows) throws CheckpointException {
        if (recipe.has(RecipeKeys.STEPS)) {
            return recipe.get(RecipeKeys.STEPS);
        }
        double updates = (double) task.rowsInEpoch() / rows;
        if (recipe.has(RecipeKeys.EPOCHS)) {
            return Math.max(1, (long) Math.ceil(recipe.get(RecipeKeys.EPOCHS) * updates));
        }
        boolean isText = KeyConditions.hasTexts(recipe);
        double least = Math.min(isText ? 1000 : 100, updates * (isText ? 20 : 15));
        return Math.max(1, (long) Math.ceil(Math.max(updates * (isText ? 1 : 3), least)));
    }

    private static double rate(Recipe recipe, ModelSpec spec, long steps) throws CheckpointException {
        if (RunModel.isNew(recipe)) {
            return NEW_RATE;
        }
        boolean isExtension = RecipeExtensions.of(recipe.get(RecipeKeys.TASK)).isPresent();
        boolean hasAdapter = recipe.get(RecipeKeys.ADAPTER) != RecipeKeys.AdapterKind.NONE;
        return RATE * Math.sqrt(WIDTH / spec.hiddenSize()) * (hasAdapter ? ADAPTER_FACTOR : 1)
                * (isExtension ? REWARD_FACTOR : 1) * Math.min(1, Math.sqrt(STEPS_OF_FULL_RATE / steps));
    }

    /// Compares the memory of a training step with that of the machine. A system without enough memory kills processes
    /// without a word.
    static final class RunMemory {
        /// Activations of a token are more than this multiple of hidden size times layers; a guess from below.
        private static final long VALUES_PER_LAYER = 8;

        private static final double BYTES_PER_PARAMETER = 16;

        private RunMemory() { }

        /// Checks that a step fits the machine's memory. Batches of examples may be shorter than the context; for these
        /// there is a note.
        ///
        /// @param batch that is computed at once
        /// @param notes receives a warning
        /// @throws CheckpointException if a step of full rows does not fit
        static void check(Recipe recipe, Model model, TrainingOptions options, TaskRun.BatchMemory batch,
                List<String> notes)
                throws CheckpointException {
            long machine = MachineMemory.totalBytes();
            ModelSpec spec = model.spec();
            int sequences = batch.sequences();
            int context = batch.length();
            double guess = (double) sequences * context * spec.hiddenSize() * spec.numLayers() * VALUES_PER_LAYER
                    * Float.BYTES + batch.generation();
            if (guess + ParameterCount.of(spec).total() * BYTES_PER_PARAMETER < machine / 8.0) {
                return;
            }
            long needed = TrainingMemory.of(model, options, RunOptimizer.rule(recipe), sequences, context).total()
                    + batch.generation();
            if (needed <= machine) {
                return;
            }
            String problem
                    = "%d sequences of up to %d tokens need %.1f GB of memory for a step, more than the %.1f GB of "
                    .formatted(sequences, context, needed / 1e9, machine / 1e9) + "this machine; lower " + batch.keys()
                    + ", or set batch.activation_checkpointing; glia plan --this-machine shows which models run here";
            if (recipe.isTask(Task.PRETRAIN) || recipe.isTask(Task.MASK) || recipe.isTask(Task.DIFFUSION)) {
                throw recipe.error(RecipeKeys.SEQUENCES, "is too much: " + problem);
            }
            notes.add(problem);
        }
    }
}
