package glia.engine.pass;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.state.ContextFullException;
import glia.engine.state.Sequence;
import glia.engine.state.StateMemoryException;
import glia.model.TinyConfig;
import glia.model.TinyModel;
import glia.model.block.Pass.Outputs;
import glia.model.block.Pass;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/// What the engine does when memory runs out, when a caller errs and when a pass fails.
class EngineTest {
    private static final int PAGE = 64;
    private static final TinyConfig CONFIG = new TinyConfig("llama", 2, 4, 2, 4, 0);
    /// Keys and values of 64 positions in two layers.
    private static final long BYTES_OF_64 = 2L * 2 * PAGE * 2 * 4 * Float.BYTES;

    private final int[] ids = new Random(3).ints(4 * PAGE, 0, CONFIG.vocabSize()).toArray();

    private static void withEngine(TinyConfig config, long limitBytes, Consumer<Engine> test) {
        try (Workers workers = new Workers(1); TinyModel tiny = new TinyModel(config.json(), 7);
                Engine engine = new Engine(tiny.model(), new ScalarKernels(workers), Precision.EXACT, limitBytes)) {
            test.accept(engine);
        }
    }

    /// The logits after `ids[0..count)`, fed to a sequence of their own.
    private float[] expected(Engine engine, int count) {
        try (Sequence sequence = engine.open()) {
            return feed(engine, sequence, count);
        }
    }

    private float[] feed(Engine engine, Sequence sequence, int count) {
        engine.add(sequence, ids, sequence.length(), sequence.length() + count, Outputs.LAST);
        return engine.run().toArray();
    }

    /// What a pass over whole texts returns lies in memory of the engine.
    @Test
    void otherThreadsAreKeptOutWhileAResultIsRead() {
        withEngine(CONFIG, BYTES_OF_64, engine -> {
            Pass pass = new Pass().add(ids, 0, 9, 0, Outputs.LAST);
            float[] expected = engine.read(pass, Tensor::toArray);
            Function<Tensor, float[]> reader = result -> {
                List<Throwable> failures = new ArrayList<>();
                Thread other = Thread.ofPlatform().uncaughtExceptionHandler((_, e) -> failures.add(e))
                        .start(() -> engine.read(new Pass().add(ids, 5, 20, 0, Outputs.LAST), Tensor::toArray));
                assertDoesNotThrow(() -> other.join());
                assertTrue(failures.getFirst().getMessage().contains("in use by thread"), failures.toString());
                return result.toArray();
            };
            assertArrayEquals(expected, engine.read(pass, reader));
            assertEquals(CONFIG.width(), engine.hidden(pass, reader).length);
            assertThrows(UnsupportedOperationException.class, () -> engine.read(pass, _ -> List.of().remove(0)));
            assertArrayEquals(expected, engine.read(pass, Tensor::toArray), "the engine is free again");
        });
    }

    @Test
    void goesOnWhenMemoryRunsOut() {
        withEngine(CONFIG, 3 * BYTES_OF_64, engine -> {
            float[] after128 = expected(engine, 2 * PAGE);
            Sequence first = engine.open();
            Sequence second = engine.open();
            feed(engine, first, PAGE);
            feed(engine, second, PAGE);
            // Both together want one page more than there is, in the second layer.
            engine.add(first, ids, PAGE, 2 * PAGE, Outputs.LAST);
            engine.add(second, ids, PAGE, 2 * PAGE, Outputs.LAST);
            StateMemoryException e = assertThrows(StateMemoryException.class, engine::run);
            assertTrue(e.getMessage().contains("--context"), e::getMessage);
            assertEquals(List.of(PAGE, PAGE), List.of(first.length(), second.length()));
            assertEquals(2 * BYTES_OF_64, engine.stateBytes());
            assertArrayEquals(after128, feed(engine, first, PAGE));
            assertThrows(StateMemoryException.class, () -> feed(engine, second, PAGE));
            first.close();
            assertArrayEquals(after128, feed(engine, second, PAGE));
            second.close();
            assertEquals(0, engine.stateBytes());
        });
    }

