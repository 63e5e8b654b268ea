package glia.tensor.kernel;

import java.util.Arrays;

/// For each token of a pass, the positions of its sequence that it attends to (sparse attention), ascending and without
/// duplicates. Mutable until frozen, so that a decode loop reuses one object.
public final class AttendedPositions {
    private int[] positions = new int[64];
    private int[] ends = new int[4];
    private int numTokens;
    private boolean isFrozen;

    /// Creates lists for no tokens.
    public AttendedPositions() { }

    /// Makes this object immutable and returns it.
    public AttendedPositions freeze() {
        isFrozen = true;
        return this;
    }

    /// Returns an immutable copy, or this if it is frozen.
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
            throw new IllegalStateException("these lists are frozen, since a recording uses them; create new ones");
        }
    }

    /// Removes all tokens.
    public void clear() {
        requireMutable();
        numTokens = 0;
    }

    /// Appends a token with a list of `count` positions, to be filled by `set`.
    public void add(int count) {
        requireMutable();
        if (count < 1) {
            throw new IllegalArgumentException("expected at least one position to attend to, found " + count);
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

    /// The total number of positions in all lists.
    public int size() {
        return numTokens == 0 ? 0 : ends[numTokens - 1];
    }

    private int start(int token) {
        return token == 0 ? 0 : ends[token - 1];
    }
}
