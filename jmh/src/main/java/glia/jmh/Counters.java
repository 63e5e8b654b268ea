package glia.jmh;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/// What a benchmark reports beside its operations a second. The numbers are static because JMH makes this object on
/// its own and offers it no way to the benchmark; each benchmark has a process of its own.
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.EVENTS)
public class Counters {
    static boolean bytes;
    static double work;
    static double limit;
    static double peak;
    static double product;
    /// Takes results, so that no compiler leaves a computation out.
    static volatile long sink;

    /// 1 where work is counted in bytes, 0 where it is counted in F32 operations.
    public double countsBytes() {
        return bytes ? 1 : 0;
    }

    /// The work of one operation: bytes or F32 operations.
    public double workPerOperation() {
        return work;
    }

    /// The machine's limit just before the iteration: bytes or F32 operations a second.
    public double limitPerSecond() {
        return limit;
    }

    /// F32 operations a second that the machine reached just before the iteration.
    public double peakPerSecond() {
        return peak;
    }

    /// The rate of the F32 product of many tokens just before the iteration, in F32 operations a second, or 0.
    public double productPerSecond() {
        return product;
    }
}
