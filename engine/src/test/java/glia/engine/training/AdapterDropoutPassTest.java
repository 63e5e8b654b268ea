package glia.engine.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.io.Config;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.adapter.AdapterConfig;
import glia.model.adapter.Adapters;
import glia.model.adapter.ModuleNames;
import glia.tensor.autograd.DropoutRates;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Dropout of adapters in training passes: masks by seed, step and batch, none in evaluation.
class AdapterDropoutPassTest {
    private static final String CONFIG = """
            {"model_type": "llama", "hidden_size": 32, "intermediate_size": 48, "num_attention_heads": 4,
            "num_key_value_heads": 2, "num_hidden_layers": 2, "vocab_size": 50, "rms_norm_eps": 1e-5,
            "max_position_embeddings": 64, "tie_word_embeddings": false, "rope_theta": 10000.0}""";
    private static final DropoutRates RATES = new DropoutRates(0, 0, 0, 5).withAdapters(0.5);

    private static TokenBatch batch() {
        return new TokenBatch().add(new int[] {3, 9, 4, 4, 19, 2, 5, 7}).add(new int[] {3, 11, 0});
    }

    private static double lossAt(TrainingPass pass, long step) {
        pass.atStep(step);
        return pass.loss(batch());
    }

    private static AdapterConfig config(AdapterConfig.Variant variant, ModuleNames targets) {
        return AdapterConfig.defaults().withRank(4, 8).with(variant).withTargets(targets);
    }

    private static TrainingPass pass(Model model, Adapters adapters, Kernels kernels, DropoutRates rates,
            int checkpoints) {
        return TrainingPass.of(model, kernels, TrainingOptions.defaults().withTrainable(adapters::contains)
                .withDropout(rates).withCheckpoints(checkpoints));
    }

    static List<AdapterConfig.Variant> variants() {
        return List.of(AdapterConfig.Variant.LORA, AdapterConfig.Variant.RSLORA, AdapterConfig.Variant.DORA);
    }

    @ParameterizedTest
    @MethodSource("variants")
    void masksDependOnSeedStepAndBatch(AdapterConfig.Variant variant) throws Exception {
        try (Workers workers = new Workers(2); Model base = FreshModel.create(Config.parse(Path.of("config.json"),
                CONFIG), 4); Adapters adapters = Adapters.create(base, config(variant,
                        ModuleNames.parse("all-linear")), 7)) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            for (Weight.Stored w : adapters.trainable().values()) {
                // B begins with zeros, with which an adapter changes nothing.
                for (long i = 0; i < w.tensor().size(); i++) {
                    w.tensor().set(i, w.tensor().get(i) + 0.05f * (float) Math.sin(i));
                }
                w.tensor().changed();
            }
            Model model = adapters.attach();
            try (TrainingPass plain = pass(model, adapters, kernels, DropoutRates.NONE, 0);
                    TrainingPass zero = pass(model, adapters, kernels, new DropoutRates(0, 0, 0, 5), 0);
                    TrainingPass dropped = pass(model, adapters, kernels, RATES, 0);
                    TrainingPass recomputed = pass(model, adapters, kernels, RATES, 1);
                    TrainingPass other = pass(model, adapters, kernels,
                            new DropoutRates(0, 0, 0, 6).withAdapters(0.5), 0)) {
                double loss = lossAt(dropped, 3);
                assertEquals(lossAt(plain, 3), lossAt(zero, 3));
                assertNotEquals(lossAt(plain, 3), loss);
                assertNotEquals(loss, dropped.loss(batch()));
                assertNotEquals(loss, lossAt(dropped, 4));
                assertNotEquals(loss, lossAt(other, 3));
                assertEquals(loss, lossAt(dropped, 3));
                assertEquals(loss, lossAt(recomputed, 3));
                assertEquals(plain.evaluate(batch(), Loss.CROSS_ENTROPY),
                        dropped.evaluate(batch(), Loss.CROSS_ENTROPY));
            }
        }
    }

    @Test
    void anAdapterOfTheHeadIsRefused() throws Exception {
        try (Workers workers = new Workers(1); Model base = FreshModel.create(Config.parse(Path.of("config.json"),
                CONFIG), 4); Adapters adapters = Adapters.create(base, config(AdapterConfig.Variant.LORA,
                        ModuleNames.of("lm_head")), 7)) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            Model model = adapters.attach();
            assertThrows(IllegalArgumentException.class, () -> pass(model, adapters, kernels, RATES, 0));
            pass(model, adapters, kernels, DropoutRates.NONE, 0).close();
        }
    }
}
