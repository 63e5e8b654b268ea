package glia.model.adapter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Gradients of adapters of an embedding whose padding row has no gradient: lookups of it count for the factor that all
/// rows share and for the magnitudes, as in PEFT.
class AdapterGradientTest {
    private static final int[] IDS = {7, 0, 12, 0, 0, 3, 25, 0, 7};
    private static final float STEP = 0x1p-7f;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void lookupsOfPaddingCountForWhatAllRowsShare(boolean isDecomposed) throws CheckpointException {
        AdapterConfig config = AdapterConfig.defaults().withRank(2, 4).withTargets(ModuleNames.of("embed_tokens"))
                .with(new AdapterConfig.Variant(false, isDecomposed, false));
        try (Workers workers = new Workers(1); Model model = AdapterModels.load("gemma2");
                Adapters adapters = AdapterModels.changed(Adapters.create(model, config, 3), 4);
                TrainingPass pass = TrainingPass.of(adapters.attach(), KernelBackends.choose("scalar", workers)
                        .kernels(), TrainingOptions.defaults().withTrainable(adapters::contains))) {
            TokenBatch batch = new TokenBatch();
            batch.add(IDS);
            int compared = 0;
            for (var each : adapters.trainable().entrySet()) {
                if (each.getKey().endsWith("lora_embedding_A")) {
                    continue;
                }
                Weight.Stored w = each.getValue();
                pass.zeroGradients();
                pass.loss(batch);
                float[] gradient = pass.weightGradients().of(w).toArray();
                for (int i = 0; i < gradient.length; i += 5) {
                    double slope = (moved(pass, batch, w, i, STEP) - moved(pass, batch, w, i, -STEP)) / (2 * STEP);
                    // The norms of DoRA are constants in gradients, so its B is not the slope.
                    if (!isDecomposed || each.getKey().endsWith("magnitude_vector")) {
                        assertEquals(slope, gradient[i], 2e-3 * (1 + Math.abs(slope)), each.getKey() + " " + i);
                        compared++;
                    }
                }
            }
            assertTrue(compared > 5, "compared " + compared);
        }
    }

    private static double moved(TrainingPass pass, TokenBatch batch, Weight.Stored w, int i, float by) {
        float before = w.tensor().get(i);
        set(w, i, before + by);
        double loss = pass.loss(batch);
        set(w, i, before);
        return loss;
    }

    private static void set(Weight.Stored w, int i, float value) {
        w.update((Tensor t) -> t.set(i, value));
    }
}
