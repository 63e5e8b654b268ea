package glia.tensor.kernel.emitted;

import glia.tensor.Precision;

/// How the activations of T tokens are laid out for an emitted product: for each block of 32 columns, packed,
///
/// | bytes | what |
/// |---|---|
/// | 32 T | the numbers as i8, token by token |
/// | 4 T, for each correction | i32, `-offset · Σ numbers` of the whole block or of a half |
/// | 4 T | the scales, F32 |
/// | 4 T, for each minimum | `scale · Σ numbers` of the whole block or of a half, F32 (low terms included) |
/// | 4 | how many low terms follow |
///
/// and then for each token whose block has outliers (`Precision.FAST`: 16 bits) its low term: 32 numbers, corrections,
/// scale, and 64 · token. Such a token's numbers are `256 · high + low`; its high ones stand above, with 256 times
/// the scale. Corrections are what dot products begin with, since quants are stored with an offset.
///
/// About a sixth of all blocks have low terms, but in a tile nearly every block has one for some token: so they are
/// listed one by one instead of being computed for all tokens of the tile.
///
/// @param tokens T, 1 to 16
/// @param corrections 0, 1 or 2 for each token
/// @param sums 0, 1 or 2 for each token: how many minima a row of weights has in a block
record TileLayout(int tokens, int corrections, int sums) {
    static final int MOST_TOKENS = 16;
    private static final int BLOCK = Precision.BLOCK;

    TileLayout {
        if (tokens < 1 || tokens > MOST_TOKENS) {
            throw new IllegalArgumentException("a tile has 1 to " + MOST_TOKENS + " tokens, not " + tokens);
        }
    }

    int numbers(int token) {
        return BLOCK * token;
    }

    int correction(int half, int token) {
        return BLOCK * tokens + 4 * (half * tokens + token);
    }

    int scale(int token) {
        return correction(corrections, token);
    }

    int sum(int half, int token) {
        return correction(corrections + 1 + half, token);
    }

    /// Where the number of low terms stands.
    int count() {
        return correction(corrections + 1 + sums, 0);
    }

    /// Bytes of a block without low terms.
    int blockBytes() {
        return count() + 4;
    }

    // ---- in a low term -------------------------------------------------------------------------------------------

    int lowCorrection(int half) {
        return BLOCK + 4 * half;
    }

    int lowScale() {
        return BLOCK + 4 * corrections;
    }

    int lowPlace() {
        return lowScale() + 4;
    }

    int lowBytes() {
        return lowPlace() + 4;
    }

    /// Bytes that a tile of this many columns can need.
    long mostBytes(int cols) {
        return cols / BLOCK * ((long) blockBytes() + (long) tokens * lowBytes());
    }
}