    @Test
    void memoryForKeysAloneDoesNotLeak() {
        withEngine(CONFIG, BYTES_OF_64 / 4, engine -> {
            Sequence sequence = engine.open();
            assertThrows(StateMemoryException.class, () -> feed(engine, sequence, 1));
            assertEquals(0, engine.stateBytes());
        });
    }

    @Test
    void refusesAPassThatCannotBe() {
        withEngine(CONFIG, 1 << 20, engine -> withEngine(CONFIG, 1 << 20, other -> {
            float[] after3 = expected(engine, 3);
            Sequence sequence = engine.open();
            engine.add(sequence, ids, 0, 3, Outputs.LAST);
            assertThrows(IllegalArgumentException.class, () -> engine.add(sequence, ids, 3, 4, Outputs.LAST));
            assertThrows(IllegalArgumentException.class, () -> engine.add(other.open(), ids, 0, 1, Outputs.LAST));
            Sequence late = engine.open();
            assertThrows(IndexOutOfBoundsException.class, () -> engine.add(late, ids, 3, ids.length + 1, Outputs.LAST));
            assertThrows(IndexOutOfBoundsException.class, () -> engine.add(late, ids, 3, 2, Outputs.LAST));
            assertArrayEquals(after3, engine.run().toArray());
            assertEquals(0, late.length());
        }));
    }

    @Test
    void failsWhereASequenceChangedAfterItWasAdded() {
        withEngine(CONFIG, 1 << 20, engine -> {
            Sequence sequence = engine.open();
            feed(engine, sequence, 5);
            engine.add(sequence, ids, 5, 6, Outputs.LAST);
            assertTrue(sequence.truncate(2));
            assertThrows(IllegalArgumentException.class, engine::run);
            assertEquals(2, sequence.length());
            assertArrayEquals(expected(engine, 6), feed(engine, sequence, 4));
        });
    }

    @Test
    void aPassOfNothingGivesNoLogits() {
        withEngine(CONFIG, 1 << 20, engine -> {
            assertEquals(0, engine.run().rows());
            Sequence sequence = engine.open();
            engine.add(sequence, ids, 0, 0, Outputs.LAST);
            Tensor logits = engine.run();
            assertEquals(0, logits.rows());
            assertEquals(0, sequence.length());
            assertThrows(IllegalArgumentException.class, () -> engine.prefill(sequence, ids, 1, 1, () -> false));
        });
    }

