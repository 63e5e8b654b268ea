package glia.plan.predict;

/// A link by its latency and bandwidth (α-β model), and the seconds of collective operations over p devices in rings.
/// Operations on n bytes in all:
/// ```
/// all-gather, reduce-scatter  (p - 1)·α + (p - 1)/p·n/β        all-reduce  twice that
/// all-to-all                  (p - 1)·α + (p - 1)/p·n/β        one message  α + n/β
/// ```
/// Source: Thakur, Rabenseifner, Gropp: Optimization of Collective Communication Operations in MPICH,
/// https://doi.org/10.1177/1094342005051521
///
/// @param alpha seconds of a message of no bytes
/// @param beta bytes per second
public record Link(double alpha, double beta) {
    /// A message to the next stage of a pipeline.
    public double seconds(double bytes) {
        return alpha + bytes / beta;
    }

    /// An all-gather, a reduce-scatter or an all-to-all.
    ///
    /// @param bytes of all devices together
    public double ring(double devices, double bytes) {
        return (devices - 1) * alpha + (devices - 1) / devices * bytes / beta;
    }

    /// A sum that all devices get: reduce-scatter and all-gather.
    public double allReduce(double devices, double bytes) {
        return 2 * ring(devices, bytes);
    }

    /// The part of its time that a pipeline waits: `(p - 1)/(v·m)` of the work, with m micro-batches in v pieces.
    public static double bubble(double stages, double pieces, double micros) {
        return (stages - 1) / (pieces * micros);
    }
}
