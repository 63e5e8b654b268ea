package glia.train.recipe;

import glia.engine.load.MachineMemory;
import glia.engine.training.TrainingOptions;
import glia.io.CheckpointException;
import glia.model.Model;
import glia.model.cost.ParameterCount;
import glia.model.spec.ModelSpec;
import glia.train.memory.TrainingMemory;
import glia.train.recipe.RecipeKeys.Task;
import java.util.List;

/// Compares the memory of a training step with that of the machine. A system without enough memory kills processes
/// without a word.
final class RunMemory {
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
        String problem = "%d sequences of up to %d tokens need %.1f GB of memory for a step, more than the %.1f GB of "
                .formatted(sequences, context, needed / 1e9, machine / 1e9) + "this machine; lower " + batch.keys()
                + ", or set batch.activation_checkpointing";
        if (recipe.isTask(Task.PRETRAIN) || recipe.isTask(Task.MASK)) {
            throw recipe.error(RecipeKeys.SEQUENCES, "is too much: " + problem);
        }
        notes.add(problem);
    }
}
