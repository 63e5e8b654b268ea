package glia.kernels.emitted;

import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.code.IsaLevel;
import glia.kernels.code.IsaLevelTest;
import glia.kernels.code.Processor;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Fixtures;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Span;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Emitted code runs on several threads, each with its own workers, while the JVM collects garbage, compiles, dumps
/// threads and samples them. Every result must have the same bits as the first.
class StressTest extends IsaLevelTest {
    private static final int THREADS = 3;
    /// A thread that gets little processor time goes on until it has done these.
    private static final int LEAST_ROUNDS = 20;

    private final AtomicReference<byte[]> garbage = new AtomicReference<>();

    @Test
    void sixSecondsForAllLevelsTogether() throws Exception {
        stress(Duration.ofSeconds(6).dividedBy(IsaLevel.of(Processor.here()).size()));
    }

    @Test
    @Tag("slow")
    void tenMinutes() throws Exception {
        stress(Duration.ofMinutes(10));
    }

    private void stress(Duration duration) throws Exception {
        long end = System.nanoTime() + duration.toNanos();
        AutoCloseable sampling = flightRecording();
        try (ExecutorService threads = Executors.newFixedThreadPool(THREADS + 1)) {
            List<Callable<Long>> tasks = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                int seed = i;
                tasks.add(() -> compute(seed, end));
            }
            tasks.add(() -> disturb(end));
            for (Future<Long> rounds : threads.invokeAll(tasks)) {
                assertTrue(rounds.get() >= LEAST_ROUNDS, rounds.get() + " rounds");
            }
        } finally {
            sampling.close();
        }
    }

    /// Starts a recording that samples methods every 10 ms, if the JDK supports it. By reflection, since the module of
    /// the tests does not read jdk.jfr.
    private static AutoCloseable flightRecording() throws ReflectiveOperationException {
        Class<?> type;
        try {
            type = Class.forName("jdk.jfr.Recording");
        } catch (ClassNotFoundException e) {
            return () -> { };
        }
        Object recording = type.getConstructor().newInstance();
        for (String event : List.of("jdk.ExecutionSample", "jdk.NativeMethodSample")) {
            Object settings = type.getMethod("enable", String.class).invoke(recording, event);
            Class.forName("jdk.jfr.EventSettings").getMethod("withPeriod", Duration.class)
                    .invoke(settings, Duration.ofMillis(10));
        }
        type.getMethod("start").invoke(recording);
        return (AutoCloseable) recording;
    }

    private static boolean goesOn(long end, long rounds) {
        return rounds < LEAST_ROUNDS || System.nanoTime() < end;
    }

    private long disturb(long end) throws InterruptedException {
        long rounds = 0;
        for (; goesOn(end, rounds); rounds++) {
            for (int i = 0; i < 200; i++) {
                garbage.set(new byte[100_000]);
            }
            if (rounds % 10 == 0) {
                System.gc();
            }
            Thread.getAllStackTraces();
            Thread.sleep(3);
        }
        return rounds;
    }

    private long compute(int seed, long end) {
        long rounds = 0;
        try (Workers workers = new Workers(2)) {
            float[] first = null;
            while (goesOn(end, rounds)) {
                // New kernels from time to time: code is emitted, freed and emitted again.
                Kernels kernels = new EmittedKernels(workers, level);
                try (Arena arena = Arena.ofShared()) {
                    var step = new Step(arena, kernels, seed);
                    for (int i = 0; i < 50 && goesOn(end, rounds); i++, rounds++) {
                        float[] found = step.run();
                        first = first == null ? found : first;
                        assertTrue(Arrays.equals(first, found), "round " + rounds + " of thread " + seed + " differs");
                    }
                }
            }
        }
        return rounds;
    }

    /// A mix of kernels: quantized, F32 and BF16 GEMM, norm, gate, attention.
    private static final class Step {
        private static final int TOKENS = 51;
        private static final int WIDTH = 256;

        private final Kernels kernels;
        private final Tensor x;
        private final Tensor norm;
        private final Tensor hidden;
        private final Tensor gate;
        private final Tensor up;
        private final Tensor out;
        private final Tensor[] weights = new Tensor[4];
        private final KeyValues[] keyValues;
        private final Runs runs = new Runs().add(TOKENS, 0);
        private final AttentionShape shape =
                new AttentionShape(4, 2, WIDTH / 4, WIDTH / 4, 0.125f, new Span.Causal());

        Step(Arena arena, Kernels kernels, int seed) {
            this.kernels = kernels;
            x = Fixtures.random(arena, DType.F32, TOKENS, WIDTH, seed);
            norm = Fixtures.random(arena, DType.F32, 1, WIDTH, 9);
            hidden = Tensor.allocate(arena, DType.F32, TOKENS, WIDTH);
            gate = Tensor.allocate(arena, DType.F32, TOKENS, WIDTH);
            up = Tensor.allocate(arena, DType.F32, TOKENS, WIDTH);
            out = Tensor.allocate(arena, DType.F32, TOKENS, WIDTH);
            DType[] types = {DType.Q4_0, DType.Q8_0, DType.Q4_K, DType.F32};
            for (int i = 0; i < types.length; i++) {
                weights[i] = Fixtures.random(arena, types[i], WIDTH, WIDTH, i);
            }
            keyValues = new KeyValues[] {KeyValues.of(Fixtures.random(arena, DType.F32, TOKENS, WIDTH / 2, 5),
                    Fixtures.random(arena, DType.F32, TOKENS, WIDTH / 2, 6))};
        }

        float[] run() {
            kernels.rmsNorm(hidden, x, norm, 1e-5f, 0);
            kernels.linearQuantized(gate, hidden, weights[0], out);
            kernels.linearQuantized(up, hidden, weights[1], out);
            kernels.gated(gate, gate, up, Activation.SILU);
            kernels.linearQuantized(up, gate, weights[2], out);
            kernels.attention(out, null, up, keyValues, runs, shape);
            kernels.linear(up, out, weights[3]);
            kernels.linearBf16(gate, up, weights[3]);
            return gate.toArray();
        }
    }
}
