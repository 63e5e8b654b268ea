package glia.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.gguf.GgufCheckpoint;
import glia.io.gguf.GgufMetadata;
import glia.io.gguf.GgufWriter;
import glia.model.family.Families;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Head;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.QkNorm;
import glia.model.spec.Residual;
import glia.model.spec.Rope;
import glia.model.spec.RopeScaling;
import glia.model.spec.StateSpaceDual;
import glia.model.spec.Temperature;
import glia.model.write.GgufModelWriter;
import glia.tensor.Tensor;
import glia.tensor.kernel.RopeTable.Layout;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Numbers outside of their range are refused in configs, in GGUF metadata and in specs written by hand, with file,
/// key, found and expected value.
class NumberRangeTest {
    @TempDir
    Path folder;

    private static Path golden(String name) {
        try {
            return Path.of(NumberRangeTest.class.getResource("/golden/" + name + "/config.json").toURI()).getParent();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "llama, rope_theta, 1e-300, a RoPE base from 2 to",
        "llama, rope_theta, 1, a RoPE base from 2 to",
        "llama, rms_norm_eps, 1e308, an epsilon from",
        "llama, rms_norm_eps, 0, an epsilon from",
        "llama, num_hidden_layers, 100000000, a number of layers from 1 to 10000",
        "gemma4_text_moe, num_hidden_layers, 0, a number of layers from 1 to 10000",
        "mixtral, num_local_experts, 100000001, a number of experts from 0 to 65536",
        "minimax, linear_attn_alpha_factor, 1e300, a factor from 0 to",
        "minimax, mlp_beta_factor, -1, a factor from 0 to",
        "granitemoehybrid, residual_multiplier, 0, a factor from",
        "granitemoehybrid, logits_scaling, 1e-300, a factor from",
        "granitemoehybrid, attention_multiplier, -0.5, a factor from",
        "glm4_moe, first_k_dense_replace, -1, a count from 0 to",
        "gemma2, final_logit_softcapping, 1e300, a cap from"})
    void aConfigIsRefused(String name, String key, double value, String expected) throws CheckpointException {
        Config config = Config.read(golden(name).resolve("config.json")).with(key,
                value == Math.rint(value) && Math.abs(value) < 1e9 ? (Object) (long) value : (Object) value);
        String message = assertThrows(CheckpointException.class, () -> Families.spec(config)).getMessage();
        assertTrue(message.contains("config.json: key " + key + ": found "), message);
        assertTrue(message.contains("expected " + expected), message);
    }

    @ParameterizedTest
    @CsvSource({"mscale, 1e300", "factor, 1e-44", "factor, 0", "llama_4_scaling_beta, -1", "beta_fast, 1e300"})
    void ropeParametersAreRefused(String key, double value) throws CheckpointException {
        Config config = Config.read(golden("ministral3").resolve("config.json"));
        Config rope = config.child("rope_parameters").with(key, value);
        Map<String, Object> all = new LinkedHashMap<>();
        for (String name : rope.keys()) {
            all.put(name, rope.isText(name) ? rope.text(name) : rope.isFlag(name) ? (Object) rope.flag(name)
                    : name.startsWith("original") ? (Object) rope.integer(name) : (Object) rope.real(name));
        }
        String message = assertThrows(CheckpointException.class,
                () -> Families.spec(config.with("rope_parameters", all))).getMessage();
        assertTrue(message.contains("key rope_parameters." + key + ": found "), message);
    }

