package glia.train.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.KernelBackends;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.train.codec.CodecTrainer.Sizes;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class CodecTrainerTest {
    private static final Sizes SIZES = new Sizes(1, 32, 2, 4, 8);
    private static Workers workers;
    private static Kernels kernels;

    @BeforeAll
    static void open() {
        workers = new Workers(2);
        kernels = KernelBackends.choose("best", workers).kernels();
    }

    @AfterAll
    static void close() {
        workers.close();
    }

    /// Pictures of 4 x 4 pixels, each quarter of which is black or white.
    private static List<Tensor> pictures() {
        List<Tensor> all = new ArrayList<>();
        for (int p = 0; p < 16; p++) {
            float[] values = new float[16];
            for (int i = 0; i < values.length; i++) {
                values[i] = (p >> i / 8 * 2 + i % 4 / 2 & 1) == 0 ? -1 : 1;
            }
            all.add(Tensor.of(Arena.ofAuto(), values, 1, 4, 4));
        }
        return all;
    }

    @Test
    void picturesAreRestoredFromTheirCodes() {
        try (CodecTrainer trainer = new CodecTrainer(kernels, SIZES, 3)) {
            double first = trainer.step(pictures(), 5e-3);
            double last = first;
            for (int step = 0; step < 120; step++) {
                last = trainer.step(pictures(), 5e-3);
            }
            assertTrue(last < 0.05 * first, first + " to " + last);
            for (Tensor picture : pictures()) {
                float[] found = trainer.decode(trainer.encode(picture), 2).toArray();
                for (int i = 0; i < found.length; i++) {
                    assertTrue(found[i] * picture.get(i) > 0.3, Arrays.toString(found));
                }
            }
        }
    }

    /// Pictures of a batch do not see each other: its error is the mean of theirs, and its update that of their mean.
    @Test
    void aBatchIsTheMeanOfItsPictures() {
        List<Tensor> pictures = pictures().subList(5, 9);
        double sum = 0;
        for (Tensor picture : pictures) {
            try (CodecTrainer trainer = new CodecTrainer(kernels, SIZES, 3)) {
                trainer.step(pictures().subList(0, 2), 1e-9);
                sum += trainer.step(List.of(picture), 1e-9) / pictures.size();
            }
        }
        try (CodecTrainer trainer = new CodecTrainer(kernels, SIZES, 3)) {
            trainer.step(pictures().subList(0, 2), 1e-9);
            assertEquals(sum, trainer.step(pictures, 1e-9), 1e-4 * sum);
        }
    }

    @Test
    void theSameSeedGivesTheSameCodec() {
        try (CodecTrainer one = new CodecTrainer(kernels, SIZES, 3); CodecTrainer two = new CodecTrainer(kernels,
                SIZES, 3)) {
            assertEquals(one.step(pictures(), 1e-3), two.step(pictures(), 1e-3));
            one.tensors().forEach((name, tensor) -> assertArrayEquals(tensor.toArray(), two.tensors().get(name)
                    .toArray(), name));
        }
    }

    @Test
    void wrongSizesAreNamed() {
        assertThrows(IllegalArgumentException.class, () -> new Sizes(3, 48, 3, 8, 64));
        try (CodecTrainer trainer = new CodecTrainer(kernels, SIZES, 3)) {
            assertTrue(assertThrows(IllegalArgumentException.class, () -> trainer.encode(Tensor.of(Arena.ofAuto(),
                    new float[15], 1, 3, 5))).getMessage().contains("multiples of 2"));
        }
    }
}
