package glia.train.distillation;

import glia.engine.training.Predictions;
import glia.tensor.autograd.Value;
import glia.tensor.ops.logits.TopTokens;
import java.util.Arrays;

/// Forward divergence on the teacher's k most probable tokens, without renormalization, as verl computes it:
/// `Σ_k T · (ln T - ln S)`.
///
/// @param minLogProb lower bound of log-probabilities of both, which have no gradient below it; -∞ for none
public record TopKDistillation(double minLogProb) {
    public TopKDistillation {
        if (!(minLogProb <= 0)) {
            throw new IllegalArgumentException("a lower bound of " + minLogProb
                    + " for log-probabilities, expected at most 0");
        }
    }

    /// The divergence of each row, `[N, 1]`, which may be negative.
    ///
    /// @param student log-probabilities of the teacher's tokens under the student, `[N, k]`
    /// @param teacher their log-probabilities under the teacher, `[N, k]`
    public Value perToken(Value student, Value teacher) {
        Value s = clamped(student);
        Value t = clamped(teacher).detached();
        return t.minus(s).times(t.exp()).rowSums();
    }

    /// The loss of each row that is trained: the divergence, but at least 0.
    public Value loss(Value student, Value teacher) {
        return perToken(student, teacher).clamp(0, Double.MAX_VALUE);
    }

    /// The weighted mean of `loss` over the rows of a batch, for the k most probable tokens of the teacher.
    ///
    /// @param teacher predictions for the same batch
    /// @throws IllegalArgumentException if a row has no target, or the teacher's vocabulary is larger
    public Value of(Predictions student, Predictions teacher, int k) {
        TopTokens top = teacher.tokens(1, false, k).top();
        int rows = student.batch().numRows();
        if (top.numRows() != rows) {
            throw new IllegalArgumentException("only " + top.numRows() + " of " + rows + " rows have a target");
        }
        int[] tokens = new int[rows * top.size()];
        Value[] columns = new Value[top.size()];
        for (int rank = 0; rank < columns.length; rank++) {
            float[] logProbs = new float[rows];
            for (int n = 0; n < rows; n++) {
                tokens[n * columns.length + rank] = top.id(n, rank);
                logProbs[n] = top.logProb(n, rank);
            }
            columns[rank] = student.constant(logProbs);
        }
        Value selected = student.selectedLogProbs(1, tokens);
        Value sum = null;
        for (int rank = 0; rank < columns.length; rank++) {
            Value term = perToken(selected.column(rank), columns[rank]);
            sum = sum == null ? term : sum.plus(term);
        }
        return sum.clamp(0, Double.MAX_VALUE).times(student.weights()).sum().times(1 / student.batch().totalWeight());
    }

    private Value clamped(Value logProbs) {
        return minLogProb == Double.NEGATIVE_INFINITY ? logProbs : logProbs.clamp(minLogProb, 0);
    }

    /// How far the k most probable tokens of both agree.
    ///
    /// @param count the number of tokens that are among both
    /// @param advantage the mean of `T · (ln S - ln T)` over them, 0 without any
    public record Overlap(int count, double advantage) { }

    /// The overlap at one row.
    ///
    /// @param tokens the teacher's k most probable tokens
    /// @param student the student's log-probabilities of the whole vocabulary
    /// @param teacher the teacher's log-probabilities of `tokens`
    public Overlap overlap(int[] tokens, double[] student, double[] teacher) {
        double[] sorted = student.clone();
        Arrays.sort(sorted);
        double least = sorted[sorted.length - tokens.length];
        int count = 0;
        double sum = 0;
        for (int i = 0; i < tokens.length; i++) {
            if (student[tokens[i]] >= least) {
                double t = Math.max(teacher[i], minLogProb);
                sum += Math.exp(t) * (Math.max(student[tokens[i]], minLogProb) - t);
                count++;
            }
        }
        return new Overlap(count, count == 0 ? 0 : sum / count);
    }
}
