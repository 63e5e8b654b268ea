package glia.jmh.compare;

import glia.engine.training.Loss;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Weight;
import glia.train.data.Batches;
import glia.train.optim.AdamW;
import glia.train.optim.GradientNorm;
import glia.train.optim.Optimizer;
import glia.train.optim.ParameterGroups;
import glia.train.run.BatchObjective;
import glia.train.run.LossBatch;
import glia.train.run.Trainer;
import glia.train.run.TrainerOptions;
import glia.train.run.TrainingListener.StepFigures;
import glia.train.run.TrainingListener;
import glia.train.schedule.Schedule.CosineSchedule;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/// A model that is trained from random weights and evaluated.
final class SmallModel implements AutoCloseable {
    private static final double WEIGHT_DECAY = 0.1;
    /// Share of the steps in which the learning rate rises.
    private static final double WARMUP = 0.05;
    /// Share of the learning rate that is left at the end.
    private static final double MINIMUM = 0.1;
    private static final int LAST = 200;

    private final Kernels kernels;
    private final Model model;
    private final TrainingPass pass;

    SmallModel(ModelSpec spec, Kernels kernels, long seed) {
        this.kernels = kernels;
        model = FreshModel.create(spec, seed);
        pass = TrainingPass.of(model, kernels, TrainingOptions.defaults());
        // Embeddings of positions begin as large as those of tokens are after their factor.
        model.sources().keySet().stream().filter(p -> p.role() == Role.POSITIONS).map(model.weights()::get)
                .map(SmallModel::stored).forEach(t -> kernels.scale(t, t, spec.embedding().scale()));
    }

    Model model() {
        return model;
    }

    /// Trains with AdamW (β₁ 0.9, β₂ 0.99, weight decay 0.1), 5 % warm-up, a cosine to a tenth of the learning rate and
    /// clipping at a norm of 1.
    ///
    /// @param rate the peak learning rate
    /// @return the loss of each step
    /// @throws glia.train.run.TrainingException if the loss is no longer finite
    double[] train(Batches batches, int steps, double rate) throws CheckpointException {
        double[] losses = new double[steps];
        TrainingListener listener = new TrainingListener() {
            @Override
            public void step(StepFigures figures) {
                losses[(int) figures.step() - 1] = figures.loss();
            }
        };
        try (Optimizer optimizer = new Optimizer(kernels, ParameterGroups.of(model, w -> true, new AdamW(0.9, 0.99),
                WEIGHT_DECAY))) {
            new Trainer(pass, optimizer, new BatchObjective(LossBatch.Source.of(batches, Loss.CROSS_ENTROPY), 1),
                    new TrainerOptions(steps, rate, new CosineSchedule(Math.round(steps * WARMUP), steps, MINIMUM)))
                    .listen(listener).run();
        }
        return losses;
    }

    /// Trains with AdamW (β₁ 0.9, β₂ 0.98) at a constant learning rate after 10 steps of warm-up, clipped at a norm of
    /// 1.
    ///
    /// @param decay weight decay of all matrices
    /// @param measure called before each step and after the last one
    void train(Batches batches, int steps, double rate, double decay, IntConsumer measure) {
        try (Optimizer optimizer = new Optimizer(kernels, ParameterGroups.of(model, w -> true, new AdamW(0.9, 0.98),
                decay))) {
            for (int step = 0; step < steps; step++) {
                measure.accept(step);
                pass.zeroGradients();
                pass.loss(batches.batch(step));
                double norm = optimizer.gradientNorm(pass.weightGradients());
                optimizer.step(pass.weightGradients(), rate * Math.min(1, (step + 1) / 10.0),
                        GradientNorm.clipFactor(norm, 1));
            }
            measure.accept(steps);
        }
    }

    /// Trains with AdamW (β₁ 0.9, β₂ 0.98, no weight decay) at a constant learning rate after 10 steps of warm-up until
    /// the longest texts are learned; then the rate falls to 0 in half as many steps, [#LAST] at least.
    ///
    /// @param most steps, after which the training ends
    /// @param progress reports each length
    /// @return the number of steps
    int train(Needles needles, int most, double rate, Consumer<String> progress) {
        try (Optimizer optimizer = new Optimizer(kernels, ParameterGroups.of(model, w -> true, new AdamW(0.9, 0.98),
                0))) {
            int learned = most;
            int end = most;
            int step = 0;
            for (int length = 0; step < end; step++) {
                if (length < needles.length() || step % 200 == 0) {
                    length = needles.length();
                    progress.accept("step " + step + ": " + length + " tokens, loss " + needles.loss());
                }
                pass.zeroGradients();
                needles.step(pass.loss(needles.batch(step)));
                double share = step < learned ? 1 : (double) (end - step) / (end - learned);
                optimizer.step(pass.weightGradients(), rate * Math.min(share, (step + 1) / 10.0),
                        GradientNorm.clipFactor(optimizer.gradientNorm(pass.weightGradients()), 1));
                if (learned == most && needles.isLearned()) {
                    learned = step;
                    end = Math.min(most, step + Math.max(LAST, step / 2));
                }
            }
            progress.accept("step " + step + ": loss " + needles.loss());
            return step;
        }
    }

    /// The logits of the rows of a batch, `[M][V]`.
    float[][] logits(TokenBatch batch) {
        float[][][] logits = new float[1][][];
        pass.evaluate(batch, p -> {
            Tensor all = p.logits().tensor();
            float[] values = all.toArray();
            logits[0] = new float[all.rows()][];
            for (int row = 0; row < all.rows(); row++) {
                logits[0][row] = Arrays.copyOfRange(values, row * all.cols(), (row + 1) * all.cols());
            }
            return Loss.CROSS_ENTROPY.of(p);
        });
        return logits[0];
    }

    /// The cross-entropy of each target of a batch, in nats.
    float[] losses(TokenBatch batch) {
        float[][] losses = new float[1][];
        pass.evaluate(batch, p -> {
            losses[0] = p.logProbs().tensor().toArray();
            return Loss.CROSS_ENTROPY.of(p);
        });
        for (int i = 0; i < losses[0].length; i++) {
            losses[0][i] = -losses[0][i];
        }
        return losses[0];
    }

    /// The share of targets that are the most probable token.
    double accuracy(TokenBatch batch) {
        return accuracy(logits(batch), batch.targets());
    }

    /// The share of rows whose largest logit is that of the target.
    static double accuracy(float[][] logits, int[] targets) {
        int right = 0;
        for (int row = 0; row < logits.length; row++) {
            int best = 0;
            for (int i = 1; i < logits[row].length; i++) {
                best = logits[row][i] > logits[row][best] ? i : best;
            }
            right += best == targets[row] ? 1 : 0;
        }
        return (double) right / logits.length;
    }

    /// A model of another spec, such as one with another RoPE scaling, with a copy of the weights.
    ///
    /// @throws IllegalArgumentException if the other spec has other parameters
    SmallModel copy(ModelSpec other) {
        SmallModel copy = new SmallModel(other, kernels, 0);
        if (!copy.model.sources().keySet().equals(model.sources().keySet())) {
            copy.close();
            throw new IllegalArgumentException("the specs have different parameters");
        }
        for (Map.Entry<Parameter, Weight> e : copy.model.weights().all().entrySet()) {
            stored(e.getValue()).copyFrom(stored(model.weights().get(e.getKey())));
        }
        return copy;
    }

    private static Tensor stored(Weight weight) {
        return ((Weight.Stored) weight).tensor();
    }

    @Override
    public void close() {
        pass.close();
        model.close();
    }
}
