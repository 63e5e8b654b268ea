package glia.train.distillation;

/// The advantages of MiniLLM (https://arxiv.org/abs/2306.08543), which make the reverse divergence from a teacher a
/// reward, as TRL computes them: with `r = ln T - ln S` of the tokens of a completion,
///
/// > A[t] = Σ_{i≥t} γⁱ · r[i]
///
/// Powers count from the start of the completion, not from t; with γ = 0 the advantage is `r[t]`. The other part of its
/// loss, the divergence of each single step, is [Distillation#REVERSE_KL].
///
/// @param gamma γ, 0 to 1
/// @param normalizesLength whether advantages are divided by `Σ_{i≥t} γⁱ · m[i]`, m 1 for tokens that count and 10⁻⁴
///        for others; not with γ = 0
public record MiniLlm(double gamma, boolean normalizesLength) {
    private static final double MASKED = 1e-4;

    public MiniLlm {
        if (!(gamma >= 0 && gamma <= 1)) {
            throw new IllegalArgumentException("a discount of " + gamma + ", expected 0 to 1");
        }
    }

    /// The advantages of one completion.
    ///
    /// @param student log-probabilities of its tokens under the student
    /// @param teacher the same under the teacher
    /// @param counts which tokens count; the others have no reward
    public double[] advantages(double[] student, double[] teacher, boolean[] counts) {
        if (student.length != teacher.length || student.length != counts.length) {
            throw new IllegalArgumentException("found " + student.length + " log-probabilities of the student, "
                    + teacher.length + " of the teacher and " + counts.length + " masks, expected one for each token");
        }
        double[] advantages = new double[student.length];
        double sum = 0;
        double length = 0;
        for (int t = student.length - 1; t >= 0; t--) {
            double reward = counts[t] ? teacher[t] - student[t] : 0;
            double power = Math.pow(gamma, t);
            sum += power * reward;
            length += power * (counts[t] ? 1 : MASKED);
            advantages[t] = gamma == 0 ? reward : normalizesLength ? sum / length : sum;
        }
        return advantages;
    }
}
