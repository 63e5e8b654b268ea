package glia.tensor.kernel;

/// The boundaries of the sequences inside a flat run of tokens. Run `i` holds the tokens `start(i)` to `end(i)`
/// (exclusive) of the flat batch, at the consecutive positions from `position(i)` on in its own sequence.
/// Mutable, so that a decode loop reuses one object.
public final class Runs {
    private int[] ends = new int[4];
    private int[] firstPositions = new int[4];
    private int count;

    /// No runs yet.
    public Runs() { }

    /// Forgets all runs.
    public void clear() {
        count = 0;
    }

    /// Appends a run of `numTokens` tokens whose first has position `position`.
    public Runs add(int numTokens, int position) {
        if (numTokens < 0 || position < 0) {
            throw new IllegalArgumentException("a run of " + numTokens + " tokens at position " + position);
        }
        if (count == ends.length) {
            ends = java.util.Arrays.copyOf(ends, 2 * count);
            firstPositions = java.util.Arrays.copyOf(firstPositions, 2 * count);
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
