package glia.jmh;

import glia.jmh.Limits.Counters;
import glia.jmh.Rows.Shape;
import glia.kernels.KernelBackends;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
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

/// The base of all kernel benchmarks: the kernel backend, its threads, memory, and the machine's limit. The limit is
/// measured before each iteration in the same process on the same threads, since the speed of a shared machine varies.
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
        /// Memory bandwidth: bytes a second read by all threads.
        READ,
        /// Compute: F32 operations a second of all threads in registers.
        FMA
    }

    private static final int FMA_TURNS = 100_000;

    /// A name for `KernelBackends.choose`.
    @Param("vector")
    public String kernels;

    /// Number of threads, 0 for one a processor.
    @Param("0")
    public int threads;

    /// MiB read to measure the memory's limit, and minimal size of streamed weights: the same for both, since a cache
    /// holds a part of both.
    @Param("512")
    public int streamMegabytes;

    /// Duration of each measurement of a limit, in milliseconds.
    @Param("50")
    public int limitMillis;

    Workers workers;
    Kernels set;
    Arena arena;
    final SplittableRandom random = new SplittableRandom(1);
    private ReadLoop readLoop;
    private FmaLoop fmaLoop;

    abstract Limit limit();

    /// Prepares the data of one operation.
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

    /// Measures the rate of some work for `limitMillis`, in units a second; 0 if there is none.
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

    /// Runs the reference F32 GEMM, if the benchmark reports it.
    ///
    /// @return its F32 operations, or 0
    double runProduct() {
        return 0;
    }

    /// Runs the loop that measures the limit once.
    ///
    /// @return the work done, in the limit's unit
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

    /// Creates an F32 matrix of values between -1 and 1.
    final Tensor activations(int rows, int cols) {
        Tensor x = Tensor.allocate(arena, DType.F32, rows, cols);
        for (long i = 0; i < x.size(); i++) {
            x.set(i, (float) random.nextDouble(-1, 1));
        }
        return x;
    }

    /// Multiplies with the engine's default precision: activations are quantized if weights are.
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

    /// Measures memory bandwidth: all threads read memory and compute only an exclusive or. Over memory that far
    /// exceeds the last-level cache this is the limit for kernels that read each weight once.
    static final class ReadLoop implements Workers.Task {
        private static final VectorSpecies<Long> L = LongVector.SPECIES_PREFERRED;
        private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
        /// Bytes that a thread claims at a time: far more than hardware prefetchers need to start.
        private static final int CHUNK = 2 << 20;
        /// Distance between the threads' results, so that they share no cache line.
        private static final int APART = 16;

        private final Workers workers;
        private final MemorySegment memory;
        private final long[] results;

        /// @param megabytes size to read, in MiB
        ReadLoop(Workers workers, Arena arena, int megabytes) {
            this.workers = workers;
            memory = arena.allocate((long) megabytes << 20, 64);
            memory.fill((byte) 1);
            results = new long[workers.count() * APART];
        }

        long numBytes() {
            return memory.byteSize();
        }

        MemorySegment memory() {
            return memory;
        }

        /// Reads all of the memory once with all threads.
        ///
        /// @return the exclusive or of all of its longs
        long run() {
            workers.run(this, Math.toIntExact(Math.ceilDiv(numBytes(), CHUNK)));
            long all = 0;
            for (int i = 0; i < results.length; i += APART) {
                all ^= results[i];
                results[i] = 0;
            }
            return all;
        }

        @Override
        public void run(int chunk, int worker) {
            long from = (long) chunk * CHUNK;
            results[worker * APART] ^= read(memory.address() + from, (int) Math.min(CHUNK, numBytes() - from));
        }

        /// The exclusive or of `bytes` bytes, a multiple of 1024, as longs. Both halves are read side by side: two
        /// streams are a few percent faster than one or four.
        private static long read(long address, int bytes) {
            long from = Memory.address(address);
            int half = bytes / 2;
            int width = L.vectorByteSize();
            LongVector a = LongVector.zero(L);
            LongVector b = LongVector.zero(L);
            LongVector c = LongVector.zero(L);
            LongVector d = LongVector.zero(L);
            for (int i = 0; i < half; i += 2 * width) {
                long at = from + i;
                a = a.lanewise(VectorOperators.XOR, LongVector.fromMemorySegment(L, Memory.ALL, at, ORDER));
                b = b.lanewise(VectorOperators.XOR, LongVector.fromMemorySegment(L, Memory.ALL, at + half, ORDER));
                c = c.lanewise(VectorOperators.XOR, LongVector.fromMemorySegment(L, Memory.ALL, at + width, ORDER));
                d = d.lanewise(VectorOperators.XOR, LongVector.fromMemorySegment(L, Memory.ALL, at + half + width,
                        ORDER));
            }
            return a.lanewise(VectorOperators.XOR, b).lanewise(VectorOperators.XOR, c).lanewise(VectorOperators.XOR, d)
                    .reduceLanes(VectorOperators.XOR);
        }
    }
}
