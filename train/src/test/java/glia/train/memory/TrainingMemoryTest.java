package glia.train.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.Config;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.family.Families;
import glia.model.spec.ModelSpec;
import glia.tensor.Precision;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.train.optim.AdamW;
import glia.train.optim.GradientNorm;
import glia.train.optim.Optimizer;
import glia.train.optim.ParameterGroups;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is predicted for a step is what a run of some steps holds.
class TrainingMemoryTest {
    private static final String GPT2 = """
            {"model_type": "gpt2", "n_embd": 96, "n_head": 3, "n_layer": 3, "vocab_size": 300, "n_positions": 128,
            "tie_word_embeddings": true}""";
    private static final String LLAMA = """
            {"model_type": "llama", "hidden_size": 96, "intermediate_size": 256, "num_attention_heads": 4,
            "num_key_value_heads": 2, "num_hidden_layers": 3, "vocab_size": 500, "rms_norm_eps": 1e-5,
            "max_position_embeddings": 128, "tie_word_embeddings": false, "rope_theta": 10000.0}""";
    private static final String MIXTRAL = """
            {"model_type": "mixtral", "hidden_size": 64, "intermediate_size": 96, "num_attention_heads": 4,
            "num_key_value_heads": 2, "num_hidden_layers": 2, "vocab_size": 200, "rms_norm_eps": 1e-5,
            "max_position_embeddings": 128, "num_local_experts": 4, "num_experts_per_tok": 2, "rope_theta": 10000.0}""";
    private static final String MAMBA = """
            {"model_type": "mamba", "hidden_size": 64, "state_size": 8, "num_hidden_layers": 3, "vocab_size": 200,
            "conv_kernel": 4, "expand": 2, "time_step_rank": 4, "intermediate_size": 128,
            "layer_norm_epsilon": 1e-5}""";

    private static ModelSpec spec(String config) throws Exception {
        return Families.spec(Config.parse(Path.of("config.json"), config));
    }

    private static TrainingMemory measured(ModelSpec spec, TrainingOptions options, int sequences, int length) {
        try (Workers workers = new Workers(2); Model model = FreshModel.create(spec, 5)) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            SplittableRandom random = new SplittableRandom(3);
            try (TrainingPass pass = TrainingPass.of(model, kernels, options);
                    Optimizer optimizer = new Optimizer(kernels,
                            ParameterGroups.of(model, w -> true, new AdamW(), 0.1))) {
                for (int step = 0; step < 3; step++) {
                    TokenBatch batch = new TokenBatch();
                    for (int i = 0; i < sequences; i++) {
                        batch.add(random.ints(length, 0, spec.vocabSize()).toArray());
                    }
                    pass.loss(batch);
                    optimizer.step(pass.weightGradients(), 1e-3,
                            GradientNorm.clipFactor(optimizer.gradientNorm(pass.weightGradients()), 1));
                    pass.zeroGradients();
                }
                long weights = model.weights().all().values().stream().distinct().mapToLong(w -> w.sizeBytes()).sum();
                return new TrainingMemory(weights, pass.weightGradients().sizeBytes(), optimizer.sizeBytes(),
                        pass.sizeBytes());
            }
        }
    }

    private static void check(ModelSpec spec, TrainingOptions options, int sequences, int length) {
        TrainingMemory measured = measured(spec, options, sequences, length);
        try (Model model = FreshModel.withoutValues(spec)) {
            TrainingMemory predicted = TrainingMemory.of(model, options, new AdamW(), sequences, length);
            String what = spec.modelType() + ", " + options + ": " + predicted + ", measured " + measured;
            assertEquals(measured.weights(), predicted.weights(), what);
            assertEquals(measured.gradients(), predicted.gradients(), what);
            assertEquals(measured.optimizer(), predicted.optimizer(), what);
            assertEquals(measured.activations(), predicted.activations(), 0.1 * measured.activations(), what);
            assertEquals(measured.total(), predicted.total(), 0.1 * measured.total(), what);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {GPT2, LLAMA, MIXTRAL, MAMBA})
    void predictionsAreMeasured(String config) throws Exception {
        ModelSpec spec = spec(config);
        for (Precision precision : new Precision[] {Precision.EXACT, Precision.HALF}) {
            for (int checkpoint : new int[] {0, 2}) {
                check(spec, TrainingOptions.defaults().with(precision).withCheckpoints(checkpoint), 6, 100);
            }
        }
    }

    /// From two smaller batches.
    @Test
    void largeBatchesAreExtrapolated() throws Exception {
        check(spec(LLAMA), TrainingOptions.defaults(), 48, 64);
        check(spec(GPT2), TrainingOptions.defaults().with(Precision.HALF), 48, 64);
    }

    @Test
    void mixedPrecisionAndCheckpointsTakeLess() throws Exception {
        try (Model model = FreshModel.withoutValues(spec(GPT2))) {
            TrainingOptions all = TrainingOptions.defaults();
            long exact = activations(model, all);
            long half = activations(model, all.with(Precision.HALF));
            long recomputed = activations(model, all.withCheckpoints(2));
            long both = activations(model, all.withCheckpoints(2).with(Precision.HALF));
            assertTrue(half < 0.65 * exact && recomputed < 0.65 * exact && both < half,
                    exact + ", BF16 " + half + ", recomputed " + recomputed + ", both " + both);
        }
    }

    private static long activations(Model model, TrainingOptions options) {
        return TrainingMemory.of(model, options, new AdamW(), 8, 128).activations();
    }

    /// A model that no machine of today trains is counted in moments.
    @Test
    void aModelMayBeOfAnySize() throws Exception {
        String config = LLAMA.replace("\"hidden_size\": 96", "\"hidden_size\": 8192").replace("256", "28672")
                .replace("\"num_attention_heads\": 4", "\"num_attention_heads\": 64")
                .replace("\"num_key_value_heads\": 2", "\"num_key_value_heads\": 8")
                .replace("\"num_hidden_layers\": 3", "\"num_hidden_layers\": 80").replace("500", "128256");
        try (Model model = FreshModel.withoutValues(spec(config))) {
            TrainingMemory memory = TrainingMemory.of(model, TrainingOptions.defaults().with(Precision.HALF)
                    .withCheckpoints(2), new AdamW(), 1, 128);
            assertEquals(70.55e9 * 4, memory.weights(), 0.01 * memory.weights());
            assertEquals(2 * memory.weights(), memory.optimizer());
            assertThrows(IllegalArgumentException.class, () -> TrainingMemory.of(model, TrainingOptions.defaults(),
                    new AdamW(), 0, 128));
        }
    }
}
