package glia.jmh;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/// The limits of this machine: pure loops that only read memory or only multiply and add in registers. The other
/// benchmarks run the same loops between their iterations.
public class Limits extends KernelBenchmark {
    /// READ or FMA.
    @Param({"READ", "FMA"})
    public Limit what;

    @Override
    Limit limit() {
        return what;
    }

    @Override
    double prepare() {
        return runLimit();
    }

    @Benchmark
    public void limit(Counters counters) {
        runLimit();
    }

    /// The secondary results of a benchmark, besides its operations a second. They are static because JMH creates this
    /// object itself and gives the benchmark no access to it; each benchmark has its own process.
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.EVENTS)
    public static class Counters {
        static boolean bytes;
        static double work;
        static double limit;
        static double peak;
        static double product;
        /// Consumes results, so that no compiler removes a computation.
        static volatile long sink;

        /// 1 if work is counted in bytes, 0 if in F32 operations.
        public double countsBytes() {
            return bytes ? 1 : 0;
        }

        /// The work of one operation, in bytes or F32 operations.
        public double workPerOperation() {
            return work;
        }

        /// The machine's limit just before the iteration, in bytes or F32 operations a second.
        public double limitPerSecond() {
            return limit;
        }

        /// F32 operations a second that the machine reached just before the iteration.
        public double peakPerSecond() {
            return peak;
        }

        /// The rate of the F32 GEMM just before the iteration, in F32 operations a second, or 0.
        public double productPerSecond() {
            return product;
        }
    }
}
