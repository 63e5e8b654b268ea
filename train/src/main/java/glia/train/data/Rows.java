package glia.train.data;

import glia.engine.training.TokenBatch;

/// The rows of an epoch, each of one or more sequences that do not attend to each other.
public interface Rows {
    /// How many there are.
    long size();

    /// Adds the sequences of a row to a batch.
    ///
    /// @param row from 0
    void add(TokenBatch batch, long row);
}
