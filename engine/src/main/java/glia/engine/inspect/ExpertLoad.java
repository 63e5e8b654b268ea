package glia.engine.inspect;

import java.util.Arrays;

/// How often each expert of a layer was chosen: the load balance of a mixture of experts
/// ([Switch Transformers](https://arxiv.org/abs/2101.03961)).
///
/// @param layer its number in the checkpoint
/// @param counts how often each expert was chosen
public record ExpertLoad(int layer, long[] counts) {
    /// All choices: tokens times experts a token.
    public long numChoices() {
        return Arrays.stream(counts).sum();
    }

    /// The fraction of choices of an expert.
    public double share(int expert) {
        return numChoices() == 0 ? 0 : (double) counts[expert] / numChoices();
    }

    /// The entropy of the fractions in bits: 0 if one expert has all, `log₂ X` if all X have the same.
    public double entropy() {
        double sum = 0;
        for (int e = 0; e < counts.length; e++) {
            double share = share(e);
            sum -= share == 0 ? 0 : share * Math.log(share) / Math.log(2);
        }
        return sum;
    }

    /// The count of the most chosen expert relative to the mean: 1 if all have the same.
    public double imbalance() {
        return numChoices() == 0 ? 1 : share(mostChosen()) * counts.length;
    }

    /// The most chosen expert, the first of equal ones.
    public int mostChosen() {
        int most = 0;
        for (int e = 1; e < counts.length; e++) {
            most = counts[e] > counts[most] ? e : most;
        }
        return most;
    }

    /// The number of experts that were never chosen.
    public int numUnused() {
        return (int) Arrays.stream(counts).filter(count -> count == 0).count();
    }
}
