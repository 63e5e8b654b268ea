package glia.tensor.kernel;

import java.util.Arrays;

/// The positions of the tokens of a flat batch for rotary embedding, on one or several axes, apart from the index of a
/// token in the KV cache. They are kept in pieces: tokens of text have consecutive positions, equal on all axes; those
/// of a picture have positions of their own, such as time, row and column. Mutable, so that a decode loop reuses one
/// object; belongs to [Runs].
public final class Positions {
    private static final int[] NONE = {};

    private int[] ends = new int[4];
    /// The first position of a piece, or the index of its first token in `values`, by its number of axes.
    private int[] firsts = new int[4];
    /// The number of axes of a piece; 0 where positions are consecutive.
    private int[] axes = new int[4];
    private int[] values = NONE;
    private int count;
    private int numValues;
    private boolean isFrozen;
    /// The last copy, until the positions change.
    private Positions copy;

    /// Creates an object without tokens.
    public Positions() { }

    /// Returns an immutable copy, or this if it is one.
    public Positions frozen() {
        if (isFrozen) {
            return this;
        }
        if (copy == null) {
            copy = copy();
        }
        return copy;
    }

    private Positions copy() {
        Positions copy = new Positions();
        copy.isFrozen = true;
        copy.ends = Arrays.copyOf(ends, Math.max(1, count));
        copy.firsts = Arrays.copyOf(firsts, Math.max(1, count));
        copy.axes = Arrays.copyOf(axes, Math.max(1, count));
        copy.values = Arrays.copyOf(values, numValues);
        copy.count = count;
        copy.numValues = numValues;
        return copy;
    }

    void clear() {
        copy = null;
        count = 0;
        numValues = 0;
    }

    /// Appends tokens at consecutive positions.
    void add(int numTokens, int first) {
        piece(numTokens, first, 0);
    }

    /// Appends tokens whose positions are `offset` plus those of `relative`, `[tokens, numAxes]` from token `from` on.
    void add(int numTokens, int offset, int[] relative, int from, int numAxes) {
        piece(numTokens, numValues, numAxes);
        int size = numTokens * numAxes;
        if (numValues + size > values.length) {
            values = Arrays.copyOf(values, Math.max(2 * values.length, numValues + size));
        }
        for (int i = 0; i < size; i++) {
            values[numValues++] = offset + relative[from * numAxes + i];
        }
    }

    private void piece(int numTokens, int first, int numAxes) {
        if (numTokens == 0) {
            return;
        }
        copy = null;
        if (count == ends.length) {
            ends = Arrays.copyOf(ends, 2 * count);
            firsts = Arrays.copyOf(firsts, 2 * count);
            axes = Arrays.copyOf(axes, 2 * count);
        }
        ends[count] = numTokens() + numTokens;
        firsts[count] = first;
        axes[count++] = numAxes;
    }

    /// The number of tokens.
    public int numTokens() {
        return count == 0 ? 0 : ends[count - 1];
    }

    /// The end (exclusive) of a piece of tokens.
    public int end(int piece) {
        return ends[piece];
    }

    /// The position of a token on an axis.
    ///
    /// @param piece the one that holds the token
    public int at(int piece, int token, int axis) {
        int i = token - (piece == 0 ? 0 : ends[piece - 1]);
        int numAxes = axes[piece];
        return numAxes == 0 ? firsts[piece] + i : values[firsts[piece] + i * numAxes + Math.min(axis, numAxes - 1)];
    }
}
