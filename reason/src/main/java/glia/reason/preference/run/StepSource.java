package glia.reason.preference.run;

import glia.engine.training.Predictions;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingPass;
import glia.reason.preference.ProcessRewardLoss;
import glia.reason.preference.Scored;
import glia.reason.preference.StepLabels;
import glia.tensor.autograd.Value;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// Micro-batches of solutions with labels of steps, for a process reward model.
record StepSource(List<StepLabels> solutions, ExampleOrder order) {
    /// Micro-batches of training.
    PreferenceBatch.Source training() {
        return index -> new Batch(order.training(index));
    }

    /// Micro-batches of all solutions in their order.
    PreferenceBatch.Source ordered() {
        return index -> new Batch(order.ordered(index));
    }

    private final class Batch implements PreferenceBatch {
        private final TokenBatch tokens = new TokenBatch();

        /// Rows are the tokens with a label.
        Batch(int[] numbers) {
            IntStream.of(numbers).mapToObj(solutions::get).forEach(s -> {
                float[] weights = new float[s.labels().length];
                int[] targets = new int[weights.length];
                Arrays.fill(targets, TokenBatch.NO_TARGET);
                for (int i = 0; i < weights.length; i++) {
                    if (s.labels()[i] != StepLabels.NONE) {
                        weights[i] = 1;
                        targets[i] = s.labels()[i];
                    }
                }
                tokens.addTargets(s.ids(), targets, weights);
            });
        }

        @Override
        public TokenBatch tokens() {
            return tokens;
        }

        @Override
        public double weight() {
            return tokens.numRows();
        }

        @Override
        public void prepare(TrainingPass policy) { }

        @Override
        public Scored score(Predictions p) {
            Value scores = p.logits();
            int[] labels = p.batch().targets();
            return new Scored(ProcessRewardLoss.of(scores, labels), new double[0], new double[0],
                    Map.of("accuracy", ProcessRewardLoss.accuracy(scores, labels)));
        }
    }
}
