package glia.jmh;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.kernels.KernelBackends;
import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// What all benchmarks of kernels share: the set of kernels, its threads, memory, and the machine's limit, which is
/// measured before each iteration in the same process on the same threads, since a shared machine may be twice as fast
/// in one minute as in the next.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 800, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 250, timeUnit = TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgs = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow", "-XX:+UseSerialGC", "-Xmx3g"})
public abstract class KernelBenchmark {
    /// What bounds a kernel.
    public enum Limit {
        /// Bytes a second that all threads read from memory.
        READ,
        /// F32 operations a second of all threads in registers.
        FMA
    }

    private static final int FMA_TURNS = 100_000;

    /// A name that `KernelBackends.choose` takes.
    @Param("vector")
    public String kernels;

    /// Threads that compute, 0 for one a processor.
    @Param("0")
    public int threads;

    /// MiB that are read to find the memory's limit, and that streams of weights have at least: the same for both,
    /// since a cache holds some part of both.
    @Param("512")
    public int streamMegabytes;

    /// How long each limit is measured before each iteration.
    @Param("50")
    public int limitMillis;

    Workers workers;
    Kernels set;
    Arena arena;
    final SplittableRandom random = new SplittableRandom(1);
    private ReadLoop readLoop;
    private FmaLoop fmaLoop;

    abstract Limit limit();

    /// Makes what one operation works on.
    ///
    /// @return the work of one operation: bytes for `READ`, F32 operations for `FMA`
    abstract double prepare();

    @Setup(Level.Trial)
    public void open() {
        workers = new Workers(threads == 0 ? Runtime.getRuntime().availableProcessors() : threads);
        set = KernelBackends.choose(kernels, workers).kernels();
        arena = Arena.ofShared();
        fmaLoop = new FmaLoop(workers, FMA_TURNS);
        if (limit() == Limit.READ) {
            readLoop = new ReadLoop(workers, arena, streamMegabytes);
        }
        Counters.bytes = limit() == Limit.READ;
        Counters.work = prepare();
    }

    @Setup(Level.Iteration)
    public void measureLimits() {
        Counters.peak = rate(this::compute);
        Counters.limit = limit() == Limit.FMA ? Counters.peak : rate(this::read);
        Counters.product = rate(this::runProduct);
    }

    /// How much of some work is done a second, measured for `limitMillis`; 0 where it is none.
    private double rate(DoubleSupplier work) {
        long start = System.nanoTime();
        double done = 0;
        double last;
        do {
            last = work.getAsDouble();
            done += last;
        } while (last > 0 && System.nanoTime() < start + limitMillis * 1_000_000L);
        return done * 1e9 / (System.nanoTime() - start);
    }

    /// Runs the F32 product that others are measured by, where that is of interest.
    ///
    /// @return its F32 operations, or 0
    double runProduct() {
        return 0;
    }

    /// Does once what measures the limit.
    ///
    /// @return how much was done, in the limit's unit
    final double runLimit() {
        return switch (limit()) {
            case READ -> read();
            case FMA -> compute();
        };
    }

    private double read() {
        Counters.sink = readLoop.run();
        return readLoop.numBytes();
    }

    private double compute() {
        Counters.sink = (long) fmaLoop.run();
        return fmaLoop.numOps();
    }

    @TearDown(Level.Trial)
    public void close() {
        workers.close();
        arena.close();
    }

    /// An F32 matrix of numbers between -1 and 1.
    final Tensor activations(int rows, int cols) {
        Tensor x = Tensor.allocate(arena, DType.F32, rows, cols);
        for (long i = 0; i < x.size(); i++) {
            x.set(i, (float) random.nextDouble(-1, 1));
        }
        return x;
    }

    /// A product as the engine has it by default: activations are rounded first where weights are quantized.
    ///
    /// @param scratch of x's shape
    final void multiply(Tensor y, Tensor x, Tensor w, Tensor scratch) {
        if (w.dtype().isQuantized()) {
            set.linearQuantized(y, x, w, scratch);
        } else {
            set.linear(y, x, w);
        }
    }

    final Tensor zeros(int rows, int cols) {
        return Tensor.allocate(arena, DType.F32, rows, cols);
    }

    final Tensor weight(DType type, Shape shape) {
        return RandomWeights.make(arena, random, type, shape.rows(), shape.cols());
    }
}