    @Test
    void learnedPositionsEnd() {
        withEngine(new TinyConfig("gpt2", 1, 2, 2, 4, 0), 1 << 20, engine -> {
            int[] text = new int[TinyConfig.CONTEXT + 1];
            Sequence sequence = engine.open();
            engine.prefill(sequence, text, 0, TinyConfig.CONTEXT, () -> false);
            engine.add(sequence, text, TinyConfig.CONTEXT, text.length, Outputs.LAST);
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class, engine::run);
            assertTrue(e.getMessage().contains("position 600"), e::getMessage);
            assertEquals(TinyConfig.CONTEXT, sequence.length());
        });
    }

    @Test
    void prefillStopsBetweenChunksAndKeepsWhatItHas() {
        withEngine(CONFIG, 1 << 24, narrow -> {
            int[] text = new Random(4).ints(2 * Engine.CHUNK_TOKENS + 3, 0, CONFIG.vocabSize()).toArray();
            try (Engine engine = narrow.forContext(text.length)) {
                Sequence whole = engine.open();
                float[] expected = engine.prefill(whole, text, 0, text.length, () -> false).toArray();
                Sequence stopped = engine.open();
                assertEquals(0, engine.prefill(stopped, text, 0, text.length, () -> true).rows());
                assertEquals(Engine.CHUNK_TOKENS, stopped.length());
                float[] found = engine.prefill(stopped, text, stopped.length(), text.length, () -> false).toArray();
                assertArrayEquals(expected, found, 1e-5f);
            }
        });
    }

    @Test
    void prefillBeyondTheContextIsRefusedBeforeAnythingIsComputed() {
        withEngine(CONFIG, 1 << 24, engine -> {
            try (Engine small = engine.forContext(2 * PAGE); Sequence sequence = small.open()) {
                ContextFullException full = assertThrows(ContextFullException.class,
                        () -> small.prefill(sequence, ids, 0, 2 * PAGE + 1, () -> false));
                assertTrue(full.getMessage().contains("129 tokens") && full.getMessage().contains("128 tokens"),
                        full::getMessage);
                assertThrows(ContextFullException.class,
                        () -> small.prefillCached("", sequence, ids, () -> false));
                assertThrows(IndexOutOfBoundsException.class,
                        () -> small.prefill(sequence, ids, ids.length - 1, ids.length + 1, () -> false));
                assertEquals(0, sequence.length());
                assertEquals(0, small.stateBytes());
                float[] expected = small.prefill(sequence, ids, 0, 2 * PAGE, () -> false).toArray();
                assertThrows(ContextFullException.class, () -> small.prefill(sequence, ids, 0, 1, () -> false));
                sequence.clear();
                small.prefill(sequence, ids, 0, PAGE, () -> false);
                // The tokens may lie elsewhere than at the sequence's positions.
                int[] rest = Arrays.copyOfRange(ids, PAGE - 3, 2 * PAGE);
                assertArrayEquals(expected, small.prefill(sequence, rest, 3, rest.length, () -> false).toArray(),
                        1e-6f);
            }
        });
    }

    @Test
    void prefillStartsAnywhereInAListOfTokens() {
        withEngine(CONFIG, 1 << 24, narrow -> {
            int[] text = new Random(4).ints(Engine.CHUNK_TOKENS + 30, 0, CONFIG.vocabSize()).toArray();
            try (Engine engine = narrow.forContext(text.length); Sequence whole = engine.open();
                    Sequence part = engine.open()) {
                int[] end = Arrays.copyOfRange(text, 20, text.length);
                float[] expected = engine.prefill(whole, end, 0, end.length, () -> false).toArray();
                assertArrayEquals(expected, engine.prefill(part, text, 20, text.length, () -> false).toArray());
                assertEquals(end.length, part.length());
            }
        });
    }

    @Test
    void onlyItsClaimantReleasesAnEngine() {
        withEngine(CONFIG, 1 << 20, engine -> {
            assertThrows(IllegalStateException.class, engine::release);
            engine.claim();
            engine.release();
            assertThrows(IllegalStateException.class, engine::release);
        });
    }

    /// Two layers, two heads of 20 numbers: a row of 40 fills two blocks of INT8.
    @Test
    void smallerNumbersTakeLessMemory() {
        withEngine(new TinyConfig("llama", 2, 4, 2, 20, 0), 1 << 24, engine -> {
            assertEquals(KeyValueType.F32, engine.keyValueType());
            for (KeyValueType type : KeyValueType.values()) {
                int rowBytes = switch (type) {
                    case F32 -> 4 * 40;
                    case BF16 -> 2 * 40;
                    case INT8 -> 2 * 34;
                    case Q5 -> 2 * 22;
                    case Q4 -> 2 * 18;
                    case INT8_Q5 -> 34 + 22;
                    case INT8_Q4 -> 34 + 18;
                    case Q5_Q4 -> 22 + 18;
                };
                try (Engine other = engine.withKeyValueType(type); Engine again = other.forContext(100)) {
                    assertEquals(type, again.keyValueType());
                    for (Engine e : List.of(other, again)) {
                        feed(e, e.open(), PAGE + 1);
                        assertEquals(2L * 2 * 2 * PAGE * rowBytes, e.stateBytes(), type.toString());
                    }
                }
            }
        });
    }
}
