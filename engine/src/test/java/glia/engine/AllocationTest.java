package glia.engine;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import glia.engine.pass.Engine;
import glia.engine.state.BlockPool;
import glia.engine.state.Sequence;
import glia.kernels.KernelBackends;
import glia.model.TinyConfig;
import glia.model.TinyModel;
import glia.model.block.Pass.Outputs;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.Workers;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Decoding leaves the Java heap alone.
class AllocationTest {
    private static final int WINDOW = 64;
    private static final long MOST_BYTES_A_TOKEN = 512;
    private static final int MOST_WINDOWS = 250;

    /// SmolLM2's shape, but of fewer and narrower layers: three heads of 64 to a key-value head.
    private static final TinyConfig CONFIG = new TinyConfig("llama", 2, 3, 1, 64, 0, 192, 512);

    /// @param leastWindows windows before one counts: the JVM compiles hot methods more than once, and what it makes in
    ///     between may keep vectors on the heap
    @ParameterizedTest
    @CsvSource({
        "scalar, 1, 4, F32", "scalar, 16, 4, F32", "vector, 1, 24, F32", "vector, 16, 12, F32", "emitted, 1, 24, F32",
        "emitted, 16, 12, F32", "scalar, 1, 4, INT8", "vector, 1, 24, BF16", "emitted, 1, 24, INT8",
        "emitted, 16, 12, BF16"})
    void decodeAllocatesNextToNothing(String kernels, int numSequences, int leastWindows, KeyValueType type) {
        assumeTrue(KernelNames.here().contains(kernels), kernels);
        try (Workers workers = new Workers(2); TinyModel tiny = new TinyModel(CONFIG.json(), 1);
                Engine engine = new Engine(tiny.model(), KernelBackends.choose(kernels, workers).kernels(),
                        Precision.EXACT, new BlockPool(1 << 30), tiny.model().spec().contextLength(), type)) {
            List<Sequence> sequences = new ArrayList<>();
            for (int i = 0; i < numSequences; i++) {
                sequences.add(engine.open());
            }
            int[] last = new int[numSequences];
            long bytesAToken = Long.MAX_VALUE;
            for (int w = 0; w < leastWindows || w < MOST_WINDOWS && bytesAToken > MOST_BYTES_A_TOKEN; w++) {
                long before = allocatedBytes();
                decode(engine, sequences, last, WINDOW);
                bytesAToken = (allocatedBytes() - before) / ((long) WINDOW * numSequences);
            }
            assertTrue(bytesAToken <= MOST_BYTES_A_TOKEN, bytesAToken + " bytes a token");
        }
    }

    private static void decode(Engine engine, List<Sequence> sequences, int[] last, int numTokens) {
        for (int t = 0; t < numTokens; t++) {
            for (int i = 0; i < last.length; i++) {
                engine.add(sequences.get(i), last, i, i + 1, Outputs.LAST);
            }
            Tensor logits = engine.run();
            for (int i = 0; i < last.length; i++) {
                last[i] = engine.ops().kernels().argmax(logits, i);
            }
        }
    }

    /// Bytes that the threads that take part have allocated since they began.
    private static long allocatedBytes() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        List<Long> ids = new ArrayList<>(List.of(Thread.currentThread().threadId()));
        for (Thread t : Thread.getAllStackTraces().keySet()) {
            if (t.getName().startsWith("glia-worker")) {
                ids.add(t.threadId());
            }
        }
        long[] each = threads.getThreadAllocatedBytes(ids.stream().mapToLong(Long::longValue).toArray());
        return LongStream.of(each).sum();
    }
}
