package glia.lab.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.embedding.EmbeddingConfig;
import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.io.CheckpointException;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Input;
import glia.model.block.Pass.Outputs;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.model.layout.Pooling;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import java.net.URISyntaxException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The golden checkpoints in GGUF, as `golden_to_gguf.py` and its like make them by llama.cpp's conventions, against
/// what Hugging Face's Transformers compute from the originals.
class GgufGoldenTest {
    private static final double TOLERANCE = 1e-4;
    /// Weights rounded to F16 move logits, which reach 4, by less than this.
    private static final double F16_TOLERANCE = 1e-2;

    static Path file(String name) {
        return resource("/gguf/" + name + ".gguf");
    }

    /// A file of a form that is not written, or what belongs to it.
    static Path read(String name) {
        return resource("/gguf_read/" + name);
    }

    private static Path expected(String golden) {
        return GoldenTest.folder(golden).resolve("expected.safetensors");
    }

    private static Path resource(String name) {
        try {
            return Path.of(GgufGoldenTest.class.getResource(name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest
    @CsvSource({"bloom, bloom", "gemma2, gemma2", "gemma3_text, gemma3_text", "gpt2, gpt2", "llama, llama",
        "llama2, llama", "ministral3, ministral3", "mpt, mpt", "qwen2, qwen2", "qwen3, qwen3", "smollm3, smollm3",
        "bamba, granitemoehybrid", "falcon_h1_mup, falcon_h1", "granitemoehybrid, granitemoehybrid", "jamba, jamba",
        "mamba, mamba", "mamba2, mamba2", "nemotron_h_moe, nemotron_h",
        "glm4_moe, glm4_moe", "gpt_oss, gpt_oss", "minimax_m2, minimax_m2", "mixtral, mixtral",
        "qwen3_moe, qwen3_moe", "deepseek_v2, deepseek_v2", "deepseek_v3, deepseek_v3", "kimi_k2, deepseek_v3",
        "glm_moe_dsa, glm_moe_dsa"})
    void agreesWithTheReference(String golden, String family) throws CheckpointException {
        compare(golden, "f32", family, 21, TOLERANCE);
    }

    /// Models that were made for their files alone, as `made_to_gguf.py` does, of sizes that llama.cpp takes.
    @ParameterizedTest
    @CsvSource({"deepseek_v32, deepseek_v32", "gemma4_dense, gemma4_text", "gemma4_moe, gemma4_text",
        "gemma4_shared, gemma4_text", "minimax, minimax", "qwen3_5_moe, qwen3_5_moe_text",
        "qwen3_5_text, qwen3_5_text", "qwen3_next, qwen3_next"})
    void agreesWithTheReferenceAsMade(String name, String family) throws CheckpointException {
        compare(read(name + "-f32.gguf"), read(name + "-expected.safetensors"), family, 21, TOLERANCE);
    }

    @ParameterizedTest
    @CsvSource({"gpt2, gpt2", "llama, llama"})
    void agreesWithTheReferenceUpToRoundedWeights(String golden, String family) throws CheckpointException {
        compare(golden, "f16", family, 21, F16_TOLERANCE);
    }

    /// The format stores Mistral as `llama` and says nothing of its window, 4 tokens in this golden, nor of the chunks
    /// and the temperature of Llama 4.
    @ParameterizedTest
    @CsvSource({"mistral, llama, 4", "llama4_text, llama4_text, 3"})
    void agreesWithTheReferenceInsideTheWindow(String golden, String family, int tokens) throws CheckpointException {
        compare(golden, "f32", family, tokens, TOLERANCE);
    }

    @ParameterizedTest
    @CsvSource({"bert, CLS", "modernbert, MEAN"})
    void filesSayHowHiddenStatesArePooled(String golden, Pooling pooling) throws CheckpointException {
        try (Model model = ModelLoader.load(read(golden + "-f32.gguf"))) {
            assertEquals(pooling, EmbeddingConfig.of(read(golden + "-f32.gguf"), model).pooling());
        }
    }

    /// Files of encoders have no head, so what is compared are the last hidden states.
    @ParameterizedTest
    @ValueSource(strings = {"bert", "modernbert"})
    void encodersEndWithTheHiddenStatesOfTheReference(String golden) throws CheckpointException {
        compareHidden(golden, read(golden + "-f32.gguf"));
    }

    static void compareHidden(String golden, Path file) throws CheckpointException {
        try (Workers workers = new Workers(1); Model model = ModelLoader.load(file);
                Engine engine = new Engine(model, new ScalarKernels(workers), Precision.EXACT, 1 << 30);
                Expected inputs = new Expected(expected(golden));
                Expected expected = new Expected(read(golden + "-hidden.safetensors"))) {
            assertEquals(golden, model.spec().modelType());
            int[][] ids = inputs.ids("input_ids");
            Tensor wanted = expected.reals("hidden");
            for (int s = 0; s < ids.length; s++) {
                Pass pass = new Pass().add(ids[s], 0, ids[s].length, 0, Outputs.ALL);
                Tensor hidden = model.decoder().hidden(engine.ops(), pass, States.NONE);
                double worst = difference(hidden, wanted, (long) s * ids[s].length);
                assertTrue(worst <= TOLERANCE, golden + " differs by " + worst);
                engine.ops().release(0);
            }
        }
    }

    @Test
    void anEncoderDecoderAgreesWithTheReference() throws CheckpointException {
        compareT5(read("t5-f32.gguf"));
    }

    static void compareT5(Path file) throws CheckpointException {
        try (Workers workers = new Workers(1); Model model = ModelLoader.load(file);
                Engine engine = new Engine(model, new ScalarKernels(workers), Precision.EXACT, 1 << 30);
                Expected expected = new Expected(expected("t5"))) {
            assertEquals("t5", model.spec().modelType());
            int[][] sources = expected.ids("input_ids");
            int[][] ids = expected.ids("decoder_input_ids");
            for (int s = 0; s < ids.length; s++) {
                try (Sequence sequence = engine.open()) {
                    engine.add(sequence, Input.of(sources[s]), ids[s], 0, ids[s].length, Outputs.ALL);
                    double worst = difference(engine.run(), expected.reals("logits"), (long) s * ids[s].length);
                    assertTrue(worst <= TOLERANCE, "t5 differs by " + worst);
                }
            }
        }
    }

    /// The largest difference from the rows after the first `fromRow`.
    static double difference(Tensor found, Tensor wanted, long fromRow) {
        double worst = 0;
        for (long i = 0; i < found.size(); i++) {
            double difference = found.get(i) - wanted.get(fromRow * wanted.cols() + i);
            worst = Double.isNaN(difference) ? difference : Math.max(worst, Math.abs(difference));
        }
        return worst;
    }

    private static void compare(String golden, String type, String family, int numTokens, double tolerance)
            throws CheckpointException {
        compare(file(golden + "-" + type), expected(golden), family, numTokens, tolerance);
    }

    private static void compare(Path file, Path reference, String family, int numTokens, double tolerance)
            throws CheckpointException {
        try (Workers workers = new Workers(1);
                Model model = ModelLoader.load(file);
                Engine engine = new Engine(model, new ScalarKernels(workers), Precision.EXACT, 1 << 30);
                Expected expected = new Expected(reference)) {
            assertEquals(family, model.spec().modelType());
            int[][] ids = expected.ids("input_ids");
            assertEquals(21, ids[0].length);
            Tensor wanted = expected.reals("logits");
            for (int s = 0; s < ids.length; s++) {
                try (Sequence sequence = engine.open()) {
                    engine.add(sequence, ids[s], 0, numTokens, Outputs.ALL);
                    double worst = difference(engine.run(), wanted, (long) s * ids[s].length);
                    assertTrue(worst <= tolerance, file + " differs by " + worst);
                }
            }
        }
    }
}
