package glia.reason.preference.run;

import glia.reason.preference.BcoLoss;
import glia.reason.preference.KtoLoss;
import glia.reason.preference.RunningMoments;
import glia.reason.preference.Scored;
import glia.tensor.autograd.Value;

/// A loss of completions that are desirable or not.
sealed interface UnpairedRule {
    /// The loss of a batch.
    ///
    /// @param sums log-probabilities of completions
    /// @param inputs what else it takes
    /// @param isTraining whether running means take the batch into account
    Scored score(Value sums, Inputs inputs, boolean isTraining);

    /// Whether the loss takes the mean log-ratio of mismatched completions.
    boolean takesMismatched();

    /// @param reference log-probabilities under the reference model
    /// @param weights by completion
    /// @param kl the mean log-ratio of mismatched completions, if the loss takes it
    record Inputs(float[] reference, boolean[] isDesirable, float[] weights, double kl) { }

    record Kto(KtoLoss loss) implements UnpairedRule {
        @Override
        public Scored score(Value sums, Inputs inputs, boolean isTraining) {
            return loss.of(sums, inputs.reference, inputs.isDesirable, inputs.kl);
        }

        @Override
        public boolean takesMismatched() {
            return loss.isAnchored();
        }
    }

    /// @param moments of the rewards of all batches of training
    record Bco(BcoLoss loss, RunningMoments moments) implements UnpairedRule {
        @Override
        public Scored score(Value sums, Inputs inputs, boolean isTraining) {
            Value rewards = loss.rewards(sums, inputs.reference);
            if (isTraining) {
                double[] values = new double[rewards.tensor().rows()];
                for (int i = 0; i < values.length; i++) {
                    values[i] = rewards.tensor().get(i);
                }
                moments.add(values);
            }
            return loss.of(rewards, inputs.isDesirable, inputs.weights, moments.mean());
        }

        @Override
        public boolean takesMismatched() {
            return false;
        }
    }
}
