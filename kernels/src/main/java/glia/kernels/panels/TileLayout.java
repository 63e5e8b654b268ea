package glia.kernels.panels;

import glia.tensor.Precision;

/// How the activations of T tokens are laid out for an emitted product: for each block of 32 columns
///
/// | bytes | what |
/// |---|---|
/// | 32 T | the numbers as i8, token by token |
/// | 4 T, for each correction | i32, `-offset · Σ numbers` of the whole block or of a half |
/// | 4 T | the scales s, F32 |
/// | 4 T, for each minimum | `scale · Σ numbers` of the whole block or of a half, F32 (low terms included) |
/// | 4 | how many low terms it has |
/// | 4 | how many bytes behind the block's beginning the first of them lies, one behind the other |
///
/// and behind all blocks, for each token whose block has outliers (`Precision.FAST`: 15 bits), its low term: 32
/// numbers, corrections, scale, and 64 · token. Such a token's numbers are `128 · high + low`; its high ones stand
/// above, with 128 times the scale. Corrections are what dot products begin with, since quants are stored with an
/// offset.
///
/// **Wide vectors** have no time to multiply with a token's scale, `s = 2^e` or `1.5 · 2^e`. The bits of a number
/// `M = 1.5 · 2^(23+e)` count in steps of `2^e`: added to a whole number n as if they were one, too, they are those of
/// the number `M + n · 2^e`, as long as n has 22 bits. So in place of the scale there is M, and the bits of M are in
/// each correction, of which there is at least one. The product subtracts M again, and takes the weights' scales 1.5
/// fold where 4 T more bytes say so, which hold 0 or 64. Low terms have all that, too, before `64 · token`.
///
/// **Products of sums** (`WinogradDots`): of each token the first 8 numbers are stored as `x - 8`, the first 8 of the
/// second half as `x + 120`, from 0 to 240; and what its dot product begins with is `bits of M - offset · Σ x +
/// Σ_i 8 · (x_i + x_{i+16}) - x_i · (x_{i+16} + 128)`, i from 0 to 7. So it is in low terms.
///
/// About a fifth of all blocks have low terms, but in a tile nearly every block has one for some token: so they are
/// listed one by one instead of being computed for all tokens of the tile.
///
/// @param tokens T, 1 to 16
/// @param corrections 0, 1 or 2 for each token
/// @param sums 0, 1 or 2 for each token: how many minima a row of weights has in a block
/// @param isWide for wide vectors
/// @param isWinograd for products of sums; only with wide vectors and quants of 4 bits
public record TileLayout(int tokens, int corrections, int sums, boolean isWide, boolean isWinograd) {
    /// `1.5 · 2^23`.
    static final float MIDDLE = 0x1.8p23f;
    public static final int MOST_TOKENS = 16;
    private static final int BLOCK = Precision.BLOCK;

    public TileLayout {
        if (tokens < 1 || tokens > MOST_TOKENS) {
            throw new IllegalArgumentException("a tile has 1 to " + MOST_TOKENS + " tokens, not " + tokens);
        }
    }

    public int numbers(int token) {
        return BLOCK * token;
    }

    /// How many numbers a token has that dot products begin with.
    public int starts() {
        return isWide ? Math.max(1, corrections) : corrections;
    }

    /// What the dot product of a half begins with.
    public int start(int half, int token) {
        return field(Math.min(half, starts() - 1), token);
    }

    /// The scale, or M.
    public int scale(int token) {
        return field(starts(), token);
    }

    /// What says whether the scale is `1.5 · 2^e`, for wide vectors.
    public int half(int token) {
        return field(starts() + 1, token);
    }

    public int sum(int half, int token) {
        return field(starts() + (isWide ? 2 : 1) + half, token);
    }

    /// Where the number of low terms stands.
    public int count() {
        return sum(sums, 0);
    }

    private int field(int field, int token) {
        return BLOCK * tokens + 4 * (field * tokens + token);
    }

    /// Where it stands where the first of them lies.
    public int low() {
        return count() + 4;
    }

    /// Bytes of a block without low terms.
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

    /// Where in a tile of so many blocks the low terms from some block on may lie, whatever low terms the blocks before
    /// have.
    public long lowTerms(int blocks, int block) {
        return (long) blocks * blockBytes() + (long) block * tokens * lowBytes();
    }

    /// Bytes that a tile of this many columns can need.
    long maxBytes(int cols) {
        return lowTerms(cols / BLOCK, cols / BLOCK);
    }
}
