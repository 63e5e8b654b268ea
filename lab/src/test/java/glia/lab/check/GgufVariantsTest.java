package glia.lab.check;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.gguf.GgufCheckpoint;
import glia.io.gguf.GgufMetadata;
import glia.io.gguf.GgufWriter;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.write.GgufModelWriter;
import glia.model.write.ModelWriter;
import glia.model.spec.Attention;
import glia.model.spec.Place;
import glia.model.spec.Rope;
import glia.model.spec.RopeScaling;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// GGUF files that say the same as those of Glia in other ways, as llama.cpp's converter has and had them.
class GgufVariantsTest {
    @TempDir
    Path temporary;

    private interface Change {
        void apply(Map<String, Object> metadata, Map<String, Tensor> tensors, Arena arena);
    }

    /// Writes a golden, changes the file and compares model and weights of both.
    private void same(String golden, Change change) throws IOException {
        Path other = changed(golden, change);
        try (Model a = ModelLoader.load(temporary.resolve(golden + ".gguf")); Model b = ModelLoader.load(other)) {
            assertEquals(a.spec(), b.spec());
            assertSame(a, b);
        }
    }

    private Path changed(String golden, Change change) throws IOException {
        Path whole = temporary.resolve(golden + ".gguf");
        Path other = temporary.resolve(golden + "-other.gguf");
        try (Model model = ModelLoader.load(GoldenTest.folder(golden))) {
            GgufModelWriter.write(model, whole, Optional.empty());
        }
        try (GgufCheckpoint from = GgufCheckpoint.open(whole); Arena arena = Arena.ofConfined()) {
            Map<String, Object> metadata = from.metadata().values();
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String name : from.names()) {
                tensors.put(name, from.tensor(name));
            }
            Map<String, Object> before = new HashMap<>(metadata);
            Map<String, Tensor> stored = new HashMap<>(tensors);
            change.apply(metadata, tensors, arena);
            assertTrue(!metadata.equals(before) || !tensors.equals(stored), golden);
            GgufWriter.write(other, GgufMetadata.of(other, metadata), tensors);
        }
        return other;
    }

    private static void assertSame(Model a, Model b) {
        assertEquals(a.weights().all().keySet(), b.weights().all().keySet());
        a.weights().all().forEach((p, w) -> assertArrayEquals(Compute.stored(w).toArray(),
                Compute.stored(b.weights().get(p)).toArray(), p::toString));
    }

    /// `convert_hf_to_gguf.py --fuse-qkv`.
    @ParameterizedTest
    @ValueSource(strings = {"llama", "qwen2", "qwen3", "seed_oss", "stablelm", "glm", "glm4_moe", "bert",
        "gemma2", "granitemoehybrid", "jamba", "lfm2", "olmo2", "exaone4", "cohere", "mixtral"})
    void queriesKeysAndValuesMayBeOneTensor(String golden) throws IOException {
        same(golden, (metadata, tensors, arena) -> {
            for (String name : tensors.keySet().stream().filter(n -> n.contains(".attn_q.")).toList()) {
                Tensor[] parts = new Tensor[3];
                for (int i = 0; i < 3; i++) {
                    parts[i] = tensors.remove(name.replace("attn_q.", "attn_" + "qkv".charAt(i) + "."));
                }
                long rows = parts[0].dim(0) + parts[1].dim(0) + parts[2].dim(0);
                Tensor all = parts[0].rank() == 1 ? Tensor.allocate(arena, DType.F32, rows)
                        : Tensor.allocate(arena, DType.F32, rows, parts[0].cols());
                long at = 0;
                for (Tensor part : parts) {
                    for (long i = 0; i < part.size(); i++) {
                        all.set(at++, part.get(i));
                    }
                }
                tensors.put(name.replace("attn_q.", "attn_qkv."), all);
            }
        });
    }

    @Test
    void aWindowOfZeroIsNone() throws IOException {
        same("phi3", (metadata, tensors, arena) -> metadata.put("phi3.attention.sliding_window", 0));
    }

    @Test
    void outerDimensionsOfOneMeanNothing() throws IOException {
        same("ernie4_5_moe", (metadata, tensors, arena) -> tensors.replaceAll((name, t) ->
                name.contains("exp_probs_b") ? t.reshape(1, t.size()) : t));
    }

    /// Of DBRX the converter writes one width, of latent attention neither dense layers nor the scores of routers.
    @ParameterizedTest
    @CsvSource({"dbrx, dbrx.expert_feed_forward_length", "deepseek_v3, deepseek2.expert_gating_func",
        "glm4_moe_lite, deepseek2.leading_dense_block_count", "hy_v3, hy_v3.leading_dense_block_count"})
    void keysThatFollowFromOthers(String golden, String key) throws IOException {
        same(golden, (metadata, tensors, arena) -> metadata.remove(key));
    }

    @Test
    void yarnsAttentionFactorIsCopiedFromTheConfig() throws IOException {
        Path file = changed("olmo3", (metadata, tensors, arena) -> {
            metadata.remove("olmo2.rope.scaling.attn_factor");
            metadata.put("olmo2.rope.scaling.yarn_attn_factor", 1.2f);
        });
        try (Model model = ModelLoader.load(file)) {
            Rope.Rotary full = (Rope.Rotary) ((Attention) model.spec().mixer(Place.of(6))).rope();
            assertEquals(1.2, ((RopeScaling.Yarn) full.scaling()).attentionFactor(), 1e-6);
        }
    }

    /// Files of masked text diffusion, which become folders with the same config.
    @ParameterizedTest
    @CsvSource({"dream, dream", "llada, llada"})
    void diffusionIsWrittenAndRead(String golden, String architecture) throws CheckpointException {
        Path file = temporary.resolve("diffusion.gguf");
        Path folder = temporary.resolve("folder");
        try (Model model = ModelLoader.load(GoldenTest.folder(golden))) {
            GgufModelWriter.write(model, file, Optional.empty());
            try (Model read = ModelLoader.load(file);
                    GgufCheckpoint checkpoint = GgufCheckpoint.open(file)) {
                assertEquals(architecture, checkpoint.metadata().string("general.architecture"));
                assertEquals(model.spec().diffusion(), read.spec().diffusion());
                ModelWriter.write(read, folder);
            }
            try (Model again = ModelLoader.load(folder)) {
                assertEquals(model.spec().allSublayers(), again.spec().allSublayers());
                assertEquals(model.spec().diffusion(), again.spec().diffusion());
                assertSame(model, again);
            }
        }
        assertTrue(Files.exists(folder.resolve("config.json")));
    }
}