    @ParameterizedTest
    @CsvSource({"llama, expert_count, 100000001", "llama, block_count, 0", "llama, block_count, 100000000",
        "gemma4_text_moe, block_count, 0", "gemma4_text_moe, block_count, -3", "llama, embedding_length, 0",
        "llama, context_length, -1", "mamba2, ssm.conv_kernel, 0", "mamba2, ssm.state_size, -1"})
    void metadataIsRefused(String name, String key, int value) throws CheckpointException {
        Path whole = folder.resolve("whole.gguf");
        try (Model model = ModelLoader.load(golden(name))) {
            GgufModelWriter.write(model, whole, Optional.empty());
        }
        Path changed = folder.resolve("changed.gguf");
        String full;
        try (GgufCheckpoint file = GgufCheckpoint.open(whole)) {
            full = file.metadata().string("general.architecture") + "." + key;
            Map<String, Object> values = new LinkedHashMap<>();
            for (String one : file.metadata().keys()) {
                values.put(one, file.metadata().value(one));
            }
            values.put(full, value);
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String one : file.names()) {
                tensors.put(one, file.tensor(one));
            }
            GgufWriter.write(changed, GgufMetadata.of(changed, values), tensors);
        }
        String message = assertThrows(CheckpointException.class, () -> ModelLoader.load(changed)).getMessage();
        assertTrue(message.startsWith(changed + ": metadata key " + full + ": found " + value + ", expected "),
                message);
    }

    @Test
    void specsAreRefused() {
        Rope.Rotary rope = new Rope.Rotary(8, 10_000, new RopeScaling.None(), Layout.HALF_SPLIT);
        for (float x : new float[] {Float.NaN, Float.POSITIVE_INFINITY, -1, 1e30f, 1e-30f}) {
            List<Executable> specs = List.of(
                    () -> Attention.causal(2, 1, 8, rope, Bias.NONE).withScale(x),
                    () -> new Residual.Add(x), () -> Embedding.scaled(x), () -> new Head.Logits.Scaled(x),
                    () -> new RopeScaling.Linear(x), () -> new RopeScaling.Yarn(4, 16, 32, 1, true, x),
                    () -> new RopeScaling.Dynamic(x, 16), () -> new QkNorm.Clipped(x),
                    () -> new StateSpaceDual.Multipliers(1, 1, x, 1, 1),
                    () -> new Rope.Rotary(8, x, new RopeScaling.None(), Layout.HALF_SPLIT));
            for (int i = 0; i < specs.size(); i++) {
                assertThrows(IllegalArgumentException.class, specs.get(i), "number " + i + " with " + x);
            }
        }
        for (float x : new float[] {Float.NaN, Float.POSITIVE_INFINITY, -1, 0, 2}) {
            assertThrows(IllegalArgumentException.class, () -> new Norm.Rms(x, 0));
        }
        assertThrows(IllegalArgumentException.class, () -> new Residual.Normed(1, Float.NaN));
        assertThrows(IllegalArgumentException.class, () -> new Temperature.Logarithmic(Double.NaN, 1, 0));
    }

    /// The time does not grow with layers times entries.
    @ParameterizedTest
    @CsvSource({"qwen3_moe, mlp_only_layers", "bamba, attn_layer_indices"})
    void longListsOfLayersAreReadOnce(String name, String key) throws CheckpointException {
        Config config = Config.read(golden(name).resolve("config.json")).with("num_hidden_layers", 10_000)
                .with(key, Collections.nCopies(1_000_000, 20_000));
        assertTimeoutPreemptively(Duration.ofSeconds(20), () -> Families.spec(config));
    }

    @Test
    void aModelMayBeClosedTwice() throws CheckpointException {
        Model loaded = ModelLoader.load(golden("llama"));
        loaded.close();
        loaded.close();
        Model fresh = FreshModel.create(Config.read(golden("llama").resolve("config.json")), 1);
        fresh.close();
        fresh.close();
    }

    @Test
    void nanIsInNoRange() {
        for (NumberRange range : NumberRange.values()) {
            assertFalse(range.holds(Double.NaN) || range.holds(Double.POSITIVE_INFINITY), range.name());
            assertTrue(range.holds(range == NumberRange.LOG_DECAY ? -1 : 1) || range == NumberRange.ROPE_THETA,
                    range.name());
        }
        assertEquals("a number of layers from 1 to 10000", NumberRange.LAYERS.expected());
    }

    @Test
    void anUnsupportedFamilyNamesAFewSimilarOnes() {
        String message = assertThrows(CheckpointException.class, () -> Families.spec(Config.of(Path.of("config.json"),
                Map.of("model_type", "gemma_next")))).getMessage();
        assertTrue(message.contains("'gemma_next' is not supported; similar ones are gemma, gemma2, gemma3"),
                message);
        assertTrue(message.length() < 200, message);
    }
}
