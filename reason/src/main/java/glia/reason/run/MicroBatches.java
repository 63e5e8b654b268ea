package glia.reason.run;

import glia.engine.training.Predictions;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingPass;
import glia.reason.rollout.Rollout;
import glia.tensor.autograd.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/// Divides rollouts into micro-batches by their tokens, so that the memory of a pass is bounded.
final class MicroBatches {
    private MicroBatches() { }

    /// Divides rollouts, in their order. A rollout of more tokens than the limit is a micro-batch of its own.
    ///
    /// @param which numbers of rollouts
    static List<List<Integer>> of(List<Rollout> rollouts, List<Integer> which, int maxTokens) {
        List<List<Integer>> batches = new ArrayList<>();
        long tokens = 0;
        for (int i : which) {
            int length = rollouts.get(i).prompt().ids().length + rollouts.get(i).tokens().length;
            if (batches.isEmpty() || tokens + length > maxTokens) {
                batches.add(new ArrayList<>());
                tokens = 0;
            }
            batches.getLast().add(i);
            tokens += length;
        }
        return batches;
    }

    /// The rollouts as a batch whose rows are their sampled tokens.
    static TokenBatch tokens(List<Rollout> rollouts, List<Integer> which) {
        TokenBatch batch = new TokenBatch();
        for (int i : which) {
            batch.add(rollouts.get(i).input(), rollouts.get(i).mask());
        }
        return batch;
    }

    /// What is computed for each row of a batch, `[N, 1]`.
    @FunctionalInterface
    interface RowValues {
        Value of(Predictions predictions);
    }

    /// A number for each sampled token of each rollout, end to end, without gradients.
    static double[] evaluate(TrainingPass pass, List<Rollout> rollouts, int maxTokens, RowValues values) {
        List<Integer> which = IntStream.range(0, rollouts.size()).filter(i -> rollouts.get(i).numSampled() > 0)
                .boxed().toList();
        DoubleStream.Builder all = DoubleStream.builder();
        for (List<Integer> part : of(rollouts, which, maxTokens)) {
            pass.evaluate(tokens(rollouts, part), p -> {
                Value column = values.of(p);
                for (int n = 0; n < column.tensor().size(); n++) {
                    all.add(column.tensor().get(n));
                }
                return column.sum();
            });
        }
        return all.build().toArray();
    }
}
