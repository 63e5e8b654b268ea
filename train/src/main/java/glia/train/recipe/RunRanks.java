package glia.train.recipe;

import glia.engine.training.PipelineStages;
import glia.engine.training.Reduction;
import glia.io.CheckpointException;
import glia.model.Model;
import glia.tensor.ops.RankGroup;
import glia.tensor.ops.Weight;
import glia.tensor.ops.attention.ContextParallel;
import glia.train.run.Trainer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// The ranks that train a run together, seen from one of them. Rank 0 makes and writes the folder of the run, which all
/// ranks read; checkpoints, records and the result are its own.
public interface RunRanks {
    /// One rank alone.
    RunRanks ONE = new RunRanks() {
        @Override
        public List<String> all(String ofRank) {
            return List.of(ofRank);
        }

        @Override
        public void agree(String failure) { }

        @Override
        public Reduction reduction() {
            return Reduction.NONE;
        }
    };

    /// The texts of all ranks, in the order of the ranks.
    List<String> all(String ofRank);

    /// Ends the run on all ranks if one of them failed, without an error on the others.
    ///
    /// @param failure of this rank, which then throws what failed; empty for none
    /// @throws RuntimeException if another rank failed and this one did not
    void agree(String failure);

    /// Adds up what the ranks compute.
    Reduction reduction();

    /// Outer steps, by which the weights of ranks that train by themselves are averaged.
    ///
    /// @param every steps between those of a fragment of the weights
    /// @param rate η, their learning rate
    /// @param momentum μ
    /// @param bits of the numbers that are sent: 32, 8 or 4
    /// @param fragments parts of the weights, whose outer steps come one after the other
    /// @param overlap steps for which what is sent is under way
    /// @param mix α, the part of a rank's own weights that stays where ranks train on meanwhile
    /// @param whole steps between those after which all weights are averaged at once, as checkpoints need it
    /// @param last the last step, after which they are, too
    record Outer(long every, double rate, double momentum, int bits, int fragments, long overlap, double mix,
            long whole, long last) {
        /// Whether a fragment takes an outer step after a step.
        public boolean isDue(long step, int fragment) {
            return (step - every * fragment / fragments) % every == 0 && step >= every;
        }

        /// Whether all weights are averaged after a step.
        public boolean isWhole(long step) {
            return step % whole == 0 || step == last;
        }
    }

    /// Begins another run: nothing is divided, and no gradients were added up.
    default void restart() { }

    /// Lets ranks train by themselves, with outer steps.
    ///
    /// @param weights by name
    /// @param trainer gets what happens after a step, and what checkpoints hold
    default void average(Map<String, Weight.Stored> weights, Outer outer, Trainer trainer) { }

    /// Ranks train by themselves: `reduction` adds up no gradients from now on.
    default void stepAlone() { }

    /// Lets groups of ranks share the tokens of each micro-batch from now on.
    ///
    /// @param size of a group, by which the number of ranks can be divided
    default void shareContext(int size, ContextParallel.Method method) { }

    /// Gives each of `size` ranks in a row a part of each layer from now on, before they have some layers each or share
    /// contexts.
    ///
    /// @param isSequence whether each has some rows of the residual stream, too
    /// @return this rank's part of the model
    /// @throws IllegalArgumentException if the model cannot be divided so
    default Model divide(Model model, int size, boolean isSequence) {
        throw new IllegalArgumentException("one rank has nothing to share");
    }

    /// Gives each of `size` ranks in a row some experts of each layer from now on.
    ///
    /// @throws IllegalArgumentException if the model cannot be divided so
    default void divideExperts(Model model, int size) {
        throw new IllegalArgumentException("one rank has nothing to share");
    }

    /// Leaves the generation of rollouts to the last ranks from now on.
    ///
    /// @param count of these
    /// @param weights that the others send to them
    default void leaveRollouts(int count, List<Weight.Stored> weights) { }

    /// Gives ranks some layers each from now on, before they share contexts.
    default void pipeline(PipelineStages stages) { }

    /// The ranks, for what they compute together.
    default RankGroup members() {
        return RankGroup.ONE;
    }

    /// The number of this rank, from 0.
    default int rank() {
        return reduction().rank();
    }

    /// The number of ranks.
    default int size() {
        return reduction().size();
    }

    /// Something that may fail, on one rank.
    interface Part<T> {
        T make() throws IOException;
    }

    /// Makes something on all ranks, or on none.
    ///
    /// @param undo what is done with it on this rank if it fails on another
    default <T> T together(Part<T> part, Consumer<T> undo) throws IOException {
        T made = null;
        Exception failure = null;
        try {
            made = part.make();
        } catch (IOException | RuntimeException e) {
            failure = e;
        }
        try {
            agree(failure == null ? "" : String.valueOf(failure.getMessage()));
        } catch (RuntimeException e) {
            if (made != null) {
                undo.accept(made);
            }
            // Others may end because of this failure while this rank still waits for them.
            if (failure == null) {
                throw e;
            }
        }
        switch (failure) {
            case null -> { }
            case IOException e -> throw e;
            case RuntimeException e -> throw e;
            default -> throw new IllegalStateException(failure);
        }
        return made;
    }

    /// Requires that all ranks have the same texts, such as recipes.
    ///
    /// @param what the texts are
    /// @throws CheckpointException on rank 0, if a rank has another one
    default void requireSame(Path file, String what, String ofRank, String advice) throws IOException {
        List<String> texts = new ArrayList<>(all(ofRank));
        together(() -> {
            for (int r = 1; r < texts.size() && rank() == 0; r++) {
                if (!texts.get(r).equals(texts.getFirst())) {
                    throw new CheckpointException(file, "", "rank " + r + " has other " + what + ", "
                            + texts.get(r) + ", than rank 0, " + texts.getFirst() + "; " + advice);
                }
            }
            return "";
        }, made -> { });
    }
}
