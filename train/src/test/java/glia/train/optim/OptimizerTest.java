package glia.train.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.KernelBackends;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OptimizerTest {
    private final Workers workers = new Workers(2);
    private final Kernels kernels = KernelBackends.choose("best", workers).kernels();

    @AfterAll
    void close() {
        workers.close();
    }

    @Test
    void restoredStateContinuesWithTheSameBits() {
        try (Arena arena = Arena.ofConfined(); Gradients gradients = new Gradients()) {
            Weight.Stored a = new Weight.Stored(Tensor.of(arena, new float[] {1, -2, 3, 4}, 2, 2));
            Weight.Stored b = new Weight.Stored(Tensor.of(arena, new float[] {1, -2, 3, 4}, 2, 2));
            for (UpdateRule rule : List.of(new AdamW(), new Muon(), new NAdam(), new Adafactor(), new Lion())) {
                var first = List.of(new ParameterGroup(Map.of("w", a), rule, 0.1, 1));
                var second = List.of(new ParameterGroup(Map.of("w", b), rule, 0.1, 1));
                try (Optimizer one = new Optimizer(kernels, first); Optimizer two = new Optimizer(kernels, second)) {
                    for (int step = 0; step < 6; step++) {
                        for (int i = 0; i < 4; i++) {
                            gradients.of(a).set(i, i - step);
                            gradients.of(b).set(i, i - step);
                        }
                        one.step(gradients, 0.01, 1);
                        if (step == 2) {
                            b.update(t -> t.copyFrom(a.tensor()));
                            two.restore(one.state(), one.steps());
                        } else if (step > 2) {
                            two.step(gradients, 0.01, 1);
                            for (int i = 0; i < 4; i++) {
                                assertEquals(a.tensor().get(i), b.tensor().get(i), rule.name());
                            }
                        }
                    }
                }
            }
            assertTrue(a.version() > 0);
        }
    }

    /// Row means of squares below ε₁: weights after three steps of `torch.optim.Adafactor` with a rate of 0.05.
    @Test
    void adafactorOfTorchAgreesForSmallGradients() {
        float[] gradient = {1e-4f, -2e-4f, 3e-4f, 5e-5f, 0, -1e-4f};
        double[] expected = {0.9273872, -1.9188164, 0.4229825, 0.1284956, 3, -0.9140835};
        try (Arena arena = Arena.ofConfined(); Gradients gradients = new Gradients()) {
            Weight.Stored w = new Weight.Stored(Tensor.of(arena, new float[] {1, -2, 0.5f, 0.25f, 3, -1}, 2, 3));
            try (Optimizer optimizer = new Optimizer(kernels, List.of(new ParameterGroup(Map.of("w", w),
                    new TorchAdafactor(), 0, 1)))) {
                for (float factor : new float[] {1, 0.5f, -2}) {
                    for (int i = 0; i < gradient.length; i++) {
                        gradients.of(w).set(i, factor * gradient[i]);
                    }
                    optimizer.step(gradients, 0.05, 1);
                }
            }
            for (int i = 0; i < expected.length; i++) {
                assertEquals(expected[i], w.tensor().get(i), 1e-5);
            }
        }
    }
}
