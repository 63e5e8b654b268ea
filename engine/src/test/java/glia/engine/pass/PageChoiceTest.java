package glia.engine.pass;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.engine.state.BlockPool;
import glia.engine.state.Sequence;
import glia.kernels.KernelBackends;
import glia.model.TinyConfig;
import glia.model.TinyModel;
import glia.model.block.Pass;
import glia.tensor.Precision;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.PageChoice;
import glia.tensor.kernel.Workers;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Decoding with attention to chosen pages of the KV cache.
class PageChoiceTest {
    private static final int LENGTH = 200;
    private static final int MORE = 5;
    private static final TinyConfig CONFIG = new TinyConfig("llama", 2, 4, 2, 4, 0);

    private final TinyModel tiny = new TinyModel(CONFIG.json(), 7);
    private final int[] ids = new Random(3).ints(LENGTH + MORE, 0, CONFIG.vocabSize()).toArray();

    private Engine engine(Workers workers, String kernels, KeyValueType type, PageChoice choice) {
        return new Engine(tiny.model(), KernelBackends.choose(kernels, workers).kernels(), Precision.EXACT,
                new BlockPool(1 << 28), LENGTH + MORE, type, choice);
    }

    /// The logits of the last token, where all after the prompt are decoded one by one.
    private float[] decode(Engine engine, Sequence sequence) {
        float[] last = {};
        for (int i = sequence.length(); i < ids.length; i++) {
            engine.add(sequence, ids, i, i + 1, Pass.Outputs.LAST);
            last = engine.run().toArray();
        }
        return last;
    }

    private float[] whole(String kernels, KeyValueType type, PageChoice choice) {
        try (Workers workers = new Workers(2); Engine engine = engine(workers, kernels, type, choice);
                Sequence sequence = engine.open()) {
            engine.prefill(sequence, ids, 0, LENGTH, () -> false);
            return decode(engine, sequence);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"best", "scalar"})
    void allPagesAreFullAttentionBitForBit(String kernels) {
        float[] full = whole(kernels, KeyValueType.F32, null);
        assertArrayEquals(full, whole(kernels, KeyValueType.F32, new PageChoice(16, 256, true)));
        assertFalse(Arrays.equals(full, whole(kernels, KeyValueType.F32, new PageChoice(16, 32, true))));
    }

    /// Bounds follow keys when a sequence is cut, forked, and shares its blocks.
    @Test
    void cutAndForkedSequencesGoOnWithTheSameBits() {
        for (KeyValueType type : new KeyValueType[] {KeyValueType.F32, KeyValueType.BF16}) {
            PageChoice choice = new PageChoice(16, 64, true);
            float[] expected = whole("best", type, choice);
            int[] other = new Random(5).ints(ids.length, 0, CONFIG.vocabSize()).toArray();
            try (Workers workers = new Workers(2); Engine engine = engine(workers, "best", type, choice);
                    Sequence sequence = engine.open()) {
                engine.prefill(sequence, ids, 0, 150, () -> false);
                try (Sequence fork = sequence.fork()) {
                    engine.prefill(fork, other, 150, LENGTH, () -> false);
                    engine.prefill(sequence, other, 150, LENGTH, () -> false);
                    sequence.truncate(130);
                    engine.prefill(sequence, ids, 130, LENGTH, () -> false);
                    assertArrayEquals(expected, decode(engine, sequence), type.label());
                }
            }
        }
    }

    /// A step of two sequences, of which one reads a prompt.
    @Test
    void batchesGiveTheSameTokens() {
        PageChoice choice = new PageChoice(16, 64, true);
        try (Workers workers = new Workers(2); Engine engine = engine(workers, "scalar", KeyValueType.F32, choice);
                Sequence sequence = engine.open(); Sequence second = engine.open()) {
            engine.prefill(sequence, ids, 0, ids.length - 1, () -> false);
            engine.add(second, ids, 0, 40, Pass.Outputs.NONE);
            engine.add(sequence, ids, ids.length - 1, ids.length, Pass.Outputs.LAST);
            assertArrayEquals(lastAfterPrefill(choice), engine.run().toArray(), 1e-6f);
        }
    }

    private float[] lastAfterPrefill(PageChoice choice) {
        try (Workers workers = new Workers(2); Engine engine = engine(workers, "scalar", KeyValueType.F32, choice);
                Sequence sequence = engine.open()) {
            engine.prefill(sequence, ids, 0, ids.length - 1, () -> false);
            return decode(engine, sequence);
        }
    }

    @Test
    void wrongSizesAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new PageChoice(64, 64, true));
        try (Workers workers = new Workers(1)) {
            assertThrows(IllegalArgumentException.class, () -> engine(workers, "scalar", KeyValueType.F32,
                    new PageChoice(48, 512, true)));
            assertThrows(IllegalArgumentException.class, () -> whole("scalar", KeyValueType.INT8,
                    new PageChoice(16, 64, true)), "heads of 4 are no whole blocks");
        }
    }
}
