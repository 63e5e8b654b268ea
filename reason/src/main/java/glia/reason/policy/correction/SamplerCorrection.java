package glia.reason.policy.correction;

import glia.reason.rollout.RolloutColumns;

/// Importance weights for the difference between the policy as training computes it and as the sampler did, as in TRL:
/// `w = exp(o - s)` of the log-probabilities of both, for each token or for the sums of each sequence. Weights out of
/// range are cut (truncated importance sampling) or set to 0 (masked importance sampling,
/// https://arxiv.org/abs/2510.18855).
///
/// @param isPerSequence whether there is one weight for each sequence
/// @param isMasked whether weights out of range become 0; else they are cut
/// @param least lower end of the range, 0 for none
/// @param most upper end of the range, 3 in TRL, ∞ for none
public record SamplerCorrection(boolean isPerSequence, boolean isMasked, double least, double most) {
    /// @throws IllegalArgumentException if the range is empty
    public SamplerCorrection {
        if (!(least <= most)) {
            throw new IllegalArgumentException("range of importance weights: found " + least + " to " + most
                    + ", expected an upper end of at least the lower one");
        }
    }

    /// The rule of a mode: `token_truncate`, `token_mask`, `sequence_truncate` or `sequence_mask`.
    ///
    /// @throws IllegalArgumentException if there is no such mode
    public static SamplerCorrection of(String mode, double least, double most) {
        return switch (mode) {
            case "token_truncate" -> new SamplerCorrection(false, false, least, most);
            case "token_mask" -> new SamplerCorrection(false, true, least, most);
            case "sequence_truncate" -> new SamplerCorrection(true, false, least, most);
            case "sequence_mask" -> new SamplerCorrection(true, true, least, most);
            default -> throw new IllegalArgumentException("sampler correction: found \"" + mode + "\", expected "
                    + "token_truncate, token_mask, sequence_truncate or sequence_mask");
        };
    }

    /// The weights of rows or sequences. A log-probability that is not a number counts as no difference.
    ///
    /// @param tokens with log-probabilities under the policy and as the sampler computed them
    public double[] weights(RolloutColumns tokens) {
        double[] d = tokens.logRatios();
        double[] logs = new double[isPerSequence ? tokens.numSequences() : d.length];
        for (int n = 0; n < d.length; n++) {
            logs[isPerSequence ? tokens.sequences()[n] : n] += Double.isNaN(d[n]) ? 0 : d[n];
        }
        for (int i = 0; i < logs.length; i++) {
            double weight = Math.exp(logs[i]);
            logs[i] = !isMasked ? Math.clamp(weight, least, most) : weight < least || weight > most ? 0 : weight;
        }
        return logs;
    }
}
