package glia.tensor;

/// Random numbers by position instead of by order: the finalizer of SplitMix64 (Steele, Lea and Flood 2014,
/// https://doi.org/10.1145/2660193.2660195) over the parts of a position. So a resumed run has the same random numbers
/// without any state.
public final class Hash {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    private Hash() { }

    /// 64 random bits for a position.
    public static long of(long... position) {
        long hash = GOLDEN;
        for (long part : position) {
            hash = next(hash, part);
        }
        return hash;
    }

    /// 64 random bits for a position that begins with a hashed one: `next(of(a), b)` is `of(a, b)`.
    public static long next(long hash, long part) {
        return mix(hash + GOLDEN * (part + 1));
    }

    private static long mix(long z) {
        z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31;
    }
}
