package glia.tensor.ops;

import glia.tensor.Tensor;
import java.util.Arrays;

/// The adapters of the rows of a flat batch, in which requests with different adapters are computed together (as in
/// S-LoRA, https://arxiv.org/abs/2311.03285): ranges of rows with the number of an adapter, 0 for none. A weight with
/// several adapters adds each to its own rows (`LowRank.of`). Mutable, so that a decode loop reuses one object.
public final class RowAdapters {
    private int[] ends = new int[8];
    private int[] adapters = new int[8];
    private int count;

    public RowAdapters() { }

    /// Removes all rows.
    public void clear() {
        count = 0;
    }

    /// Appends rows with an adapter.
    ///
    /// @param adapter its number; 0 for none
    public RowAdapters add(int numRows, int adapter) {
        if (numRows > 0 && count > 0 && adapters[count - 1] == adapter) {
            ends[count - 1] += numRows;
        } else if (numRows > 0) {
            if (count == ends.length) {
                ends = Arrays.copyOf(ends, 2 * count);
                adapters = Arrays.copyOf(adapters, 2 * count);
            }
            ends[count] = numRows() + numRows;
            adapters[count++] = adapter;
        }
        return this;
    }

    /// The number of rows.
    public int numRows() {
        return count == 0 ? 0 : ends[count - 1];
    }

    /// The number of ranges.
    int count() {
        return count;
    }

    int start(int range) {
        return range == 0 ? 0 : ends[range - 1];
    }

    int end(int range) {
        return ends[range];
    }

    int adapter(int range) {
        return adapters[range];
    }

    /// The adapters of all rows and of the output rows of a batch.
    public static final class BatchAdapters {
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
}
