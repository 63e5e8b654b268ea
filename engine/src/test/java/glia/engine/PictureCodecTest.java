package glia.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.safetensors.SafetensorsCheckpoint;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.codec.PictureCodec;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import glia.tensor.ops.Compute;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Codes of pictures and pictures of codes against the reference's autoencoders.
class PictureCodecTest {
    private interface Work {
        void with(PictureCodec codec, Compute ops, SafetensorsCheckpoint expected) throws Exception;
    }

    private static Path resource(String name) throws Exception {
        return Path.of(PictureCodecTest.class.getResource(name).toURI());
    }

    private static void open(String name, Work work) throws Exception {
        try (Workers workers = new Workers(2);
                Model model = ModelLoader.load(resource("/golden-pictures/" + name + "/config.json").getParent());
                Compute ops = new Compute(new ScalarKernels(workers), Precision.EXACT);
                SafetensorsCheckpoint expected = SafetensorsCheckpoint.open(
                        resource("/golden-codecs/" + name + ".safetensors"))) {
            work.with(PictureCodec.of(model), ops, expected);
        }
    }

    static int[] numbers(Tensor t) {
        return Arrays.stream(t.memory().toArray(ValueLayout.JAVA_LONG_UNALIGNED)).mapToInt(Math::toIntExact)
                .toArray();
    }

    @ParameterizedTest
    @ValueSource(strings = {"chameleon", "emu3", "janus"})
    void codesOfAPictureAreTheReferences(String name) throws Exception {
        open(name, (codec, ops, expected) -> {
            PictureCodec.Codes codes = codec.encode(ops, expected.tensor("pixels"));
            Tensor wanted = expected.tensor("codes");
            assertArrayEquals(numbers(wanted), codes.codes());
            assertEquals(wanted.dim(-1), codes.width());
            assertEquals(2, codec.factor());
            assertThrows(IllegalArgumentException.class, () -> codec.encode(ops, expected.tensor("pixels")
                    .reshape(1, 3, expected.tensor("pixels").size() / 3)));
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"emu3", "janus"})
    void picturesOfCodesAreTheReferences(String name) throws Exception {
        open(name, (codec, ops, expected) -> {
            Tensor drawn = expected.tensor("drawn");
            Tensor pixels = codec.decode(ops, new PictureCodec.Codes((int) drawn.dim(0), (int) drawn.dim(1),
                    numbers(drawn)));
            Tensor wanted = expected.tensor("decoded");
            assertArrayEquals(wanted.shape(), pixels.shape());
            assertArrayEquals(wanted.toArray(), pixels.toArray(), 2e-4f);
            int[] missing = {codec.size()};
            assertTrue(assertThrows(IllegalArgumentException.class, () -> codec.decode(ops,
                    new PictureCodec.Codes(1, 1, missing))).getMessage().contains("codebook"));
        });
    }

    @Test
    void aCodecWithoutDecoderSaysSo() throws Exception {
        open("chameleon", (codec, ops, expected) -> {
            assertFalse(codec.decodes());
            assertTrue(assertThrows(IllegalArgumentException.class, () -> codec.decode(ops,
                    new PictureCodec.Codes(1, 1, new int[1]))).getMessage().contains("no decoder"));
        });
    }
}
