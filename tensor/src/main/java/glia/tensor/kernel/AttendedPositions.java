package glia.tensor.kernel;

import java.util.Arrays;

/// For each token of a pass the positions of its sequence that it attends to, ascending, each once. Mutable, so that a
/// decode loop reuses one object, until it is frozen.
public final class AttendedPositions {
    private int[] positions = new int[64];
    private int[] ends = new int[4];
    private int numTokens;
    private boolean isFrozen;

    /// No tokens yet.
    public AttendedPositions() { }

    /// Refuses every change from now on, and gives this.
    public AttendedPositions freeze() {
        isFrozen = true;
        return this;
    }

    /// These lists as they are now, for good: a frozen copy, or this if it is frozen.
    public AttendedPositions frozen() {
        if (isFrozen) {
            return this;
        }
        AttendedPositions copy = new AttendedPositions();
        copy.positions = Arrays.copyOf(positions, size());
        copy.ends = Arrays.copyOf(ends, numTokens);
        copy.numTokens = numTokens;
        return copy.freeze();
    }

    private void requireMutable() {
        if (isFrozen) {
            throw new IllegalStateException("these lists belong to a recording and cannot change: use other ones");
        }
    }

    /// Forgets all tokens.
    public void clear() {
        requireMutable();
        numTokens = 0;
    }

    /// Appends the next token, whose list has `count` positions, all to be set by `set`.
    public void add(int count) {
        requireMutable();
        if (count < 1) {
            throw new IllegalArgumentException("a token that attends to " + count + " positions");
        }
        int from = size();
        if (numTokens == ends.length) {
            ends = Arrays.copyOf(ends, 2 * numTokens);
        }
        if (from + count > positions.length) {
            positions = Arrays.copyOf(positions, Math.max(from + count, 2 * positions.length));
        }
        ends[numTokens++] = from + count;
    }

    /// Sets position `i` of a token's list.
    public void set(int token, int i, int position) {
        positions[start(token) + i] = position;
    }

    public int numTokens() {
        return numTokens;
    }

    /// The length of a token's list.
    public int count(int token) {
        return ends[token] - start(token);
    }

    /// Position `i` of a token's list.
    public int get(int token, int i) {
        return positions[start(token) + i];
    }

    /// The positions in all lists together.
    public int size() {
        return numTokens == 0 ? 0 : ends[numTokens - 1];
    }

    private int start(int token) {
        return token == 0 ? 0 : ends[token - 1];
    }
}
