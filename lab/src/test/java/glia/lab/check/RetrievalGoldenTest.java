package glia.lab.check;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.embedding.EmbeddingConfig;
import glia.engine.pass.Engine;
import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.gguf.GgufCheckpoint;
import glia.io.gguf.GgufWriter;
import glia.io.load.Checkpoints;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Pass.Outputs;
import glia.model.block.Pass;
import glia.model.layout.Pooling;
import glia.model.spec.Head;
import glia.model.write.GgufModelWriter;
import glia.model.write.ModelWriter;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Tiny retrievers, rerankers and classifiers against what Hugging Face's Transformers compute from them: embeddings,
/// token vectors, sparse vectors, scores, and gradients of their losses.
class RetrievalGoldenTest {
    @TempDir
    private Path temporary;

    static List<String> folders() {
        try (Stream<Path> folders = Files.list(folder("colbert").getParent())) {
            return folders.map(f -> f.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path folder(String name) {
        try {
            return Path.of(RetrievalGoldenTest.class.getResource("/golden-retrieval/" + name + "/config.json").toURI())
                    .getParent();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<CheckLine> check(Path folder) throws CheckpointException {
        List<CheckLine> lines = new ArrayList<>();
        try (Workers workers = new Workers(2);
                Model model = ModelLoader.load(folder);
                Engine engine = new Engine(model, KernelBackends.choose("scalar", workers).kernels(), Precision.EXACT,
                        1 << 28)) {
            ModelCheck.run(folder, engine, lines::add);
        }
        return lines;
    }

    @ParameterizedTest
    @MethodSource("folders")
    void agreesWithTheReferenceAndIsSavedAsItWas(String name) throws IOException {
        List<CheckLine> lines = check(folder(name));
        assertTrue(lines.size() >= 3, lines::toString);
        for (CheckLine line : lines) {
            assertTrue(line.passed(), line::toString);
        }
        Path saved = temporary.resolve("saved");
        try (Model model = ModelLoader.load(folder(name))) {
            ModelWriter.write(model, saved);
        }
        try (Checkpoint a = Checkpoints.open(folder(name)); Checkpoint b = Checkpoints.open(saved)) {
            assertEquals(a.names(), b.names());
            for (String tensor : a.names()) {
                assertEquals(-1, a.tensor(tensor).memory().mismatch(b.tensor(tensor).memory()), tensor);
            }
        }
        assertArrayEquals(Files.readAllBytes(folder(name).resolve("config.json")),
                Files.readAllBytes(saved.resolve("config.json")));
    }

    /// As GGUF and back: the same scores and gradients, and the metadata of llama.cpp.
    @ParameterizedTest
    @CsvSource({"bert_rerank, bert", "modernbert_rerank, modern-bert"})
    void rerankersAreGgufFilesToo(String name, String architecture) throws IOException {
        Path file = temporary.resolve("reranker.gguf");
        Path back = temporary.resolve("back");
        try (Model model = ModelLoader.load(folder(name))) {
            GgufModelWriter.write(model, file, Optional.empty());
        }
        try (Model model = ModelLoader.load(file); GgufCheckpoint checkpoint = GgufCheckpoint.open(file)) {
            assertEquals(Pooling.GGUF_RANK, checkpoint.metadata().integer(architecture + ".pooling_type"));
            assertTrue(checkpoint.names().containsAll(List.of("cls.weight", "cls.output.weight", "cls.output.bias")));
            assertFalse(EmbeddingConfig.of(file, model).isStated());
            ModelWriter.write(model, back);
        }
        Files.copy(folder(name).resolve("expected.safetensors"), back.resolve("expected.safetensors"));
        List<CheckLine> lines = check(back);
        assertTrue(lines.size() >= 3 && lines.stream().allMatch(CheckLine::passed), lines::toString);
    }

    /// llama.cpp's converter leaves BERT's pooler out; a Qwen3 reranker has the rows of its answers once more.
    @Test
    void otherFilesOfRerankersAreRead() throws IOException {
        Path file = temporary.resolve("reranker.gguf");
        try (Model model = ModelLoader.load(folder("bert_rerank"))) {
            GgufModelWriter.write(model, file, Optional.empty());
        }
        try (Model model = ModelLoader.load(changed(file, tensors -> tensors.keySet().removeAll(
                List.of("cls.weight", "cls.bias"))))) {
            assertEquals(new Head.Transform.None(), model.spec().head().transform());
            assertEquals(1, model.spec().head().classes().orElseThrow().size());
        }
        try (Model model = ModelLoader.load(folder("qwen3_rerank"))) {
            GgufModelWriter.write(model, file, Optional.empty());
        }
        try (Model model = ModelLoader.load(changed(file, tensors -> tensors.put("cls.output.weight",
                tensors.get("token_embd.weight").rows(3, 5))))) {
            assertTrue(model.spec().head().predictsTokens());
        }
    }

    private Path changed(Path file, Consumer<Map<String, Tensor>> change) throws IOException {
        Path other = temporary.resolve("changed.gguf");
        try (GgufCheckpoint from = GgufCheckpoint.open(file)) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String name : from.names()) {
                tensors.put(name, from.tensor(name));
            }
            change.accept(tensors);
            GgufWriter.write(other, from.metadata(), tensors);
        }
        return other;
    }

    /// The reference adds a sum over tokens where these files require it, so that the maxima of the golden differ.
    @Test
    void otherPoolingsGiveOtherVectors() throws IOException {
        Path copy = Files.createDirectories(temporary.resolve("splade"));
        for (String file : List.of("config.json", "model.safetensors", "expected.safetensors")) {
            Files.copy(folder("splade").resolve(file), copy.resolve(file));
        }
        assertTrue(check(copy).stream().allMatch(CheckLine::passed));
        Files.createDirectories(copy.resolve("1_SpladePooling"));
        Files.writeString(copy.resolve("1_SpladePooling/config.json"), "{\"pooling_strategy\": \"sum\"}");
        assertTrue(check(copy).stream().noneMatch(line -> line.what().endsWith("reps") && line.passed()));
        Files.writeString(copy.resolve("1_SpladePooling/config.json"), "{\"pooling_strategy\": \"first\"}");
        assertTrue(assertThrows(CheckpointException.class, () -> check(copy)).getMessage()
                .contains("found 'first', expected max or sum"));
    }

    /// Nobody attends to a hidden token, and it attends to the others.
    @Test
    void hiddenTokensChangeNoOthers() throws CheckpointException {
        try (Workers workers = new Workers(1); Model model = ModelLoader.load(folder("colbert"));
                Engine engine = new Engine(model, KernelBackends.choose("scalar", workers).kernels(), Precision.EXACT,
                        1 << 28)) {
            int[] ids = {1, 4, 20, 30, 2, 3, 3};
            float[] whole = engine.hidden(new Pass().add(ids, 0, 5, 0, Outputs.ALL), Tensor::toArray);
            float[] hiding = engine.hidden(new Pass().add(ids, 0, 7, 0, Outputs.ALL).hide(2),
                    Tensor::toArray);
            float[] attending = engine.hidden(new Pass().add(ids, 0, 7, 0, Outputs.ALL), Tensor::toArray);
            assertEquals(7 * model.spec().hiddenSize(), hiding.length);
            double different = 0;
            for (int i = 0; i < whole.length; i++) {
                assertEquals(whole[i], hiding[i], 1e-5f, "number " + i);
                different = Math.max(different, Math.abs(whole[i] - attending[i]));
            }
            assertTrue(different > 1e-2, "hidden tokens make no difference: " + different);
        }
        assertThrows(IllegalArgumentException.class, () -> new Pass().add(new int[] {1}, 0, 1, 0, Outputs.ALL).hide(1));
    }
}
