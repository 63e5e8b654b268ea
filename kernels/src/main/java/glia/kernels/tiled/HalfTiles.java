package glia.kernels.tiled;

/// Inner loops whose `multiply` takes panels of numbers of 16 bits: rows of `cols()` of them one behind the other.
public interface HalfTiles extends PackingTiles {
    /// Splits rows of `cols()` pairs, 16 bits and above them another 16, into two rows each: the lower, then the upper.
    ///
    /// @param count rows of pairs, at least 1
    void split(long pairs, int count, long to);

    /// Bytes of a row of a panel.
    default long halfBytes() {
        return 2L * cols();
    }
}
