package glia.tensor.kernel;

import java.util.Arrays;

/// The boundaries of the sequences in a flat batch of tokens. Run `i` holds the tokens `start(i)` to `end(i)`
/// (exclusive) of the batch, at consecutive positions from `position(i)` on in its own sequence. Mutable, so that a
/// decode loop reuses one object; `frozen` returns an immutable copy.
public final class Runs {
    private int[] ends = new int[4];
    private int[] firstPositions = new int[4];
    private int count;
    private boolean isFrozen;
    /// The last copy, until the runs change.
    private Runs copy;

    /// Creates an empty object without runs.
    public Runs() { }

    /// Returns an immutable copy, or this if it is immutable.
    public Runs frozen() {
        if (isFrozen) {
            return this;
        }
        if (copy != null) {
            return copy;
        }
        copy = new Runs();
        copy.ends = Arrays.copyOf(ends, count);
        copy.firstPositions = Arrays.copyOf(firstPositions, count);
        copy.count = count;
        copy.isFrozen = true;
        return copy;
    }

    private void requireMutable() {
        if (isFrozen) {
            throw new IllegalStateException("these runs are frozen, since a recording uses them; create new ones");
        }
    }

    /// Removes all runs.
    public void clear() {
        requireMutable();
        copy = null;
        count = 0;
    }

    /// Appends a run of `numTokens` tokens, the first at position `position`.
    public Runs add(int numTokens, int position) {
        requireMutable();
        copy = null;
        if (numTokens < 0 || position < 0) {
            throw new IllegalArgumentException("a run of " + numTokens + " tokens at position " + position);
        }
        if (count == ends.length) {
            ends = Arrays.copyOf(ends, 2 * count);
            firstPositions = Arrays.copyOf(firstPositions, 2 * count);
        }
        ends[count] = numTokens() + numTokens;
        firstPositions[count++] = position;
        return this;
    }

    /// The number of runs.
    public int count() {
        return count;
    }

    /// The number of tokens in all runs.
    public int numTokens() {
        return count == 0 ? 0 : ends[count - 1];
    }

    public int start(int run) {
        return run == 0 ? 0 : ends[run - 1];
    }

    public int end(int run) {
        return ends[run];
    }

    /// The position of the first token of a run in its sequence.
    public int position(int run) {
        return firstPositions[run];
    }
}
