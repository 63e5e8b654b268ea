package glia.serve.embedding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import glia.engine.LanguageModel;
import glia.engine.embedding.Embedder;
import glia.engine.embedding.LateInteractionConfig;
import glia.engine.embedding.PictureEmbedder;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Texts of a model that compares them with pictures have the compared embeddings wherever they are embedded.
class PictureTextTest {
    @Test
    void anEmbedderGivesTheTextsThatAreComparedWithPictures(@TempDir Path folder) throws Exception {
        LetterModel.write("siglip", folder, 60, false);
        try (LanguageModel model = LanguageModel.load(folder)) {
            assertFalse(LateInteractionConfig.describes(model.model()));
            PictureEmbedder pictures = PictureEmbedder.of(model);
            Embedder texts = Embedder.of(model);
            float[][] found = texts.embed(List.of(texts.encode("a b c"), texts.encode("q")));
            assertArrayEquals(pictures.embed("a b c"), found[0]);
            assertArrayEquals(pictures.embed("q"), found[1]);
            assertEquals(32, found[0].length);
            Tensor pixels = Tensor.allocate(Arena.ofAuto(), DType.F32, 3, 16, 16);
            for (int i = 0; i < pixels.size(); i++) {
                pixels.set(i, i % 11 * 0.1f - 0.5f);
            }
            double[] p = pictures.classify(pixels, List.of("a b c", "q"));
            double[] logits = {Math.log(p[0] / (1 - p[0])), Math.log(p[1] / (1 - p[1]))};
            float[] expected = pictures.logits(pictures.embed(pixels), List.of(found[0], found[1]));
            assertEquals(expected[0], logits[0], 1e-3);
            assertEquals(expected[1], logits[1], 1e-3);
        }
    }
}
