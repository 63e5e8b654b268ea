package glia.jmh.compare;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.training.TokenBatch;
import glia.jmh.compare.AssociativeRecall.Mqar;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class MqarTest {
    private static final int VOCAB = 256;

    private static Mqar of(Mqar.Part part) {
        return new Mqar(VOCAB, List.of(4, 64), 300, 7, part);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 16, 64, 127})
    void theAnswersAreInTheContext(int pairs) {
        for (int index = 0; index < 20; index++) {
            Mqar.Example example = of(Mqar.Part.TRAINING).example(pairs, index);
            assertEquals(4 * pairs, example.ids().length);
            Map<Integer, Integer> context = new HashMap<>();
            for (int i = 0; i < 2 * pairs; i += 2) {
                int key = example.ids()[i];
                int value = example.ids()[i + 1];
                assertTrue(key > 0 && key < VOCAB / 2 && value >= VOCAB / 2 && value < VOCAB);
                assertEquals(null, context.put(key, value), "keys are different");
            }
            for (int i = 0; i < example.ids().length; i++) {
                if (i < 2 * pairs || example.ids()[i] == 0) {
                    assertEquals(TokenBatch.NO_TARGET, example.targets()[i]);
                } else {
                    assertEquals(context.remove(example.ids()[i]), example.targets()[i]);
                }
            }
            assertEquals(Map.of(), context, "each key is queried once");
        }
    }

    @Test
    void trainingAndHeldOutSequencesAreDifferent() {
        // With so few tokens, both parts would else have the same sequences.
        Set<String> training = new HashSet<>();
        Set<String> heldOut = new HashSet<>();
        for (int index = 0; index < 2000; index++) {
            training.add(text(new Mqar(16, List.of(1, 2), 1, 1, Mqar.Part.TRAINING).example(1 + index % 2, index)));
            heldOut.add(text(new Mqar(16, List.of(1, 2), 1, 1, Mqar.Part.HELD_OUT).example(1 + index % 2, index)));
        }
        assertTrue(training.size() > 100 && heldOut.size() > 10, training.size() + " " + heldOut.size());
        heldOut.retainAll(training);
        assertEquals(Set.of(), heldOut);
    }

    private static String text(Mqar.Example example) {
        return Arrays.toString(example.ids());
    }

    @Test
    void batchesDependOnSeedAndIndexAlone() {
        TokenBatch batch = of(Mqar.Part.TRAINING).batch(5);
        // 19 sequences of 16 tokens and 2 of 256.
        assertEquals(21, batch.numSequences());
        assertEquals(19 * 16 + 2 * 256, batch.numTokens());
        assertEquals(19 * 4 + 2 * 64, batch.numRows());
        assertArrayEquals(batch.targets(), of(Mqar.Part.TRAINING).batch(5).targets());
        assertFalse(Arrays.equals(batch.targets(), of(Mqar.Part.TRAINING).batch(6).targets()));
        assertFalse(Arrays.equals(batch.targets(),
                new Mqar(VOCAB, List.of(4, 64), 300, 8, Mqar.Part.TRAINING).batch(5).targets()));
    }

    @Test
    void theFirstKeyMostlyComesAgainEarly() {
        int early = 0;
        for (int index = 0; index < 400; index++) {
            int[] ids = of(Mqar.Part.TRAINING).example(8, index).ids();
            for (int i = 16; i < 24; i++) {
                early += ids[i] == ids[0] ? 1 : 0;
            }
        }
        // At random, 200 of them would be in the first half.
        assertTrue(early > 260, early + " of 400");
    }

    @Test
    void morePairsThanKeysAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new Mqar(128, List.of(64), 1, 1, Mqar.Part.TRAINING));
    }

    /// Every needle has two questions, and noise holds no other keys and values.
    @Test
    void needlesAreInTheNoiseOnce() {
        int length = 64;
        int[] ids = Needles.text(length, Needles.NEEDLES, 5);
        assertEquals(length + Needles.TAIL, ids.length);
        for (int i = length; i < ids.length; i += 2) {
            int key = ids[i];
            int at = Arrays.stream(ids, 0, length).boxed().toList().indexOf(key);
            assertEquals(ids[i + 1], ids[at + 1]);
            assertEquals(3, Arrays.stream(ids).filter(id -> id == key).count());
        }
        assertEquals(length - 2 * Needles.NEEDLES,
                Arrays.stream(ids, 0, length).filter(id -> id >= Needles.VOCAB / 2).count());
        assertFalse(Arrays.equals(ids, Needles.text(length, Needles.NEEDLES, 6)));
    }

    /// Texts become longer when the answers are learned, and not before.
    @ParameterizedTest
    @EnumSource(Needles.Start.class)
    void lengthsRiseByWhatIsLearned(Needles.Start start) {
        Needles needles = new Needles(1, start, Needles.LONGEST);
        for (int i = 0; i < 100; i++) {
            needles.step(3);
        }
        assertEquals(start == Needles.Start.SPARSE ? 8 : 16, needles.length());
        assertTrue(needles.batch(0).numTokens() < Needles.LONGEST / 2, "short ones first");
        for (int i = 0; i < 1000 && !needles.isLearned(); i++) {
            needles.step(0.01);
        }
        assertTrue(needles.isLearned());
        assertTrue(needles.batch(0).numTokens() > Needles.LONGEST, "a long text at the end");
    }
}
