package glia.kernels.tiled;

import glia.tensor.DType;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.KeyValues;

/// The keys or the values of a head at consecutive positions of one page, as F32 rows: in place, or decoded to the
/// thread's own memory if the KV cache has a smaller type. A few dozen rows at a time stay in the L1 cache, so that
/// main memory is read in the smaller type only.
final class HeadRows {
    private final Tiles tiles;
    private final int worker;
    private final Scratch scratch = new Scratch();
    private long address;
    private long step;
    private int readable;
    /// The address of the first row in the page.
    private long row;

    /// @param worker the thread
    HeadRows(Tiles tiles, int worker) {
        this.tiles = tiles;
        this.worker = worker;
    }

    /// Sets the keys of `count` positions from `position` on.
    void keys(KeyValues kv, int position, int count, int head, int size) {
        set(kv, kv.keyAddress(position), kv.keyRowBytes(), position, count, head * size, size);
    }

    /// Sets the values of `count` positions from `position` on.
    void values(KeyValues kv, int position, int count, int head, int size) {
        set(kv, kv.valueAddress(position), kv.valueRowBytes(), position, count, head * size, size);
    }

    private void set(KeyValues kv, long row, long rowBytes, int position, int count, int first, int size) {
        KeyValueType type = kv.type();
        this.row = row;
        if (type == KeyValueType.F32) {
            address = row + 4L * first;
            step = rowBytes;
            readable = kv.pageTokens() - position % kv.pageTokens();
            return;
        }
        DType dtype = type.dtype();
        int start = type.blockStart(first);
        int cols = type.wholeBlocks(first + size) - start;
        readable = count + tiles.rows();
        long decoded = scratch.reserve(4L * readable * cols);
        tiles.decode(dtype, row + dtype.bytes(start), rowBytes, count, cols, decoded, worker);
        address = decoded + 4L * (first - start);
        step = 4L * cols;
    }

    /// Whether these keys of the first head are also its values from `position` on, as in latent attention.
    boolean areValues(KeyValues kv, int position, AttentionShape shape) {
        return row == kv.valueAddress(position) && shape.numKeyValueHeads() == 1
                && shape.valueSize() <= shape.keySize();
    }

    /// The address of the first row, valid until rows are set again.
    long address() {
        return address;
    }

    /// Bytes from row to row.
    long step() {
        return step;
    }

    /// The number of rows that may be read, including undefined ones.
    int readable() {
        return readable;
    }

    /// Sets keys of some heads to be prefetched.
    static void prefetchKeys(Prefetch ahead, KeyValues kv, int position, int count, int firstHead, int numHeads,
            int size) {
        prefetch(ahead, kv.type(), kv.keyAddress(position), kv.keyRowBytes(), count, firstHead * size,
                numHeads * size);
    }

    /// Sets values of some heads to be prefetched.
    static void prefetchValues(Prefetch ahead, KeyValues kv, int position, int count, int firstHead, int numHeads,
            int size) {
        prefetch(ahead, kv.type(), kv.valueAddress(position), kv.valueRowBytes(), count, firstHead * size,
                numHeads * size);
    }

    private static void prefetch(Prefetch ahead, KeyValueType type, long row, long rowBytes, int count, int first,
            int size) {
        int start = type.blockStart(first);
        ahead.set(row + type.dtype().bytes(start), rowBytes, count, type.rowBytes(first + size - start));
    }
}
