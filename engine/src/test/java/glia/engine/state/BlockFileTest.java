package glia.engine.state;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.model.TinyConfig;
import glia.model.TinyModel;
import glia.model.block.Pass.Outputs;
import glia.tensor.Precision;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// KV caches larger than the memory for them: results have the same bits, memory stays bounded, and a disk that takes
/// no more ends a pass with a clear error and changes nothing.
class BlockFileTest {
    private static final int PAGE = 64;
    private static final TinyConfig CONFIG = new TinyConfig("llama", 2, 4, 2, 4, 0);
    private static final long BLOCK_BYTES = 2L * 2 * PAGE * 2 * 4 * Float.BYTES;
    private static final int LENGTH = 10 * PAGE + 20;
    /// For six blocks, and two of pages that are read.
    private static final long MEMORY = 8 * BLOCK_BYTES;

    @TempDir
    private Path folder;

    private final int[] ids = new Random(3).ints(LENGTH, 0, CONFIG.vocabSize()).toArray();
    private final TinyModel tiny = new TinyModel(CONFIG.json(), 7);

    private Engine engine(Workers workers, BlockPool pool) {
        return new Engine(tiny.model(), new ScalarKernels(workers), Precision.EXACT, pool, LENGTH,
                KeyValueType.F32);
    }

    private float[] feed(Engine engine, Sequence sequence, int count) {
        engine.add(sequence, ids, sequence.length(), sequence.length() + count, Outputs.ALL);
        return engine.run().toArray();
    }

    private List<float[]> steps(Engine engine, long mostBytes) {
        List<float[]> logits = new ArrayList<>();
        try (Sequence sequence = engine.open()) {
            while (sequence.length() < LENGTH - 6) {
                logits.add(feed(engine, sequence, Math.min(100, LENGTH - 6 - sequence.length())));
                assertTrue(engine.pool().memoryBytes() <= mostBytes);
            }
            // Back into a block that is in the file, and on with a fork.
            sequence.truncate(4 * PAGE + 7);
            try (Sequence fork = sequence.fork()) {
                logits.add(feed(engine, fork, 90));
            }
            logits.add(feed(engine, sequence, 1));
            logits.add(feed(engine, sequence, 3));
        }
        return logits;
    }

    @Test
    void resultsHaveTheSameBits() throws IOException {
        try (Workers workers = new Workers(1); Engine inMemory = engine(workers, new BlockPool(MEMORY * 99,
                folder.resolve("unused")))) {
            List<float[]> expected = steps(inMemory, Long.MAX_VALUE);
            try (Engine engine = engine(workers, new BlockPool(MEMORY, folder.resolve("kv")))) {
                List<float[]> found = steps(engine, MEMORY);
                for (int i = 0; i < expected.size(); i++) {
                    assertArrayEquals(expected.get(i), found.get(i), "step " + i);
                }
                try (Stream<Path> files = Files.list(folder.resolve("kv"))) {
                    assertEquals(0, files.count(), "the file has no name that others could open");
                }
                assertEquals(0, engine.stateBytes());
            }
            assertTrue(Files.notExists(folder.resolve("unused")), "what has room makes no file");
        }
    }

    /// An answer can be interrupted at any time; the file stays open.
    @Test
    void interruptsDoNotCloseTheFile() {
        try (Workers workers = new Workers(1); Engine engine = engine(workers, new BlockPool(MEMORY, folder));
                Sequence sequence = engine.open()) {
            Thread.currentThread().interrupt();
            for (int i = 0; i < 9; i++) {
                feed(engine, sequence, PAGE);
            }
            assertTrue(Thread.interrupted());
        }
    }

    @Test
    void aPassNeedsMemoryForItsTokens() {
        try (Workers workers = new Workers(1); Engine engine = engine(workers, new BlockPool(MEMORY, folder));
                Sequence sequence = engine.open()) {
            var e = assertThrows(StateMemoryException.class, () -> feed(engine, sequence, 9 * PAGE));
            assertTrue(e.getMessage().contains("larger --kv-memory"), e.getMessage());
        }
    }

    @Test
    void aDiskThatTakesNothingEndsThePass() throws IOException {
        Path taken = folder.resolve("taken");
        Files.writeString(taken, "a file where the folder should be");
        try (Workers workers = new Workers(1); Engine engine = engine(workers, new BlockPool(MEMORY, taken));
                Sequence sequence = engine.open(); Sequence plain = engine.open()) {
            for (int i = 0; i < 6; i++) {
                feed(engine, sequence, PAGE);
            }
            var e = assertThrows(StateMemoryException.class, () -> feed(engine, sequence, 1));
            assertTrue(e.getMessage().contains("cannot move") && e.getMessage().contains(taken.toString())
                    && e.getMessage().contains("--kv-memory"), e.getMessage());
            assertEquals(6 * PAGE, sequence.length());
            engine.discard();
            // There is room again.
            Files.delete(taken);
            float[] found = feed(engine, sequence, 1);
            sequence.clear();
            for (int i = 0; i < 6; i++) {
                feed(engine, plain, PAGE);
            }
            assertArrayEquals(feed(engine, plain, 1), found);
        }
    }
}
