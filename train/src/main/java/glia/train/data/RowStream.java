package glia.train.data;

import glia.engine.training.TokenBatch;
import glia.engine.training.TokenBatchPool;

/// Rows without end. Which sequences a row has depends on its number alone.
@FunctionalInterface
public interface RowStream {
    /// Adds the sequences of a row to a batch.
    ///
    /// @param index from 0
    void add(TokenBatch batch, long index);

    /// Epoch after epoch in the same order.
    static RowStream ordered(Rows rows) {
        requireRows(rows);
        return (batch, index) -> rows.add(batch, index % rows.size());
    }

    /// Epoch after epoch, each in an order of its own: every row once, in a pseudorandom order that depends on the
    /// seed and the epoch.
    static RowStream shuffled(Rows rows, long seed) {
        requireRows(rows);
        ShuffledOrder order = new ShuffledOrder(rows.size(), seed);
        return (batch, index) -> rows.add(batch, order.at(index));
    }

    private static void requireRows(Rows rows) {
        if (rows.size() < 1) {
            throw new IllegalArgumentException("found no rows to train on");
        }
    }

    /// Batches of `size` rows each, in their order.
    default Batches batches(int size) {
        if (size < 1) {
            throw new IllegalArgumentException("found batches of " + size + " rows, expected at least 1");
        }
        TokenBatchPool pool = new TokenBatchPool();
        return step -> {
            TokenBatch batch = pool.batch();
            for (int i = 0; i < size; i++) {
                add(batch, Math.addExact(Math.multiplyExact(step, size), i));
            }
            return batch;
        };
    }
}
