package glia.peer;

import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.engine.embedding.Embedder;
import glia.engine.embedding.EmbeddingConfig;
import glia.engine.load.LoadOptions;
import glia.model.layout.Pooling;
import glia.tensor.Precision;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Sentence embeddings against ONNX Runtime's.
class MiniLmTest {
    private static final List<String> TEXTS = List.of("A cat sits on the mat.", "Interest rates rose again.",
            "Ein Kätzchen ruht auf dem Teppich, während draußen der Regen fällt.", "x", "naïve 北京 😀 unaffable",
            "word ".repeat(600));

    @ParameterizedTest
    @EnumSource
    void embeddingsAreThoseOfOnnxRuntime(Precision precision, @TempDir Path folder) throws Exception {
        EmbeddingBench.MiniLm.convert(folder);
        try (EmbeddingBench.MiniLm onnx = new EmbeddingBench.MiniLm(2); LanguageModel model = LanguageModel.load(folder,
                LoadOptions.defaults().withPrecision(precision))) {
            Embedder embedder = new Embedder(model, EmbeddingConfig.of(Pooling.MEAN, true));
            List<Embedder.Input> inputs = TEXTS.stream().map(embedder::encode).toList();
            float[][] expected = onnx.embed(inputs.stream().map(Embedder.Input::ids).toList());
            float[][] found = embedder.embed(inputs);
            for (int t = 0; t < found.length; t++) {
                double cosine = 0;
                for (int i = 0; i < found[t].length; i++) {
                    cosine += (double) found[t][i] * expected[t][i];
                }
                assertTrue(Math.abs(cosine - 1) < 1e-4, "text " + t + ": cosine " + cosine);
            }
        }
    }
}
