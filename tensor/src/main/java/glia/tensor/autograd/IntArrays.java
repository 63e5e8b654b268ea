package glia.tensor.autograd;

import java.util.ArrayList;
import java.util.List;

/// Copies of arrays for the backward pass, such as token ids. Each pass reuses the arrays of the one before, so that in
/// steady state the heap allocation of a training step does not depend on the size of its batch.
final class IntArrays {
    private static final int LEAST = 16;

    private final List<int[]> free = new ArrayList<>();
    private final List<int[]> taken = new ArrayList<>();

    /// A copy that lasts until `reuse`.
    ///
    /// @return an array of at least `count` values, of which the first `count` are those of the argument
    int[] copy(int[] values, int count) {
        int[] array = take(count);
        System.arraycopy(values, 0, array, 0, count);
        taken.add(array);
        return array;
    }

    private int[] take(int count) {
        for (int i = free.size() - 1; i >= 0; i--) {
            if (free.get(i).length >= count) {
                return free.remove(i);
            }
        }
        if (!free.isEmpty()) {
            // A larger one takes its place.
            free.removeLast();
        }
        return new int[Math.max(LEAST, count + count / 4)];
    }

    /// Ends the use of all copies.
    void reuse() {
        // The next pass asks in the same order and takes from the end.
        while (!taken.isEmpty()) {
            free.add(taken.removeLast());
        }
    }
}
