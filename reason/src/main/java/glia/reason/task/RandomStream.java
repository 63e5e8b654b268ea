package glia.reason.task;

import glia.tensor.Hash;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/// Random choices that are a function of a position, such as (seed, index): the same position gives the same choices.
public final class RandomStream {
    private final long key;
    private long count;

    /// @param position what the choices are a function of
    public RandomStream(long... position) {
        key = Hash.of(position);
    }

    private long next() {
        return Hash.next(key, count++);
    }

    /// An integer from 0 to `bound - 1`.
    public int below(int bound) {
        if (bound <= 0) {
            throw new IllegalArgumentException("no integer is from 0 to " + (bound - 1));
        }
        return (int) Math.unsignedMultiplyHigh(next(), bound);
    }

    /// An integer from `min` to `max`, both included.
    public int between(int min, int max) {
        return min + below(max - min + 1);
    }

    /// A number from 0, below 1.
    public double fraction() {
        return (next() >>> 11) * 0x1p-53;
    }

    /// True with this probability.
    public boolean chance(double probability) {
        return fraction() < probability;
    }

    /// An element of a list.
    public <T> T pick(List<T> list) {
        return list.get(below(list.size()));
    }

    /// The elements in random order.
    public <T> List<T> shuffled(Collection<T> elements) {
        List<T> list = new ArrayList<>(elements);
        for (int i = list.size() - 1; i > 0; i--) {
            T last = list.get(i);
            int j = below(i + 1);
            list.set(i, list.get(j));
            list.set(j, last);
        }
        return list;
    }
}
