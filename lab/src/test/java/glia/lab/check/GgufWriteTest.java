package glia.lab.check;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.gguf.GgufCheckpoint;
import glia.io.gguf.GgufMetadata;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Pass.Outputs;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.model.cost.ParameterCount;
import glia.model.family.Families;
import glia.model.family.Family;
import glia.model.write.GgufModelWriter;
import glia.model.write.ModelWriter;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import glia.tensor.ops.Compute;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Golden checkpoints written as GGUF files: read again they give the reference's logits, and metadata and tensors are
/// those of the files that a Python script made by llama.cpp's conventions.
class GgufWriteTest {
    /// Keys that the script leaves out where other readers do without.
    private static final Set<String> MORE = Set.of("vocab_size", "attention.key_length", "attention.value_length",
            "attention.head_count_kv", "rope.dimension_count", "expert_feed_forward_length",
            "rope.scaling.yarn_beta_fast", "rope.scaling.yarn_beta_slow");
    private static final double TOLERANCE = 1e-6;

    /// Goldens with what their architecture has no key for, and what messages call that.
    private static final Map<String, String> REFUSED = Map.ofEntries(
            Map.entry("bamba_odd", "sublayers[0].mixer.bias is ALL, not NONE"),
            Map.entry("deepseek_v2_biases", "SHARED_GATE_BIAS"),
            Map.entry("llama_longrope", "sublayers[0].mixer.rope.scaling is LongRope"),
            Map.entry("nemotron_h_biases", "EXPERT_INPUT_BIAS"),
            Map.entry("qwen2_dynamic", "sublayers[0].mixer.rope.scaling is Dynamic"),
            Map.entry("ernie4_5_moe_biases", "SHARED_GATE_BIAS"),
            Map.entry("falcon_alibi", "the architecture 'falcon' has no key"),
            Map.entry("phimoe", "rope.scaling.factorBeyond is 1.2"),
            Map.entry("qwen2_moe", "sublayers[3].mixer is GatedMlp"),
            Map.entry("falcon_h1", "gating is NormThenGate"),
            Map.entry("falcon_h1_gate", "branches[0].mixer.outputBias is ALL, not NONE"),
            Map.entry("granitemoehybrid_rope", "sublayers[0].mixer.inputBias is ALL, not NONE"),
            Map.entry("jamba_odd", "INPUT_BIAS"),
            Map.entry("mamba2_odd", "sublayers[0].mixer.limits.min is 0.05"),
            Map.entry("mamba_odd", "INPUT_BIAS"),
            Map.entry("nemotron_h_odd", "sublayers[0].mixer.inputBias is ALL, not NONE"),
            Map.entry("bloom_odd", "sublayers[0].residual is Normed"),
            Map.entry("gemma2_odd", "sublayers[1].mixer.activation is GELU, not GELU_TANH"),
            Map.entry("gemma4_ahead", "sublayers[0].mixer.span is BidirectionalWindow"),
            Map.entry("gemma4_dense", "sublayers[0].mixer.bias is ALL"),
            Map.entry("glm5_next", "sublayers[0].mixer.numHeads is 3, not 4"),
            Map.entry("gpt2_odd", "sublayers[1].mixer.activation is GELU"),
            Map.entry("kimi_linear", "sublayers[0].mixer.numHeads is 3, not 4"),
            Map.entry("kimi_linear_unrotated", "sublayers[0].mixer.numHeads is 3, not 4"),
            Map.entry("llama4_text", "sublayers[0].mixer.span.size is 4, not 8192"),
            Map.entry("ministral3_odd", "sublayers[0].mixer.span is Sliding[window=7], not Causal"),
            Map.entry("mt5", "mixer.buckets.maxDistance is 16, not 128"),
            Map.entry("umt5", "mixer.buckets.maxDistance is 16, not 128"),
            Map.entry("minicpm3", "embedding.scale is 2.0, not 12.0"),
            Map.entry("minimax", "sublayers[2].residual.alpha is 3.5"),
            Map.entry("minimax_odd", "sublayers[0].mixer.activation is GELU"),
            Map.entry("minimax_m3", "sublayers[1].mixer.form.limit is 2.0, not 7.0"),
            Map.entry("qwen3_next_odd", "sublayers[1].mixer is GatedMlp"),
            Map.entry("mistral", "sublayers[0].mixer.span is Sliding[window=4], not Causal"),
            Map.entry("mpt_odd", "sublayers[0].mixer.scale is 0.5"),
            Map.entry("roberta_odd", "sublayers[1].mixer.activation is GELU_TANH, not GELU"),
            Map.entry("qwen2_sliding", "sublayers[4].mixer.span is Sliding[window=5], not Causal"),
            Map.entry("smollm3_int2", "sublayers[2].mixer.rope is None"));
    /// What the script stores otherwise: factors that make up for the scale of scores in queries; rows permuted in a
    /// layer that does not rotate, in which any order will do.
    private static final Map<String, String> OTHERWISE = Map.of("gemma2", "attn_[qk].weight",
            "gemma3_text", "attn_[qk]_norm.weight", "smollm3", "blk.3.attn_[qk].weight",
            "granitemoehybrid", "blk.2.attn_[qk].weight");

