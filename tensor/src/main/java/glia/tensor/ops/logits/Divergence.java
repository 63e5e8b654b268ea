package glia.tensor.ops.logits;

/// How far a student's distribution S is from a teacher's T: the generalized Jensen–Shannon divergence of "On-policy
/// distillation of language models" (GKD, https://arxiv.org/abs/2306.13649).
///
/// - β = 0: `KL(T‖S) = Σ T · (ln T - ln S)`, the forward divergence
/// - β = 1: `KL(S‖T) = Σ S · (ln S - ln T)`, the reverse divergence
/// - else with `M = (1 - β) · S + β · T`: `β · KL(T‖M) + (1 - β) · KL(S‖M)`
///
/// It is not continuous at the ends: for β → 0 it tends to 0.
///
/// @param beta β, 0 to 1
public record Divergence(double beta) {
    public Divergence {
        if (!(beta >= 0 && beta <= 1)) {
            throw new IllegalArgumentException("a divergence with beta " + beta + ", expected 0 to 1");
        }
    }

    /// The contribution of one token of the vocabulary.
    ///
    /// @param p the student's probability
    /// @param logP its logarithm
    /// @param q the teacher's probability
    /// @param logQ its logarithm
    double term(double p, double logP, double q, double logQ) {
        if (beta == 0) {
            return q == 0 ? 0 : q * (logQ - logP);
        }
        if (beta == 1) {
            return p == 0 ? 0 : p * (logP - logQ);
        }
        double logM = Math.log((1 - beta) * p + beta * q);
        return (p == 0 ? 0 : (1 - beta) * p * (logP - logM)) + (q == 0 ? 0 : beta * q * (logQ - logM));
    }

    /// The derivative of the divergence by `logP`, up to a multiple of p, which does not change the gradient for
    /// logits.
    double slope(double p, double logP, double q, double logQ) {
        if (beta == 0) {
            return -q;
        }
        if (p == 0) {
            return 0;
        }
        if (beta == 1) {
            return p * (logP - logQ);
        }
        return (1 - beta) * p * (logP - Math.log((1 - beta) * p + beta * q));
    }
}
