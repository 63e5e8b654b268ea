package glia.engine.state;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import glia.engine.pass.Engine;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.TinyConfig;
import glia.model.TinyModel;
import glia.model.block.Pass.Outputs;
import glia.tensor.Precision;
import glia.tensor.kernel.Workers;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Forks share blocks and copy only the block that they write to (copy-on-write).
class ForkTest {
    private static final int BLOCK = Sequence.BLOCK_TOKENS;
    private static final int NUM_FORKS = 1000;
    private static final long MOST_HEAP_BYTES = 1024;
    /// As many layers as a model of 135 million parameters has.
    private static final TinyConfig DEEP = new TinyConfig("llama", 30, 2, 1, 4, 0);
    private static final TinyConfig SHALLOW = new TinyConfig("llama", 2, 2, 1, 4, 0);
    /// Of two layers: keys and values of one head of four numbers.
    private static final long BLOCK_BYTES = 2L * BLOCK * 2 * 4 * Float.BYTES;

    private final int[] ids = new Random(2).ints(4 * BLOCK, 0, 37).toArray();

    private static void withEngine(TinyConfig config, long limitBytes, Consumer<Engine> test) {
        try (TinyModel tiny = new TinyModel(config.json(), 7)) {
            withEngine(tiny.model(), limitBytes, test);
        }
    }

    private static void withEngine(Model model, long limitBytes, Consumer<Engine> test) {
        try (Workers workers = new Workers(1); Engine engine = new Engine(model,
                KernelBackends.choose("scalar", workers).kernels(), Precision.EXACT, limitBytes)) {
            test.accept(engine);
        }
    }

    private float[] feed(Engine engine, Sequence sequence, int to) {
        engine.add(sequence, ids, sequence.length(), to, Outputs.LAST);
        return engine.run().toArray();
    }

    @ParameterizedTest
    @ValueSource(ints = {BLOCK, BLOCK - 1, BLOCK + 1})
    void aThousandForksTakeNoNativeMemoryAndLittleHeap(int promptTokens) {
        withEngine(DEEP, 1 << 28, engine -> {
            Sequence prompt = engine.open();
            feed(engine, prompt, promptTokens);
            long used = engine.stateBytes();
            long free = engine.pool().freeBytes();
            List<Sequence> forks = new ArrayList<>(NUM_FORKS);
            prompt.fork().close();
            long before = allocatedBytes();
            for (int i = 0; i < NUM_FORKS; i++) {
                forks.add(prompt.fork());
            }
            long bytesAFork = (allocatedBytes() - before) / NUM_FORKS;
            assertTrue(bytesAFork < MOST_HEAP_BYTES, bytesAFork + " bytes of heap a fork");
            assertEquals(used, engine.stateBytes());
            assertEquals(free, engine.pool().freeBytes());
            prompt.close();
            assertEquals(used, engine.stateBytes());
            forks.forEach(Sequence::close);
            assertEquals(0, engine.stateBytes());
        });
    }

