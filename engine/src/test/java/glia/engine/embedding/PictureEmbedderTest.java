package glia.engine.embedding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.load.LoadOptions;
import glia.engine.load.LoadedModel;
import glia.engine.pass.Engine;
import glia.io.hub.Progress;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.spec.Tower;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import java.lang.foreign.Arena;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Embeddings of texts and pictures, one at a time, against the reference.
class PictureEmbedderTest {
    /// Work with an embedder and the results of the reference.
    private interface Work {
        void with(Model model, PictureEmbedder embedder, SafetensorsCheckpoint expected) throws Exception;
    }

    private static Path folder(String name) throws URISyntaxException {
        return Path.of(PictureEmbedderTest.class.getResource("/golden-retrieval/" + name + "/config.json").toURI())
                .getParent();
    }

    private static void open(String name, Work work) throws Exception {
        Path folder = folder(name);
        try (Workers workers = new Workers(1); Model model = ModelLoader.load(folder);
                Engine engine = new Engine(model, new ScalarKernels(workers), Precision.EXACT, 1 << 28);
                SafetensorsCheckpoint expected =
                        SafetensorsCheckpoint.open(folder.resolve("expected.safetensors"))) {
            work.with(model, new PictureEmbedder(engine), expected);
        }
    }

    private static Tensor picture(SafetensorsCheckpoint expected, int number) throws Exception {
        Tensor all = expected.tensor("pixel_values");
        long[] shape = Arrays.copyOfRange(all.shape(), 1, 4);
        return all.view(number * all.sizeBytes() / all.shape()[0], DType.F32, shape);
    }

    @ParameterizedTest
    @ValueSource(strings = {"clip", "siglip"})
    void textsAndPicturesAreComparedAsByTheReference(String name) throws Exception {
        open(name, (model, embedder, expected) -> {
            int[][] ids = expected.ids("input_ids");
            List<float[]> texts = new ArrayList<>();
            for (int i = 0; i < ids.length; i++) {
                texts.add(embedder.embed(ids[i]));
                assertArrayEquals(expected.tensor("text_embeds").rows(i, i + 1).toArray(), texts.getLast(), 1e-5f);
            }
            for (int i = 0; i < ids.length; i++) {
                float[] picture = embedder.embed(picture(expected, i));
                assertArrayEquals(expected.tensor("image_embeds").rows(i, i + 1).toArray(), picture, 1e-5f);
                float[] logits = embedder.logits(picture, texts);
                assertArrayEquals(expected.tensor("logits_per_image").rows(i, i + 1).toArray(), logits, 1e-4f);
                double[] p = embedder.probabilities(logits);
                assertEquals(name.equals("clip") ? 1 : Arrays.stream(p).sum(), Arrays.stream(p).sum(), 1e-9);
                assertEquals(name.equals("clip") ? Math.exp(logits[0] - logits[1])
                        : Math.exp(logits[0]) * (1 - p[0]) / p[1], p[0] / p[1], 1e-4);
            }
        });
    }

    @Test
    void aShortTextOfSigLipIsPadded() throws Exception {
        open("siglip", (model, embedder, expected) -> {
            int[] text = {7, 8, 9};
            int[] padded = Arrays.copyOf(text, model.spec().contextLength());
            Arrays.fill(padded, text.length, padded.length, 1);
            assertArrayEquals(embedder.embed(padded), embedder.embed(text));
        });
    }

    /// Preparing a model for speed reads no more tokens than it has positions.
    @Test
    void aModelOfFewPositionsIsPrepared() throws Exception {
        try (LoadedModel model = LoadedModel.load(folder("siglip"), LoadOptions.defaults().withKernels("best"),
                Progress.NONE)) {
            assertEquals(12, model.contextLength());
        }
    }

    @Test
    void theEmbeddingOfATextIsAtItsEnd() {
        Tower.Step.Compared first = new Tower.Step.Compared(5, 0, false);
        assertEquals(1, first.place(9, 5, 5));
        assertEquals(0, first.place(9, 8));
        assertEquals(2, new Tower.Step.Compared(Tower.Step.Compared.HIGHEST, 0, false).place(1, 5, 9, 9));
        assertEquals(3, new Tower.Step.Compared(Tower.Step.Compared.LAST, 0, true).place(1, 9, 2, 3));
    }

    @Test
    void picturesOfOtherSizesAndTextsThatAreTooLongAreRefused() throws Exception {
        open("clip", (model, embedder, expected) -> {
            Tensor small = Tensor.allocate(Arena.ofAuto(), DType.F32, 3, 8, 16);
            assertTrue(assertThrows(IllegalArgumentException.class, () -> embedder.embed(small)).getMessage()
                    .contains("expected 4 patches"));
            assertThrows(IllegalArgumentException.class, () -> embedder.embed(new int[15]));
            assertThrows(IllegalArgumentException.class, () -> embedder.embed("a cat"));
        });
    }
}
