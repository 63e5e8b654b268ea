package glia.train.distillation;

import glia.engine.training.Predictions;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingPass;
import glia.tensor.autograd.Value;
import glia.tensor.ops.logits.Divergence;
import glia.tensor.ops.logits.HeadDivergence;
import java.util.stream.IntStream;

/// Distillation by the divergence of a student's next-token distributions from a teacher's (GKD,
/// https://arxiv.org/abs/2306.13649). Both see the same tokens and have the same vocabulary.
///
/// @param divergence forward KL, reverse KL or a generalized Jensen–Shannon divergence
/// @param temperature divisor of the logits of both; the loss is not multiplied by its square
public record Distillation(Divergence divergence, double temperature) {
    /// `KL(student‖teacher)`, as in MiniLLM.
    public static final Distillation REVERSE_KL = of(1, 1);
    /// `KL(teacher‖student)`.
    public static final Distillation FORWARD_KL = of(0, 1);

    public Distillation {
        if (!(temperature > 0) || Double.isInfinite(temperature)) {
            throw new IllegalArgumentException("a temperature of " + temperature + ", expected a number above 0");
        }
    }

    /// @param beta 0 for forward KL, 1 for reverse KL, between for a Jensen–Shannon divergence
    public static Distillation of(double beta, double temperature) {
        return new Distillation(new Divergence(beta), temperature);
    }

    /// How the divergences of N tokens become one number.
    public enum Reduction {
        SUM,
        /// Divided by the number of tokens.
        TOKEN_MEAN,
        /// Divided by the number of tokens times the size of the vocabulary.
        ELEMENT_MEAN
    }

    /// The divergence of each token, `[N, 1]`, from logits `[N, V]`.
    ///
    /// @throws IllegalArgumentException if the shapes differ
    public Value perToken(Value student, Value teacher) {
        return scaled(student).divergence(scaled(teacher), divergence).column(0);
    }

    private Value scaled(Value logits) {
        return temperature == 1 ? logits : logits.times(1 / temperature);
    }

    /// Reduces logits to one number.
    ///
    /// @param rows the tokens that count; with none the loss is 0
    public Value of(Value student, Value teacher, int[] rows, Reduction reduction) {
        Value sum = perToken(student.rows(rows), teacher.rows(rows)).sum();
        double count = Math.max(1, rows.length);
        return switch (reduction) {
            case SUM -> sum;
            case TOKEN_MEAN -> sum.times(1 / count);
            case ELEMENT_MEAN -> sum.times(1 / (count * student.tensor().cols()));
        };
    }

    /// The divergence and the student's entropy at each row of a batch, `[M, 2]`, without the logits of all rows in
    /// memory (see `HeadDivergence`).
    ///
    /// @param teacher predictions for the same batch, unchanged until the student's backward pass
    /// @throws IllegalArgumentException if the vocabularies or the numbers of rows differ
    public Value columns(Predictions student, Predictions teacher) {
        int rows = student.batch().numRows();
        return new Value(student.ops(), student.ops().apply(new HeadDivergence(student.headInput().tensor(),
                student.logitHead(temperature), teacher.headInput().tensor(), teacher.logitHead(temperature),
                IntStream.range(0, rows).toArray(), divergence)));
    }

    /// The weighted mean over the rows of a batch.
    public Value of(Predictions student, Predictions teacher) {
        return columns(student, teacher).column(0).times(student.weights()).sum()
                .times(1 / student.batch().totalWeight());
    }

    /// Computes the loss of a batch and accumulates the student's gradients; the teacher is frozen.
    ///
    /// @param scale factor of the gradients and of the result, for gradient accumulation
    public double accumulate(TrainingPass student, TrainingPass teacher, TokenBatch batch, double scale) {
        double[] loss = new double[1];
        teacher.evaluate(batch, of -> {
            loss[0] = student.loss(batch, p -> of(p, of).times(scale));
            return of.constant((float) loss[0]);
        });
        return loss[0];
    }

    /// The loss of a batch, without gradients.
    public double evaluate(TrainingPass student, TrainingPass teacher, TokenBatch batch) {
        double[] loss = new double[1];
        teacher.evaluate(batch, of -> {
            loss[0] = student.evaluate(batch, p -> of(p, of));
            return of.constant((float) loss[0]);
        });
        return loss[0];
    }
}