    /// Files of these end with hidden states.
    private static final Set<String> ENCODER_DECODERS = Set.of("t5");
    private static final Set<String> ENCODERS = Set.of("bert", "modernbert");
    /// Models that do not generate token after token, and one whose logits are of a prompt that sees itself.
    private static final Set<String> WHOLE = Set.of("distilbert", "dream", "gemma3_embedding", "hrm_text", "llada",
            "roberta");

    @TempDir
    Path temporary;

    private Path written(String golden) throws CheckpointException {
        Path file = temporary.resolve(golden + ".gguf");
        try (Model model = ModelLoader.load(GoldenTest.folder(golden))) {
            GgufModelWriter.write(model, file, Optional.empty());
        }
        return file;
    }

    /// All folders of families with a form that is written, but those that hold what no key says.
    static List<String> writable() {
        return GoldenTest.folders().stream().filter(f -> !REFUSED.containsKey(f) && !ENCODER_DECODERS.contains(f)
                && !ENCODERS.contains(f) && !WHOLE.contains(f) && hasForm(f)).toList();
    }

    private static boolean hasForm(String golden) {
        try (Model model = ModelLoader.load(GoldenTest.folder(golden))) {
            return Families.ofModelType(model.spec().modelType()).flatMap(Family::gguf)
                    .flatMap(form -> form.metadata(model.spec())).isPresent();
        } catch (CheckpointException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Set<String> refused() {
        return REFUSED.keySet();
    }

    @ParameterizedTest
    @MethodSource("refused")
    void saysWhatHasNoPlace(String golden) throws CheckpointException {
        Path file = temporary.resolve("refused.gguf");
        try (Model model = ModelLoader.load(GoldenTest.folder(golden))) {
            String words = assertThrows(CheckpointException.class,
                    () -> GgufModelWriter.write(model, file, Optional.empty())).getMessage();
            assertTrue(words.contains(REFUSED.get(golden)), words);
        }
        assertFalse(Files.exists(file));
    }

    @ParameterizedTest
    @MethodSource("writable")
    void givesTheLogitsOfTheReference(String golden) throws CheckpointException {
        compare(golden, written(golden), Integer.MAX_VALUE);
    }

    @Test
    void encodersGiveTheHiddenStatesAndT5TheLogitsOfTheReference() throws CheckpointException {
        for (String golden : ENCODERS) {
            GgufGoldenTest.compareHidden(golden, written(golden));
        }
        GgufGoldenTest.compareT5(written("t5"));
    }

    /// The scale of EmbeddingGemma's scores is part of the norms of queries in the file, RoBERTa's unused positions and
    /// heads are left out.
    @ParameterizedTest
    @ValueSource(strings = {"distilbert", "gemma3_embedding", "hrm_text", "roberta"})
    void givesTheHiddenStatesOfItsFolder(String golden) throws CheckpointException {
        try (Workers workers = new Workers(1); Model folder = ModelLoader.load(GoldenTest.folder(golden));
                Model file = ModelLoader.load(written(golden));
                Engine ofFolder = new Engine(folder, new ScalarKernels(workers), Precision.EXACT, 1 << 30);
                Engine ofFile = new Engine(file, new ScalarKernels(workers), Precision.EXACT, 1 << 30);
                Expected expected = new Expected(GoldenTest.folder(golden).resolve("expected.safetensors"))) {
            for (int[] ids : expected.ids("input_ids")) {
                Pass pass = new Pass().add(ids, 0, ids.length, 0, Outputs.ALL);
                Tensor wanted = folder.decoder().hidden(ofFolder.ops(), pass, States.NONE);
                Tensor found = file.decoder().hidden(ofFile.ops(), pass, States.NONE);
                assertTrue(GgufGoldenTest.difference(found, wanted, 0) <= 1e-5);
                ofFolder.ops().release(0);
                ofFile.ops().release(0);
            }
        }
    }

    /// UMT5 has position biases in each layer, T5 and its files only in the first.
    @Test
    void filesOfUmt5KeepThePositionsOfEachLayer() throws CheckpointException {
        Config config = Config.read(GoldenTest.folder("umt5").resolve("config.json"))
                .with("relative_attention_num_buckets", 32).with("relative_attention_max_distance", 128);
        Path file = temporary.resolve("umt5.gguf");
        try (Model made = FreshModel.create(config, 1)) {
            GgufModelWriter.write(made, file, Optional.empty());
            try (Model read = ModelLoader.load(file)) {
                assertEquals("umt5", read.spec().modelType());
                assertEquals(made.spec().allSublayers(), read.spec().allSublayers());
                assertEquals(made.weights().all().keySet(), read.weights().all().keySet());
            }
        }
    }

    /// Files that were made of models that are no goldens, and of those whose files hold less than the golden.
    @ParameterizedTest
    @ValueSource(strings = {"bert", "modernbert", "t5", "gemma4_dense", "gemma4_moe", "gemma4_shared", "qwen3_5_moe",
        "qwen3_5_text"})
    void whatBecameAFolderIsTheSameFileAgain(String name) throws CheckpointException {
        Path original = GgufGoldenTest.read(name + "-f32.gguf");
        Path folder = temporary.resolve("folder");
        Path file = temporary.resolve("again.gguf");
        try (Model model = ModelLoader.load(original)) {
            ModelWriter.write(model, folder);
        }
        try (Model model = ModelLoader.load(folder)) {
            GgufModelWriter.write(model, file, Optional.empty());
        }
        assertSameFile(original, file, "none");
    }

    private static void compare(String golden, Path file, int most) throws CheckpointException {
        try (Workers workers = new Workers(1);
                Model model = ModelLoader.load(file);
                Engine engine = new Engine(model, new ScalarKernels(workers), Precision.EXACT, 1 << 30);
                Expected expected = new Expected(GoldenTest.folder(golden).resolve("expected.safetensors"))) {
            int[][] ids = expected.ids("input_ids");
            Tensor wanted = expected.reals("logits");
            double worst = 0;
            for (int s = 0; s < ids.length; s++) {
                try (Sequence sequence = engine.open()) {
                    engine.add(sequence, ids[s], 0, Math.min(most, ids[s].length), Outputs.ALL);
                    Tensor logits = engine.run();
                    for (long i = 0; i < logits.size(); i++) {
                        double difference = logits.get(i) - wanted.get((long) s * ids[s].length * wanted.cols() + i);
                        worst = Double.isNaN(difference) ? difference : Math.max(worst, Math.abs(difference));
                    }
                }
            }
            assertTrue(worst <= 1e-4, golden + " differs by " + worst);
        }
    }

    static Stream<String> fixtures() throws IOException {
        try (Stream<Path> files = Files.list(GgufGoldenTest.file("llama-f32").getParent())) {
            // The script's deepseek_v2 is as older files are, with the expansions in one.
            return files.map(f -> f.getFileName().toString()).filter(f -> f.endsWith("-f32.gguf"))
                    .map(f -> f.replace("-f32.gguf", "")).filter(f -> !f.equals("deepseek_v2") && hasForm(f)
                            && !REFUSED.containsKey(f)).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("fixtures")
    void saysWhatLlamaCppsConverterSays(String golden) throws CheckpointException {
        assertSameFile(GgufGoldenTest.file(golden + "-f32"), written(golden), OTHERWISE.getOrDefault(golden, "none"));
    }

    /// @param otherwise a pattern for the ends of names of tensors whose numbers may differ
    private static void assertSameFile(Path one, Path other, String otherwise) throws CheckpointException {
        try (GgufCheckpoint wanted = GgufCheckpoint.open(one); GgufCheckpoint found = GgufCheckpoint.open(other);
                Arena arena = Arena.ofConfined()) {
            assertSameMetadata(wanted.metadata(), found.metadata());
            assertEquals(new TreeSet<>(wanted.names()), new TreeSet<>(found.names()));
            for (String name : wanted.names()) {
                Tensor a = wanted.tensor(name);
                Tensor b = found.tensor(name);
                assertEquals(a.dtype(), b.dtype(), name);
                assertArrayEquals(withoutOnes(a.shape()), withoutOnes(b.shape()), name);
                if (!name.matches(".*" + otherwise)) {
                    assertArrayEquals(Decode.widen(a, arena).toArray(), Decode.widen(b, arena).toArray(),
                            (float) TOLERANCE, name);
                }
            }
        }
    }

    /// Whether a single row is a matrix or a vector is all the same to readers.
    private static long[] withoutOnes(long[] shape) {
        return Arrays.stream(shape).filter(n -> n > 1).toArray();
    }

    static Stream<String> files() throws IOException {
        try (Stream<Path> files = Files.list(GgufGoldenTest.file("llama-f32").getParent())) {
            return files.map(f -> f.getFileName().toString()).filter(f -> f.endsWith(".gguf"))
                    .map(f -> f.replace(".gguf", "")).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("files")
    void whatWasAGgufFileIsWrittenAsItWas(String name) throws IOException {
        Path file = temporary.resolve("again.gguf");
        try (Model model = ModelLoader.load(GgufGoldenTest.file(name))) {
            GgufModelWriter.write(model, file, Optional.empty());
        }
        assertEquals(-1, Files.mismatch(GgufGoldenTest.file(name), file));
    }

    /// Some tokens see what the original's config says; the files hold no windows and chunks.
    @ParameterizedTest
    @MethodSource("files")
    void whatWasAGgufFileBecomesAFolder(String name) throws IOException {
        Path folder = temporary.resolve("folder");
        try (Model model = ModelLoader.load(GgufGoldenTest.file(name))) {
            ModelWriter.write(model, folder);
        }
        String golden = name.replaceFirst("-f.*", "");
        if (!hasForm(golden)) {
            return;
        }
        if (name.endsWith("-f32")) {
            compare(golden, folder, Map.of("mistral", 4, "llama4_text", 3).getOrDefault(golden, Integer.MAX_VALUE));
        }
        Path again = temporary.resolve("again.gguf");
        try (Model model = ModelLoader.load(folder)) {
            GgufModelWriter.write(model, again, Optional.empty());
        }
        try (GgufCheckpoint a = GgufCheckpoint.open(GgufGoldenTest.file(name));
                GgufCheckpoint b = GgufCheckpoint.open(again); Arena arena = Arena.ofConfined()) {
            for (String tensor : a.names()) {
                if (!name.startsWith("deepseek_v2") && !tensor.matches(".*" + OTHERWISE.getOrDefault(
                        golden, "none"))) {
                    assertArrayEquals(Decode.widen(a.tensor(tensor), arena).toArray(),
                            Decode.widen(b.tensor(tensor), arena).toArray(), (float) TOLERANCE, tensor);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "llama", "mixtral", "gpt_oss", "jamba", "deepseek_v3"})
    void aModelMadeFromAConfigIsWrittenInBothForms(String golden) throws IOException {
        Config config = Config.read(GoldenTest.folder(golden).resolve("config.json"));
        Path folder = temporary.resolve("fresh");
        Path file = temporary.resolve("fresh.gguf");
        try (Model model = FreshModel.create(config, 5)) {
            ModelWriter.write(model, folder);
            GgufModelWriter.write(model, file, Optional.empty());
            try (Model hub = ModelLoader.load(folder); Model gguf = ModelLoader.load(file)) {
                assertEquals(model.spec(), hub.spec());
                hub.weights().all().forEach((p, w) -> assertArrayEquals(
                        Compute.stored(model.weights().get(p)).toArray(), Compute.stored(w).toArray(), p::toString));
                assertEquals(ParameterCount.of(model.spec()).total(), ParameterCount.of(gguf.spec()).total());
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"F16, 1", "BF16, 32", "Q8_0, 7"})
    void matricesTakeTheTypeAskedFor(DType type, int fileType) throws CheckpointException {
        Path file = temporary.resolve("narrow.gguf");
        try (Model model = ModelLoader.load(GoldenTest.folder("mixtral"))) {
            GgufModelWriter.write(model, file, Optional.of(type));
        }
        try (GgufCheckpoint narrow = GgufCheckpoint.open(file); Model model = ModelLoader.load(file)) {
            assertEquals(fileType, narrow.metadata().integer("general.file_type"));
            assertEquals(type, narrow.tensor("blk.0.attn_q.weight").dtype());
            assertEquals(type, narrow.tensor("blk.0.ffn_gate_exps.weight").dtype());
            assertEquals(DType.F32, narrow.tensor("blk.0.ffn_gate_inp.weight").dtype());
            assertEquals(DType.F32, narrow.tensor("blk.0.attn_norm.weight").dtype());
            assertEquals("mixtral", model.spec().modelType());
        }
    }

    private static void assertSameMetadata(GgufMetadata wanted, GgufMetadata found) throws CheckpointException {
        String prefix = wanted.string("general.architecture") + ".";
        for (String key : wanted.keys()) {
            // What the hub says in a file of another library.
            boolean pools = key.equals(prefix + "pooling_type");
            // What a model without rotation does not have, and the width of MLPs where there are only experts.
            boolean idle = key.matches("qwen35?moe[.]feed_forward_length") || !found.has(prefix + "rope.freq_base")
                    && Set.of(prefix + "rope.freq_base", prefix + "rope.dimension_count").contains(key);
            if (key.startsWith("tokenizer.") || key.equals("general.name") || idle || pools) {
                continue;
            }
            assertTrue(found.has(key), () -> key + " is missing in " + found.keys());
            if (wanted.raw(key) instanceof Number number) {
                assertEquals(number.doubleValue(), found.real(key), TOLERANCE * number.doubleValue(), key);
            } else if (wanted.raw(key) instanceof long[] list) {
                assertArrayEquals(list, (long[]) found.raw(key), key);
            } else if (wanted.raw(key) instanceof boolean[] list) {
                assertArrayEquals(list, (boolean[]) found.raw(key), key);
            } else {
                assertEquals(wanted.raw(key), found.raw(key), key);
            }
        }
        for (String key : found.keys()) {
            assertTrue(wanted.has(key) || !key.startsWith(prefix) || MORE.contains(key.substring(prefix.length())),
                    () -> key + " is more than is said");
        }
    }
}
