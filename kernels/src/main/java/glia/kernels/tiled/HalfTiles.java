package glia.kernels.tiled;

/// Inner loops whose `multiply` takes panels of FP16 or BF16 values: consecutive rows of `cols()` values.
public interface HalfTiles extends PackingTiles {
    /// Splits rows of `cols()` 16-bit pairs into two rows each: the lower values, then the upper ones.
    ///
    /// @param count rows of pairs, at least 1
    void split(long pairs, int count, long to);

    /// Size of a row of a panel, in bytes.
    default long halfBytes() {
        return 2L * cols();
    }
}