    private static long allocatedBytes() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }

    @Test
    void onlyTheBlockWrittenToIsCopied() {
        withEngine(SHALLOW, 1 << 20, engine -> {
            Sequence prompt = engine.open();
            feed(engine, prompt, 2 * BLOCK + 5);
            Sequence fork = prompt.fork();
            assertEquals(3 * BLOCK_BYTES, engine.stateBytes());
            assertEquals(BLOCK_BYTES, fork.bytesToAppend(1));
            assertEquals(2 * BLOCK_BYTES, fork.bytesToAppend(BLOCK));
            float[] logits = feed(engine, fork, 2 * BLOCK + 6);
            assertEquals(4 * BLOCK_BYTES, engine.stateBytes());
            assertEquals(0, fork.bytesToAppend(1));
            assertEquals(0, prompt.bytesToAppend(1), "no other sequence shares the block any more");
            assertArrayEquals(logits, feed(engine, prompt, 2 * BLOCK + 6));
            assertEquals(4 * BLOCK_BYTES, engine.stateBytes());
            prompt.close();
            assertEquals(3 * BLOCK_BYTES, engine.stateBytes());
            fork.close();
            assertEquals(0, engine.stateBytes());
        });
    }

    @Test
    void atABlockBoundaryNothingIsCopied() {
        withEngine(SHALLOW, 1 << 20, engine -> {
            Sequence prompt = engine.open();
            feed(engine, prompt, BLOCK);
            try (Sequence fork = prompt.fork()) {
                assertEquals(BLOCK_BYTES, fork.bytesToAppend(BLOCK));
                feed(engine, fork, BLOCK + 1);
                assertEquals(2 * BLOCK_BYTES, engine.stateBytes());
            }
            assertEquals(BLOCK_BYTES, engine.stateBytes());
        });
    }

    /// Between passes windows slide.
    @ParameterizedTest
    @ValueSource(ints = {1, 10, BLOCK, BLOCK + 1, 100, 200})
    void shortPassesTakeNoMoreThanAnnounced(int passTokens) {
        for (int window : new int[] {1, 20, BLOCK, 90}) {
            withEngine(new TinyConfig("gemma3_text", 2, 2, 1, 4, window), 1 << 20, engine -> {
                try (Sequence sequence = engine.open(); Sequence idle = engine.open()) {
                    feed(engine, sequence, 5);
                    long used = engine.stateBytes();
                    long announced = sequence.bytesToAppend(ids.length - 5, 0, passTokens);
                    assertTrue(announced <= idle.bytesToAppend(ids.length));
                    long most = 0;
                    for (int to = 5; to < ids.length; ) {
                        to = Math.min(ids.length, to + passTokens);
                        long before = engine.stateBytes();
                        long more = sequence.bytesToAppend(to - sequence.length());
                        feed(engine, sequence, to);
                        most = Math.max(most, before + more - used);
                    }
                    assertTrue(most <= announced, most + " bytes, announced were " + announced);
                    assertTrue(announced <= most + 3 * BLOCK_BYTES, announced + " are announced, needed " + most);
                }
            });
        }
    }

    /// Whatever was shared before a pass that fails is shared after it.
    @Test
    void aPassThatFailsCopiesNothing() {
        withEngine(SHALLOW, 3 * BLOCK_BYTES, engine -> {
            Sequence prompt = engine.open();
            feed(engine, prompt, BLOCK - 4);
            Sequence first = prompt.fork();
            Sequence second = prompt.fork();
            engine.add(first, ids, BLOCK - 4, BLOCK - 3, Outputs.LAST);
            engine.add(second, new int[] {-1}, 0, 1, Outputs.LAST);
            assertThrows(IllegalArgumentException.class, engine::run);
            assertEquals(BLOCK_BYTES, engine.stateBytes());
            engine.add(prompt, ids, BLOCK - 4, BLOCK - 3, Outputs.LAST);
            engine.add(first, ids, BLOCK - 4, BLOCK - 3, Outputs.LAST);
            engine.add(second, ids, BLOCK - 4, BLOCK - 3, Outputs.LAST);
            assertThrows(StateMemoryException.class, engine::run);
            assertEquals(BLOCK_BYTES, engine.stateBytes());
            float[] logits = feed(engine, first, BLOCK);
            assertEquals(2 * BLOCK_BYTES, engine.stateBytes());
            first.close();
            assertArrayEquals(logits, feed(engine, second, BLOCK));
            second.close();
            assertArrayEquals(logits, feed(engine, prompt, BLOCK));
        });
    }

    /// States are shared until a sequence goes on; then it needs them before and after the pass.
    @ParameterizedTest
    @ValueSource(strings = {"bamba", "jamba", "mamba2", "qwen3_next", "minimax"})
    void recurrentStatesAreSharedToo(String folder) throws Exception {
        Path path = Path.of(ForkTest.class.getResource("/golden/" + folder + "/config.json").toURI()).getParent();
        try (Model model = ModelLoader.load(path)) {
            withEngine(model, 1 << 28, engine -> {
                Sequence prompt = engine.open();
                feed(engine, prompt, 10);
                long used = engine.stateBytes();
                Sequence fork = prompt.fork();
                assertEquals(used, engine.stateBytes());
                long more = fork.bytesToAppend(1);
                float[] logits = feed(engine, fork, 11);
                assertEquals(used + more, engine.stateBytes());
                assertArrayEquals(logits, feed(engine, prompt, 11));
                prompt.close();
                fork.close();
                assertEquals(0, engine.stateBytes());
            });
        }
    }

    /// What one size of block does not need, another gets.
    @Test
    void unusedBlocksMakeRoomForOtherSizes() {
        long large = 300L << 10;
        BlockPool pool = new BlockPool(4 * large);
        try (pool) {
            List<Block> blocks = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                blocks.add(pool.take(large));
            }
            assertThrows(StateMemoryException.class, () -> pool.take(4096));
            blocks.forEach(pool::release);
            assertEquals(4 * large, pool.freeBytes());
            for (int i = 0; i < 4; i++) {
                assertEquals(1, pool.take(large - 64).references);
            }
            assertEquals(4 * (large - 64), pool.usedBytes());
        }
    }
}
