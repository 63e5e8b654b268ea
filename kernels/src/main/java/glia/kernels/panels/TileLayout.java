package glia.kernels.panels;

import glia.tensor.Precision;

/// The layout of the quantized activations of T tokens for the int8 micro-kernel. For each block of 32 columns:
///
/// | bytes | contents |
/// |---|---|
/// | 32 T | the values as int8, token by token |
/// | 4 T, for each correction | int32, `-offset · Σ values` of the whole block or of a half |
/// | 4 T | the scales s, F32 |
/// | 4 T, for each minimum | `scale · Σ values` of the whole block or of a half, F32 (low terms included) |
/// | 4 | number of low terms |
/// | 4 | offset from the block's beginning to its first low term; low terms are consecutive |
///
/// After all blocks follow the low terms, one for each token whose block has outliers (`Precision.FAST`: 15 bits): 32
/// values, corrections, scale, and 64 · token. Such a token's values are `128 · high + low`; the high ones are in the
/// block, with 128 times the scale. Corrections are the initial values of dot products, since quants are stored with an
/// offset.
///
/// **Wide vectors** avoid the multiplication by a token's scale, `s = 2^e` or `1.5 · 2^e`. The bits of a float `M = 1.5
/// · 2^(23+e)` count in steps of `2^e`: an integer n of up to 22 bits added to these bits gives the float `M + n ·
/// 2^e`. So M is stored instead of the scale, and the bits of M are added to each correction, of which there is at
/// least one. The micro-kernel subtracts M again. It uses the weights' scales times 1.5 if 4 T more bytes, which hold 0
/// or 64, say so. Low terms have the same fields, before `64 · token`.
///
/// **Winograd's inner product** (`WinogradDots`): for each token the first 8 values are stored as `x - 8`, and the
/// first 8 of the second half as `x + 120`, from 0 to 240. The initial value of its dot product is `bits of M - offset
/// · Σ x + Σ_i 8 · (x_i + x_{i+16}) - x_i · (x_{i+16} + 128)`, i from 0 to 7. Low terms are stored likewise.
///
/// About a fifth of all blocks have low terms, but in a tile nearly every block has one for some token. So they are
/// listed one by one instead of being computed for all tokens of the tile.
///
/// @param tokens T, 1 to 16
/// @param corrections 0, 1 or 2 for each token
/// @param sums 0, 1 or 2 for each token: the number of minima that a row of weights has in a block
/// @param isWide for wide vectors
/// @param isWinograd for Winograd's inner product; only with wide vectors and 4-bit quants
public record TileLayout(int tokens, int corrections, int sums, boolean isWide, boolean isWinograd) {
    /// `1.5 · 2^23`.
    static final float MIDDLE = 0x1.8p23f;
    public static final int MAX_TOKENS = 16;
    private static final int BLOCK = Precision.BLOCK;

    public TileLayout {
        if (tokens < 1 || tokens > MAX_TOKENS) {
            throw new IllegalArgumentException("a tile has 1 to " + MAX_TOKENS + " tokens, not " + tokens);
        }
    }

    public int numbers(int token) {
        return BLOCK * token;
    }

    /// The number of initial values of dot products for a token.
    public int starts() {
        return isWide ? Math.max(1, corrections) : corrections;
    }

    /// The offset of the initial value of a half's dot product.
    public int start(int half, int token) {
        return field(Math.min(half, starts() - 1), token);
    }

    /// The offset of the scale, or of M.
    public int scale(int token) {
        return field(starts(), token);
    }

    /// The offset of the flag for scales `1.5 · 2^e`, for wide vectors.
    public int half(int token) {
        return field(starts() + 1, token);
    }

    public int sum(int half, int token) {
        return field(starts() + (isWide ? 2 : 1) + half, token);
    }

    /// The offset of the number of low terms.
    public int count() {
        return sum(sums, 0);
    }

    private int field(int field, int token) {
        return BLOCK * tokens + 4 * (field * tokens + token);
    }

    /// The offset of the offset of the first low term.
    public int low() {
        return count() + 4;
    }

    /// Size of a block without low terms, in bytes.
    public int blockBytes() {
        return low() + 4;
    }

    // ---- in a low term -------------------------------------------------------------------------------------------

    public int lowStart(int half) {
        return BLOCK + 4 * Math.min(half, starts() - 1);
    }

    public int lowScale() {
        return BLOCK + 4 * starts();
    }

    public int lowHalf() {
        return lowScale() + 4;
    }

    public int lowPlace() {
        return lowScale() + (isWide ? 8 : 4);
    }

    public int lowBytes() {
        return lowPlace() + 4;
    }

    /// The offset, in a tile of so many blocks, of the low terms from some block on, however many the blocks before
    /// have.
    public long lowTerms(int blocks, int block) {
        return (long) blocks * blockBytes() + (long) block * tokens * lowBytes();
    }

    /// The maximal size of a tile of this many columns, in bytes.
    long maxBytes(int cols) {
        return lowTerms(cols / BLOCK, cols / BLOCK);
    }
}
