package glia.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.picture.PictureGenerator.Options;
import glia.engine.picture.PictureGenerator;
import glia.engine.sampling.SamplingOptions;
import glia.io.picture.Picture;
import glia.io.picture.Pixels;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.model.codec.PictureCodes;
import glia.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Pictures of texts: seeds, guidance, sizes, and the embeddings and the head of codes against the reference.
class PictureGeneratorTest {
    private static final Options OPTIONS = Options.defaults().with(SamplingOptions.neutral().withSeed(3));

    private static Path resource(String name) throws Exception {
        return Path.of(PictureGeneratorTest.class.getResource(name).toURI());
    }

    private static LanguageModel model(String name) throws Exception {
        return LanguageModel.load(resource("/golden-pictures/" + name + "/config.json").getParent());
    }

    private static Pixels draw(PictureGenerator generator, String text, Options options) throws Exception {
        return generator.generate(text, options, done -> true).orElseThrow();
    }

    @ParameterizedTest
    @ValueSource(strings = {"emu3", "janus"})
    void aSeedGivesAPicture(String name) throws Exception {
        try (LanguageModel model = model(name)) {
            PictureGenerator generator = PictureGenerator.of(model);
            Pixels first = draw(generator, "a red circle", OPTIONS);
            assertArrayEquals(new int[] {8, 8}, generator.size());
            assertEquals(8, first.width());
            assertArrayEquals(first.rgb(), draw(generator, "a red circle", OPTIONS).rgb());
            Pixels read = Picture.of("drawn", first.png(), Picture.Limits.DEFAULT).pixels();
            assertArrayEquals(first.rgb(), read.rgb());
            byte[] other = draw(generator, "a red circle", OPTIONS.with(SamplingOptions.neutral().withSeed(4))).rgb();
            assertFalse(Arrays.equals(first.rgb(), other));
            byte[] plain = draw(generator, "a red circle", OPTIONS.withGuidance(1)).rgb();
            byte[] strong = draw(generator, "a red circle", OPTIONS.withGuidance(300)).rgb();
            assertFalse(Arrays.equals(plain, strong), "guidance matters");
            assertTrue(generator.generate("a red circle", OPTIONS, done -> done < 2).isEmpty());
            assertEquals(0, model.engine().stateBytes(), "sequences are closed");
        }
    }

    /// With a scale of 0 a picture is that of the negative prompt alone, with 1 that of the prompt alone.
    @Test
    void guidanceGoesFromTheNegativePromptToThePrompt() throws Exception {
        try (LanguageModel model = model("emu3")) {
            PictureGenerator generator = PictureGenerator.of(model);
            SamplingOptions greedy = SamplingOptions.greedy();
            Options negative = new Options(java.util.OptionalDouble.of(0), "a blue square", greedy, 0, 0);
            assertArrayEquals(draw(generator, "a blue square", Options.defaults().with(greedy).withGuidance(1)).rgb(),
                    draw(generator, "a red circle", negative).rgb());
        }
    }

    @Test
    void sizesAreThoseOfTheModel() throws Exception {
        try (LanguageModel emu = model("emu3"); LanguageModel janus = model("janus");
                LanguageModel chameleon = model("chameleon"); LanguageModel llava = model("llava")) {
            Pixels wide = draw(PictureGenerator.of(emu), "a red circle", OPTIONS.withSize(12, 6));
            assertEquals(12, wide.width());
            assertEquals(6, wide.height());
            assertTrue(assertThrows(IllegalArgumentException.class, () -> draw(PictureGenerator.of(emu), "a",
                    OPTIONS.withSize(7, 6))).getMessage().contains("multiples of 2"));
            assertTrue(assertThrows(IllegalArgumentException.class, () -> draw(PictureGenerator.of(janus), "a",
                    OPTIONS.withSize(16, 16))).getMessage().contains("8x8, the one size"));
            assertTrue(assertThrows(IllegalArgumentException.class, () -> PictureGenerator.of(chameleon)).getMessage()
                    .contains("no decoder"));
            assertTrue(assertThrows(IllegalArgumentException.class, () -> PictureGenerator.of(llava)).getMessage()
                    .contains("generates no pictures"));
        }
    }

    @Test
    void codesHaveTheEmbeddingsAndTheHeadOfTheReference() throws Exception {
        try (LanguageModel model = model("janus"); SafetensorsCheckpoint expected = SafetensorsCheckpoint.open(
                resource("/golden-codecs/janus.safetensors"))) {
            PictureCodes codes = PictureCodes.of(model.model()).orElseThrow();
            float[] scores = model.engine().computeWhole(() -> codes.logits(model.engine().ops(),
                    expectedTensor(expected, "hidden")), Tensor::toArray);
            assertArrayEquals(expectedTensor(expected, "scores").toArray(), scores, 1e-5f);
            int[] drawn = PictureCodecTest.numbers(expectedTensor(expected, "drawn"));
            Tensor embedded = expectedTensor(expected, "embedded");
            for (int i = 0; i < embedded.rows(); i++) {
                int code = drawn[i];
                float[] row = model.engine().computeWhole(() -> codes.next(model.engine().ops(), code), input ->
                        input.embedded().getFirst().rows().values().toArray());
                assertArrayEquals(embedded.rows(i, i + 1).toArray(), row, 1e-5f);
            }
        }
    }

    private static Tensor expectedTensor(SafetensorsCheckpoint expected, String name) {
        try {
            return expected.tensor(name);
        } catch (glia.io.CheckpointException e) {
            throw new IllegalStateException(e);
        }
    }
}
