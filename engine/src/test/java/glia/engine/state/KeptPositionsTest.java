package glia.engine.state;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.kernels.KernelBackends;
import glia.model.TinyConfig;
import glia.model.TinyModel;
import glia.model.block.Pass;
import glia.tensor.Precision;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Workers;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// A part of a sequence's KV cache is kept.
class KeptPositionsTest {
    private static final int LENGTH = 150;
    private static final int HEADS = 2;

    private final int[] ids = new Random(3).ints(400, 0, TinyConfig.VOCABULARY).toArray();
    private final Workers workers = new Workers(1);

    private Engine engine(TinyModel tiny, KeyValueType type) {
        return new Engine(tiny.model(), KernelBackends.choose("best", workers).kernels(), Precision.EXACT,
                new BlockPool(1 << 26), 400, type);
    }

    private static TinyModel tiny(int layers) {
        return new TinyModel(new TinyConfig("llama", layers, 4, HEADS, 32, 0).json(), 7);
    }

    private static int[][][] kept(int layers, int[] positions) {
        int[][] heads = new int[HEADS][];
        Arrays.fill(heads, positions);
        int[][][] kept = new int[layers][][];
        Arrays.fill(kept, heads);
        return kept;
    }

    private float[] decode(Engine engine, Sequence sequence, int from, int to) {
        float[] last = {};
        for (int i = from; i < to; i++) {
            engine.add(sequence, ids, i, i + 1, Pass.Outputs.LAST);
            last = engine.run().toArray();
        }
        return last;
    }

    @ParameterizedTest
    @EnumSource(value = KeyValueType.class, names = {"F32", "BF16", "INT8"})
    void allPositionsAreTheSameBitsAndForksStayAsTheyAre(KeyValueType type) {
        try (TinyModel tiny = tiny(2); Engine engine = engine(tiny, type); Sequence sequence = engine.open()) {
            engine.prefill(sequence, ids, 0, LENGTH, () -> false);
            try (Sequence fork = sequence.fork(); Sequence part = sequence.fork()) {
                fork.keep(LENGTH, kept(2, IntStream.range(0, LENGTH).toArray()), null);
                part.keep(70, kept(2, IntStream.range(0, LENGTH).filter(i -> i < 10 || i >= 90).toArray()), null);
                assertEquals(70, part.length());
                float[] some = decode(engine, part, LENGTH, LENGTH + 3);
                float[] expected = decode(engine, sequence, LENGTH, LENGTH + 3);
                assertArrayEquals(expected, decode(engine, fork, LENGTH, LENGTH + 3));
                assertTrue(!Arrays.equals(expected, some));
            }
        }
    }

    /// Keys of the first layer depend on their tokens alone, so what is kept and turned is a text of its own.
    @Test
    void endlessTextInTheFirstLayerIsItsSinksAndItsWindow() {
        try (TinyModel tiny = tiny(1); Engine engine = engine(tiny, KeyValueType.F32);
                Sequence sequence = engine.open(); Sequence again = engine.open()) {
            int sinks = 4;
            int most = 40;
            int drop = 10;
            RopeTable[] ropes = CachePolicy.ropes(tiny.model().spec(), 400);
            for (int i = 0; i < ids.length - 1; i++) {
                if (sequence.length() == most) {
                    sequence.keep(most - drop, kept(1, IntStream.range(0, most).filter(p -> p < sinks
                            || p >= sinks + drop).toArray()), ropes);
                }
                decode(engine, sequence, i, i + 1);
            }
            int recent = ids.length - 1 - (sequence.length() - sinks);
            int[] text = IntStream.concat(Arrays.stream(ids, 0, sinks), Arrays.stream(ids, recent, ids.length - 1))
                    .toArray();
            engine.prefill(again, text, 0, text.length, () -> false);
            assertArrayEquals(decode(engine, again, ids.length - 1, ids.length),
                    decode(engine, sequence, ids.length - 1, ids.length), 1e-5f);
        }
    }

    @Test
    void windowsAndHeadsWithinBlocksAreRefused() {
        try (TinyModel tiny = new TinyModel(new TinyConfig("mistral", 1, 4, HEADS, 32, 16).json(), 7);
                Engine engine = engine(tiny, KeyValueType.F32); Sequence sequence = engine.open()) {
            engine.prefill(sequence, ids, 0, 20, () -> false);
            assertThrows(IllegalArgumentException.class, () -> sequence.keep(1, kept(1, new int[] {0}), null));
        }
        try (TinyModel tiny = new TinyModel(new TinyConfig("llama", 1, 4, HEADS, 16, 0).json(), 7);
                Engine engine = engine(tiny, KeyValueType.INT8); Sequence sequence = engine.open()) {
            engine.prefill(sequence, ids, 0, 20, () -> false);
            assertThrows(IllegalArgumentException.class, () -> sequence.keep(1, kept(1, new int[] {0}), null));
            assertEquals(20, sequence.length());
        }
    }
}
