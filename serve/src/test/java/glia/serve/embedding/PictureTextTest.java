package glia.serve.embedding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import glia.engine.LanguageModel;
import glia.engine.embedding.Embedder;
import glia.engine.embedding.LateInteractionConfig;
import glia.engine.embedding.PictureEmbedder;
import glia.io.picture.Picture;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Texts of a model that compares them with pictures have the compared embeddings wherever they are embedded.
class PictureTextTest {
    @Test
    void aFileOfAPictureIsPreparedAsTheModelsFilesSay(@TempDir Path folder) throws Exception {
        LetterModel.write("siglip", folder, 60, false);
        Files.writeString(folder.resolve("preprocessor_config.json"), """
                {"image_processor_type": "SiglipImageProcessor", "size": {"height": 16, "width": 16}, "resample": 3,
                "rescale_factor": 0.00392156862745098, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
                """);
        Path file = folder.resolve("white.png");
        BufferedImage image = new BufferedImage(40, 20, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 800; i++) {
            image.setRGB(i % 40, i / 40, 0xffffff);
        }
        ImageIO.write(image, "png", file.toFile());
        try (LanguageModel model = LanguageModel.load(folder)) {
            PictureEmbedder pictures = PictureEmbedder.of(model);
            Tensor white = Tensor.allocate(Arena.ofAuto(), DType.F32, 3, 16, 16);
            for (int i = 0; i < white.size(); i++) {
                white.set(i, 1);
            }
            assertArrayEquals(pictures.embed(white), pictures.embed(Picture.read(file)), 1e-5f);
        }
    }

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
