package glia.reason.preference.run;

import glia.train.data.ShuffledOrder;
import java.util.stream.IntStream;

/// Which examples are in which micro-batch.
///
/// @param size examples in all
/// @param perBatch of a micro-batch
record ExampleOrder(int size, int perBatch, long seed) {
    /// Those of a micro-batch of training, shuffled in each epoch.
    int[] training(long index) {
        ShuffledOrder order = new ShuffledOrder(size, seed);
        int count = Math.min(perBatch, size);
        return IntStream.range(0, count).map(i -> Math.toIntExact(order.at(index * count + i))).toArray();
    }

    /// Those of a micro-batch of all examples in their order; the last one may be smaller.
    int[] ordered(long index) {
        return IntStream.range((int) index * perBatch, Math.min(size, ((int) index + 1) * perBatch)).toArray();
    }

    /// How many micro-batches in order there are.
    int count() {
        return (size + perBatch - 1) / perBatch;
    }
}
