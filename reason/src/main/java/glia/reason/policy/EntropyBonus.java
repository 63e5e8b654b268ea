package glia.reason.policy;

/// A reward for the entropy of the policy: the loss is lowered by coefficient times the mean entropy of its tokens.
///
/// @param coefficient 0 for none
/// @param isAggregated whether entropies are aggregated like the policy loss (verl); else the plain mean over the
///     tokens of a micro-batch that have a policy loss is taken (TRL)
public record EntropyBonus(double coefficient, boolean isAggregated) {
    /// No bonus.
    public static final EntropyBonus NONE = new EntropyBonus(0, true);

    /// @throws IllegalArgumentException if the coefficient is not finite
    public EntropyBonus {
        if (!Double.isFinite(coefficient)) {
            throw new IllegalArgumentException("entropy coefficient: found " + coefficient
                    + ", expected a finite number");
        }
    }

    /// The same with another coefficient.
    public EntropyBonus withCoefficient(double number) {
        return new EntropyBonus(number, isAggregated);
    }
}
