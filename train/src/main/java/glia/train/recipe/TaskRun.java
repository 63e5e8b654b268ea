package glia.train.recipe;

import glia.engine.training.Loss;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.tensor.Tensor;
import glia.tensor.ops.Weight;
import glia.train.run.Objective;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongFunction;
import java.util.function.UnaryOperator;

/// The task of a run: its data and its objective.
public interface TaskRun extends AutoCloseable {
    /// The objective.
    ///
    /// @param change adds the losses of routers of experts and of multi-token prediction; apply it to each loss whose
    ///     gradients are computed, not to those of validation
    Objective objective(UnaryOperator<Loss> change) throws CheckpointException;

    /// Weights that are trained besides the model's, by name, such as a value head. Checkpoints hold them.
    default Map<String, Weight.Stored> weights() {
        return Map.of();
    }

    /// Numbers that steps change besides weights, by name, such as running means. Checkpoints hold them.
    default Map<String, Tensor> state() {
        return Map.of();
    }

    /// What a step computes at once, for estimates of its memory.
    ///
    /// @param sequences of a micro-batch, at most
    /// @param length tokens of each, at most
    /// @param generation bytes besides: the KV cache of rollouts, and further models
    /// @param keys that make it smaller
    record BatchMemory(int sequences, int length, long generation, String keys) {
        private static final String KEYS = "batch.sequences or batch.context";
        /// Micro-batches of which the largest is taken.
        private static final int PROBED_BATCHES = 1000;
        /// Tokens of a text that is predicted.
        private static final int LEAST_LENGTH = 2;

        /// Sequences that have so many tokens at most.
        static BatchMemory of(int sequences, int length) {
            return new BatchMemory(sequences, length, 0, KEYS);
        }

        /// The micro-batch with the most tokens among the first ones: their number is that of texts of one length.
        ///
        /// @param numBatches how many there are
        public static BatchMemory ofLargest(long numBatches, LongFunction<TokenBatch> batches, long generation) {
            int most = 0;
            int texts = 1;
            for (long i = 0; i < Math.min(PROBED_BATCHES, numBatches); i++) {
                TokenBatch batch = batches.apply(i);
                if (batch.numTokens() > most) {
                    most = batch.numTokens();
                    texts = batch.numSequences();
                }
                batch.release();
            }
            return new BatchMemory(texts, Math.max(LEAST_LENGTH, Math.ceilDiv(most, texts)), generation, KEYS);
        }
    }

    /// What a step computes at once; empty for `batch.sequences` sequences of `batch.context` tokens.
    default Optional<BatchMemory> batchMemory() throws CheckpointException {
        return Optional.empty();
    }

    /// A small part of a step, by which estimates measure the time of a whole one.
    ///
    /// @param objective whose step is the part
    /// @param tokens of a whole step, at most; 0 if the part is all of it
    record Probe(Objective objective, long tokens) {
        /// Steps that are measured at most: the first ones are slow until the JIT compiler is done.
        private static final int MAX_STEPS = 200;
        private static final long NANOS = 5_000_000_000L;
        /// Steps that are measured if they take no longer than this together: one alone is slower by a half.
        private static final int FEW_STEPS = 3;
        private static final long MOST_NANOS = 60_000_000_000L;

        /// @param tokens of a whole step
        /// @param seconds that it takes
        record Time(long tokens, double seconds) { }

        /// The time of a whole step, the median of the last third of some parts. Gradients are those of the last one.
        Time measure(TrainingPass pass) {
            long found = 0;
            List<Double> seconds = new ArrayList<>();
            long begin = System.nanoTime();
            long passed = 0;
            while (seconds.isEmpty() || seconds.size() < MAX_STEPS && passed < NANOS
                    || seconds.size() < FEW_STEPS && passed < MOST_NANOS) {
                pass.zeroGradients();
                found = objective.accumulate(pass, 0).tokens();
                long now = System.nanoTime() - begin;
                seconds.add((now - passed) / 1e9);
                passed = now;
            }
            List<Double> last = seconds.subList(seconds.size() * 2 / 3, seconds.size()).stream().sorted().toList();
            long whole = tokens > 0 ? tokens : found;
            return new Time(whole, last.get(last.size() / 2) * whole / Math.max(1, found));
        }
    }

    /// What an estimate measures in place of whole steps, where these take long; empty for whole steps.
    default Optional<Probe> probe() {
        return Optional.empty();
    }

    /// Rows of data, such as examples or prompts, in all.
    long rowsInEpoch();

    /// Rows that an update takes.
    long rowsOfUpdate() throws CheckpointException;

    /// Whether the ranks share the rows of an update, in place of as many for each.
    default boolean sharesRows() {
        return false;
    }

    /// Training tokens of all data; 0 where they are generated.
    long tokensInEpoch();

    /// What the user should know of the data, such as dropped examples.
    default List<String> notes() {
        return List.of();
    }

    /// A question to the trained model, as `glia run` asks it.
    ///
    /// @param prompt the text
    /// @param system the system prompt; empty for none
    /// @param isRaw whether the prompt is continued without the chat template of the model
    /// @param expected the right answer; empty if there is none
    record Question(String prompt, String system, boolean isRaw, String expected) { }

    /// A question of the kind that the task trains; empty if the model does not answer in text.
    default Optional<Question> question() {
        return Optional.empty();
    }

    /// Closes files and models.
    @Override
    void close();
}
