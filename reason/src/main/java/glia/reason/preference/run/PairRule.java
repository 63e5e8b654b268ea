package glia.reason.preference.run;

import glia.reason.preference.CompletionLogProbs;
import glia.reason.preference.CpoLoss;
import glia.reason.preference.DpoLoss;
import glia.reason.preference.OrpoLoss;
import glia.reason.preference.Scored;
import java.util.Optional;

/// A loss of pairs.
sealed interface PairRule {
    /// The loss of a batch.
    ///
    /// @param reference log-probabilities under the reference model, if the loss takes them
    Scored score(CompletionLogProbs policy, float[] reference);

    /// Whether tokens of chosen prompts are rows of a batch.
    default boolean trainsPrompts() {
        return false;
    }

    /// Whether the sums of squared probabilities are needed.
    default boolean needsSquares() {
        return false;
    }

    /// The loss, if it takes a reference model.
    default Optional<DpoLoss> referenced() {
        return Optional.empty();
    }

    record Dpo(DpoLoss loss) implements PairRule {
        @Override
        public Scored score(CompletionLogProbs policy, float[] reference) {
            return loss.of(policy, reference);
        }

        @Override
        public boolean needsSquares() {
            return loss.weighted();
        }

        @Override
        public Optional<DpoLoss> referenced() {
            return Optional.of(loss);
        }
    }

    record Cpo(CpoLoss loss) implements PairRule {
        @Override
        public Scored score(CompletionLogProbs policy, float[] reference) {
            return loss.of(policy);
        }
    }

    record Orpo(OrpoLoss loss) implements PairRule {
        @Override
        public Scored score(CompletionLogProbs policy, float[] reference) {
            return loss.of(policy);
        }

        @Override
        public boolean trainsPrompts() {
            return true;
        }
    }
}
