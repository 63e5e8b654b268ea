package glia.engine.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.Engine;
import glia.engine.state.Sequence;
import glia.io.CheckpointException;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Pass.Outputs;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import java.net.URISyntaxException;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The golden checkpoints in GGUF, as `golden_to_gguf.py` makes them by llama.cpp's conventions, against what Hugging
/// Face's Transformers compute from the originals.
class GgufGoldenTest {
    /// Weights rounded to F16 move logits, which reach 4, by less than this.
    private static final double F16_TOLERANCE = 1e-2;

    static Path file(String name) {
        try {
            return Path.of(GgufGoldenTest.class.getResource("/gguf/" + name + ".gguf").toURI());
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
        compare(golden, "f32", family, 21, 1e-4);
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
        compare(golden, "f32", family, tokens, 1e-4);
    }

    private static void compare(String golden, String type, String family, int numTokens, double tolerance)
            throws CheckpointException {
        try (Workers workers = new Workers(1);
                Model model = ModelLoader.load(file(golden + "-" + type));
                Engine engine = new Engine(model, new ScalarKernels(workers), Precision.EXACT, 1 << 30);
                Expected expected = new Expected(GoldenTest.folder(golden).resolve("expected.safetensors"))) {
            assertEquals(family, model.spec().modelType());
            int[][] ids = expected.ids("input_ids");
            assertEquals(21, ids[0].length);
            Tensor wanted = expected.reals("logits");
            double worst = 0;
            for (int s = 0; s < ids.length; s++) {
                try (Sequence sequence = engine.open()) {
                    engine.add(sequence, ids[s], 0, numTokens, Outputs.ALL);
                    Tensor logits = engine.run();
                    for (long i = 0; i < logits.size(); i++) {
                        double difference = logits.get(i) - wanted.get((long) s * ids[s].length * wanted.cols() + i);
                        worst = Double.isNaN(difference) ? difference : Math.max(worst, Math.abs(difference));
                    }
                }
            }
            assertTrue(worst <= tolerance, golden + " differs by " + worst);
        }
    }
}
