package glia.train.data;

import glia.engine.training.TokenBatch;

/// All rows once, in their order, such as those for validation. The last batch may be smaller.
///
/// @param size rows in a batch
public record OrderedBatches(Rows rows, int size) implements Batches {
    /// Checks the size.
    public OrderedBatches {
        if (size < 1) {
            throw new IllegalArgumentException("found batches of " + size + " rows, expected at least 1");
        }
    }

    /// How many batches there are.
    public long count() {
        return (rows.size() + size - 1) / size;
    }

    @Override
    public TokenBatch batch(long index) {
        if (index < 0 || index >= count()) {
            throw new IndexOutOfBoundsException("batch " + index + " of " + count());
        }
        TokenBatch batch = new TokenBatch();
        for (long row = index * size; row < Math.min(rows.size(), (index + 1) * size); row++) {
            rows.add(batch, row);
        }
        return batch;
    }
}
