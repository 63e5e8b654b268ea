package glia.tensor.ops;

import glia.tensor.Tensor;

/// The adapters of all rows and of the output rows of a batch.
public final class BatchAdapters {
    /// Null if no row has an adapter.
    private RowAdapters rows;
    private RowAdapters outputs;

    BatchAdapters() { }

    /// Sets the adapters of the next pass.
    ///
    /// @param ofRows of all rows
    /// @param ofOutputs of the rows that get logits
    public void use(RowAdapters ofRows, RowAdapters ofOutputs) {
        rows = ofRows;
        outputs = ofOutputs;
    }

    /// No row has an adapter.
    public void useNone() {
        rows = null;
        outputs = null;
    }

    /// The adapters of the rows of a tensor; null if no row has one.
    ///
    /// @param w the weight that they are multiplied by
    /// @throws IllegalArgumentException if the rows are not those of the batch
    RowAdapters of(Tensor x, LowRank w) {
        if (rows == null || x.rows() == rows.numRows()) {
            return rows;
        }
        if (x.rows() == outputs.numRows()) {
            return outputs;
        }
        throw new IllegalArgumentException(w + " is multiplied by " + x.rows() + " rows, which are not the "
                + rows.numRows() + " tokens of the batch: such an adapter cannot be batched with others");
    }
}
