package glia.train.loss;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.training.Loss;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.model.Model;
import glia.model.spec.Parameter;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Weight;
import glia.train.optim.AdamW;
import glia.train.optim.GradientNorm;
import glia.train.optim.Optimizer;
import glia.train.optim.ParameterGroups;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;

/// Checks of losses on small models with F32 weights in memory.
final class LossChecks {
    private static final double STEP = 3e-3;

    private LossChecks() { }

    /// Compares the length of the gradient with the derivative of the loss along it.
    ///
    /// @param weights the weights that are trained
    static void gradientMatchesFiniteDifferences(Model model, Kernels kernels, TokenBatch batch, Loss loss,
            Predicate<Parameter> weights) {
        Map<Weight.Stored, float[]> directions = new LinkedHashMap<>();
        double square = 0;
        try (TrainingPass pass = TrainingPass.of(model, kernels, TrainingOptions.defaults())) {
            pass.loss(batch, loss);
            for (Parameter p : model.sources().keySet()) {
                if (weights.test(p)) {
                    Weight.Stored w = (Weight.Stored) model.weights().get(p);
                    float[] gradient = pass.weightGradients().of(w).toArray();
                    directions.put(w, gradient);
                    for (float g : gradient) {
                        square += (double) g * g;
                    }
                }
            }
            assertTrue(square > 1e-8, "the gradient is zero");
            // A step that changes the loss by about STEP.
            double h = STEP / square;
            directions.forEach((w, d) -> move(w, d, h));
            double above = pass.evaluate(batch, loss);
            directions.forEach((w, d) -> move(w, d, -2 * h));
            double below = pass.evaluate(batch, loss);
            directions.forEach((w, d) -> move(w, d, h));
            assertEquals(square, (above - below) / (2 * h), 1e-2 * square);
        }
    }

    private static void move(Weight.Stored w, float[] direction, double step) {
        w.update(t -> {
            for (int i = 0; i < direction.length; i++) {
                t.set(i, (float) (t.get(i) + step * direction[i]));
            }
        });
    }

    /// A step of a training run.
    interface Step {
        double accumulate(TrainingPass pass, int step);
    }

    /// Trains a model with AdamW and returns the loss of the last step.
    static double train(Model model, Kernels kernels, int steps, double rate, Step step) {
        double loss = Double.NaN;
        try (TrainingPass pass = TrainingPass.of(model, kernels, TrainingOptions.defaults());
                Optimizer optimizer = new Optimizer(kernels,
                        ParameterGroups.of(model, w -> true, new AdamW(), new AdamW(), 0))) {
            for (int i = 0; i < steps; i++) {
                loss = step.accumulate(pass, i);
                double norm = optimizer.gradientNorm(pass.weightGradients());
                optimizer.step(pass.weightGradients(), rate, GradientNorm.clipFactor(norm, 1));
                pass.zeroGradients();
            }
        }
        return loss;
    }

    static double[] doubles(Tensor t) {
        double[] values = new double[(int) t.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = t.get(i);
        }
        return values;
    }
}
