package glia.jmh;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

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
}
