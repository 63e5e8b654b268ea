package glia.tensor.kernel;

import java.util.Arrays;

/// The boundaries of the sequences in a flat batch of tokens. Run `i` holds the tokens `start(i)` to `end(i)`
/// (exclusive) of the batch, at consecutive positions from `position(i)` on in its own sequence. Mutable, so that a
/// decode loop reuses one object; `frozen` returns an immutable copy.
///
/// A position here is the index in the KV cache. `positions` has those for rotary embedding, which may differ.
public final class Runs {
    private int[] ends = new int[4];
    private int[] firstPositions = new int[4];
    private int count;
    private Positions positions = new Positions();
    /// Of tokens that attend to each other in both directions: the run, the first and the last position, and whether
    /// only in layers with a sliding window.
    private int[] mutual = {};
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
        copy.positions = positions.frozen();
        copy.mutual = mutual;
        copy.isFrozen = true;
        return copy;
    }

    /// A copy of one run.
    public Runs only(int run) {
        Runs one = new Runs();
        one.add(end(run) - start(run), position(run));
        for (int i = 0; i < mutual.length; i += 4) {
            if (mutual[i] == run) {
                one.see(mutual[i + 1], mutual[i + 2], mutual[i + 3] != 0);
            }
        }
        return one;
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
        positions.clear();
        mutual = mutual.length == 0 ? mutual : new int[0];
    }

    /// Appends a run of `numTokens` tokens, the first at position `position`.
    public Runs add(int numTokens, int position) {
        begin(numTokens, position);
        positions.add(numTokens, position);
        return this;
    }

    /// Appends a run whose tokens get their positions for rotary embedding by `addPositions`, piece by piece.
    public Runs begin(int numTokens, int position) {
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

    /// Appends tokens of the last run at consecutive positions for rotary embedding.
    public void addPositions(int numTokens, int first) {
        positions.add(numTokens, first);
    }

    /// Appends tokens of the last run whose positions for rotary embedding are `offset` plus those of `relative`,
    /// `[tokens, numAxes]` from token `from` on.
    public void addPositions(int numTokens, int offset, int[] relative, int from, int numAxes) {
        positions.add(numTokens, offset, relative, from, numAxes);
    }

    /// Lets tokens of the last run attend to each other in both directions in all layers.
    public void see(int first, int last) {
        see(first, last, false);
    }

    /// Lets tokens of the last run attend to each other in both directions, like those of a picture.
    ///
    /// @param first the position of the first of them, in the KV cache
    /// @param last the position of the last, which is in the run
    /// @param onlyInWindows whether only where attention has a sliding window
    public void see(int first, int last, boolean onlyInWindows) {
        requireMutable();
        int size = mutual.length;
        mutual = Arrays.copyOf(mutual, size + 4);
        mutual[size] = count - 1;
        mutual[size + 1] = first;
        mutual[size + 2] = last;
        mutual[size + 3] = onlyInWindows ? 1 : 0;
    }

    /// Whether some tokens attend to each other in both directions.
    public boolean hasMutual() {
        return mutual.length > 0;
    }

    /// The highest position that a query attends to if there are `length` keys. It never decreases with the position.
    public int last(int run, Span span, int position, int length) {
        int last = span.last(position, length);
        for (int i = 0; i < mutual.length; i += 4) {
            boolean applies = mutual[i] == run && (mutual[i + 3] == 0 || span instanceof Span.Sliding);
            if (applies && mutual[i + 1] <= position && position <= mutual[i + 2]) {
                last = Math.max(last, mutual[i + 2]);
            }
        }
        return last;
    }

    /// The positions of the tokens for rotary embedding.
    public Positions positions() {
        return positions;
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
