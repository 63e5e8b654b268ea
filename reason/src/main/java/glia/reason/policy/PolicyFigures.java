package glia.reason.policy;

import glia.reason.policy.loss.ClipFigures;
import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import glia.tensor.autograd.Value;
import java.util.Arrays;
import java.util.Optional;

/// What a micro-batch shows of the training. Means are over tokens.
///
/// @param loss its part of the step's loss
/// @param policyLoss without KL and entropy
/// @param kl mean KL estimate in the loss, 0 without one
/// @param entropy mean entropy, NaN if it was not computed
/// @param keptEntropy mean entropy of the tokens that have a policy loss
/// @param approximateKl mean of the old minus the new log-probabilities, which estimates KL(old‖new)
/// @param clip shares of clipped tokens
/// @param tokens number of tokens
/// @param keptTokens number of those that have a policy loss
public record PolicyFigures(double loss, double policyLoss, double kl, double entropy, double keptEntropy,
        double approximateKl, ClipFigures clip, int tokens, int keptTokens) {
    static PolicyFigures of(RolloutColumns batch, Value logProbs, double[] entropies, ClipFigures clip,
            Optional<Value> kl, double loss, double policyLoss) {
        double[] old = batch.get(Column.OLD);
        double[] now = logProbs.numbers();
        double moved = 0;
        double keptSum = 0;
        int keptCount = 0;
        for (int n = 0; n < now.length; n++) {
            moved += old.length == 0 ? 0 : old[n] - now[n];
            if (batch.isKept(n)) {
                keptSum += entropies.length > 0 ? entropies[n] : 0;
                keptCount++;
            }
        }
        boolean measured = entropies.length > 0 || now.length == 0;
        return new PolicyFigures(loss, policyLoss, kl.map(value -> mean(value.numbers())).orElse(0.0),
                measured ? mean(entropies) : Double.NaN, measured ? keptSum / Math.max(1, keptCount) : Double.NaN,
                moved / Math.max(1, now.length), clip, now.length, keptCount);
    }

    /// All of them, for other ranks.
    public double[] numbers() {
        return new double[] {loss, policyLoss, kl, entropy, keptEntropy, approximateKl, tokens, keptTokens, clip.low(),
            clip.high(), clip.any(), clip.lowMin(), clip.highMax(), clip.further()};
    }

    /// The figures of these numbers.
    public static PolicyFigures ofNumbers(double... n) {
        return new PolicyFigures(n[0], n[1], n[2], n[3], n[4], n[5], new ClipFigures(n[8], n[9], n[10], n[11],
                n[12], n[13]), (int) n[6], (int) n[7]);
    }

    private static double mean(double[] numbers) {
        return Arrays.stream(numbers).sum() / Math.max(1, numbers.length);
    }
}
