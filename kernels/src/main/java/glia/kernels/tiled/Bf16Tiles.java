package glia.kernels.tiled;

import glia.tensor.DType;

/// Inner loops over pairs of BF16 numbers, for `Bf16Products`. To the loops of `TiledProduct` a pair is a number of 32
/// bits: `multiply` takes pairs for A and B and counts its depth in pairs.
public interface Bf16Tiles extends PackingTiles {
    /// Decodes rows of a weight and rounds them: `to[r][i] = bf16(w[r][i])`, rows of `2 · pairs` numbers one behind the
    /// other, of which those beyond `count` are 0.
    ///
    /// @param from where the numbers of the first row begin; rows are `rowBytes` apart
    /// @param worker the thread, for memory of its own
    void round(DType type, long from, long rowBytes, int rows, int count, int pairs, long to, int worker);

    /// Decodes rows of a weight to F32, one behind the other.
    void decode(DType type, long from, long rowBytes, int rows, int count, long to, int worker);

    /// Pairs of the numbers of two F32 rows, `to[i] = (bf16(a[i]), bf16(b[i]))`, filled up with zeros to a multiple of
    /// `cols()`.
    void interleave(long to, long a, long b, int count);

    /// The same for pairs of neighboring rows, `rowBytes` apart, which become rows of a panel.
    ///
    /// @param pairs at least 0
    /// @param count 1 to `cols()`
    void interleave(long to, long from, long rowBytes, int pairs, int count);
}
