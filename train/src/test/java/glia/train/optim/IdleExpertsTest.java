package glia.train.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Which parameters of a mixture of experts an optimizer updates: experts that no token reached decay, parameters
/// without a gradient stay as they are.
class IdleExpertsTest {
    private static final Path FOLDER = Path.of("../engine/src/test/resources/golden/deepseek_v3");
    private static final double DECAY = 0.5;
    private static final double RATE = 0.1;

    @Test
    void expertsWithoutTokensDecayAndCorrectionsOfRoutersStay() throws Exception {
        try (Workers workers = new Workers(1); Model model = ModelLoader.load(FOLDER, p -> true)) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            Map<String, Weight.Stored> weights = ParameterGroups.weights(model, w -> true);
            Map<Parameter, float[]> before = new LinkedHashMap<>();
            model.weights().all().forEach((p, w) -> before.put(p, ((Weight.Stored) w).tensor().toArray()));
            try (TrainingPass pass = TrainingPass.of(model, kernels, TrainingOptions.defaults());
                    Optimizer optimizer = new Optimizer(kernels,
                            List.of(new ParameterGroup(weights, new AdamW(), DECAY, 1)))) {
                pass.loss(new TokenBatch().add(new int[] {7, 8}));
                optimizer.step(pass.weightGradients(), RATE, 1);
                int idle = 0;
                int corrections = 0;
                for (var e : before.entrySet()) {
                    Weight.Stored w = (Weight.Stored) model.weights().get(e.getKey());
                    Optional<Tensor> gradient = pass.weightGradients().find(w);
                    if (e.getKey().role() == Role.ROUTER_CORRECTION) {
                        assertTrue(gradient.isEmpty());
                        assertArrayEquals(e.getValue(), w.tensor().toArray());
                        corrections++;
                    } else if (e.getKey().expert() >= 0) {
                        assertFalse(gradient.isEmpty(), e.getKey()::toString);
                        idle += isZero(gradient.get()) ? 1 : 0;
                        assertDecay(e.getValue(), w.tensor(), isZero(gradient.get()));
                    }
                }
                assertTrue(idle > 0 && corrections > 0, idle + " and " + corrections);
            }
        }
    }

    private static boolean isZero(Tensor t) {
        for (float x : t.toArray()) {
            if (x != 0) {
                return false;
            }
        }
        return true;
    }

    private static void assertDecay(float[] before, Tensor after, boolean alone) {
        int same = 0;
        for (int i = 0; i < before.length; i++) {
            float decayed = (float) (before[i] * (1 - RATE * DECAY));
            same += Math.abs(decayed - after.get(i)) <= 1e-6 ? 1 : 0;
        }
        assertEquals(alone, same == before.length);
    }
}
