package glia.engine.state;

import glia.tensor.Tensor;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// Stores rows of keys or values in blocks, in the type of the KV cache; on all threads where much is converted.
final class RowStore extends RangeTask {
    /// The cost of converting a value, relative to copying one.
    private static final int ROUNDING_COST = 4;

    private Tensor rows;
    private int first;
    private BlockGroup group;
    private BlockGroup.Page page;
    private int[] blocks;
    private long[] addresses;
    private int position;

    RowStore(Workers workers) {
        super(workers);
    }

    /// Stores the rows `from` to `to` of an F32 matrix.
    ///
    /// @param group of the layer, which may have some blocks alone
    /// @param page where the rows of position 0 begin in a block
    /// @param blocks the ids of the sequence's blocks
    /// @param addresses of blocks by id
    /// @param position of the first row
    void run(Tensor rows, int from, int to, BlockGroup group, BlockGroup.Page page, int[] blocks, long[] addresses,
            int position) {
        this.group = group;
        this.rows = rows;
        first = from;
        this.page = page;
        this.blocks = blocks;
        this.addresses = addresses;
        this.position = position;
        if (page.type() == KeyValueType.F32) {
            range(0, to - from, 0);
        } else {
            distribute(to - from, (long) ROUNDING_COST * rows.cols());
        }
    }

    @Override
    protected void range(int from, int to, int worker) {
        for (int row = from, count; row < to; row += count) {
            int at = position + row;
            count = Math.min(to - row, BlockGroup.BLOCK_TOKENS - at % BlockGroup.BLOCK_TOKENS);
            if (!group.has(at / BlockGroup.BLOCK_TOKENS)) {
                continue;
            }
            page.type().store(rows.address() + (first + row) * rows.rowBytes(), rows.cols(), count,
                    addresses[blocks[at / BlockGroup.BLOCK_TOKENS]] + page.offset()
                            + at % BlockGroup.BLOCK_TOKENS * page.rowBytes());
        }
    }
}
