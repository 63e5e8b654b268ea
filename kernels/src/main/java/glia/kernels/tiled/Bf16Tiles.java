package glia.kernels.tiled;

import glia.tensor.DType;

/// The inner loops of `Bf16Products` over BF16 pairs. To the loops of `TiledProduct` a pair is a 32-bit value:
/// `multiply` takes pairs for A and B and counts its depth in pairs.
public interface Bf16Tiles extends PackingTiles {
    /// Decodes rows of a weight and rounds them: `to[r][i] = bf16(w[r][i])`, consecutive rows of `2 · pairs` values, of
    /// which those beyond `count` are 0.
    ///
    /// @param from the address of the first row; rows are `rowBytes` apart
    /// @param worker the thread, for its scratch memory
    void round(DType type, long from, long rowBytes, int rows, int count, int pairs, long to, int worker);

    /// Decodes rows of a weight to consecutive F32 rows.
    void decode(DType type, long from, long rowBytes, int rows, int count, long to, int worker);

    /// Interleaves two F32 rows to pairs, `to[i] = (bf16(a[i]), bf16(b[i]))`, padded with zeros to a multiple of
    /// `cols()`.
    void interleave(long to, long a, long b, int count);

    /// Interleaves pairs of neighboring rows, `rowBytes` apart, to rows of a panel.
    ///
    /// @param pairs at least 0
    /// @param count 1 to `cols()`
    void interleave(long to, long from, long rowBytes, int pairs, int count);
}
