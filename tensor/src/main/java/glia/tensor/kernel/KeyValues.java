package glia.tensor.kernel;

import glia.tensor.DType;
import glia.tensor.Tensor;
import java.util.Arrays;

/// The keys and values of one sequence in one layer (a paged KV cache), in pages of `pageTokens` positions. A key page
/// holds the keys of all heads, `[pageTokens, K·E]`, a value page the values, both of one `KeyValueType`. Position `p`
/// is in page `p / pageTokens`. Pages before a sliding window or chunk may be absent; kernels never read them.
///
/// Rows may be wider than the heads: latent attention has one page of rows `[c | k]`, which are the keys and whose
/// first columns are the values; both addresses are then the same.
///
/// The pages of several layers may lie in shared blocks, each layer's at its own offsets. The view of such a layer is
/// set to the block table of one sequence after the other: the ids of its blocks, whose addresses the engine keeps. It
/// owns no memory: the engine allocates, moves and frees blocks.
public final class KeyValues {
    private final KeyValueType type;
    private int pageTokens;
    private int keyCols;
    private int valueCols;
    private long keyRowBytes;
    private long valueRowBytes;
    private final long keyOffset;
    private final long valueOffset;
    /// The ids of the blocks; null if pages were added one by one.
    private int[] blocks;
    private long[] keyPages;
    private long[] valuePages;
    private int numPages;
    private int length;
    /// Null for full attention.
    private PageChoice choice;
    private long boundOffset;

    /// Creates F32 pages, which are added one by one.
    ///
    /// @param keyCols columns of a key page: key-value heads × key size, or more
    /// @param valueCols columns of a value page
    public KeyValues(int pageTokens, int keyCols, int valueCols) {
        this(KeyValueType.F32, pageTokens, keyCols, valueCols);
    }

    /// Creates pages that are added one by one.
    ///
    /// @param type the type of keys and values
    /// @param keyCols columns of a key page: key-value heads × key size, or more
    /// @param valueCols columns of a value page
    public KeyValues(KeyValueType type, int pageTokens, int keyCols, int valueCols) {
        this(type, pageTokens, keyCols, 0, valueCols, 0);
        keyPages = new long[4];
        valuePages = new long[4];
    }

    /// Creates the view of a layer whose key pages begin `keyOffset` bytes into blocks, and whose value pages
    /// `valueOffset`. It is empty until `view` is called.
    public KeyValues(KeyValueType type, int pageTokens, int keyCols, long keyOffset, int valueCols,
            long valueOffset) {
        this.type = type;
        this.pageTokens = pageTokens;
        this.keyCols = keyCols;
        this.valueCols = valueCols;
        this.keyOffset = keyOffset;
        this.valueOffset = valueOffset;
        keyRowBytes = type.rowBytes(keyCols);
        valueRowBytes = type.ofValues().rowBytes(valueCols);
    }

    /// Lets single queries attend to some pages.
    ///
    /// @param ofPages null for all of them
    /// @param offset where the bounds of pages begin in a block, in bytes
    public KeyValues choose(PageChoice ofPages, long offset) {
        choice = ofPages;
        boundOffset = offset;
        return this;
    }

    /// Which pages single queries attend to; null for all.
    public PageChoice choice() {
        return choice;
    }

    /// The address of the bounds of the keys in the page of a position, as [PageChoice] has pages.
    public long boundAddress(int position) {
        return keyPages[page(position)] + boundOffset
                + position % pageTokens / choice.pageTokens() * PageChoice.boundBytes(keyCols);
    }

    /// A view of contiguous keys and values in two matrices, `[T, K·E]`: a single page.
    public static KeyValues of(Tensor keys, Tensor values) {
        if (keys.dtype() != DType.F32 || values.dtype() != DType.F32 || keys.rows() != values.rows()) {
            throw new IllegalArgumentException("keys " + keys + " and values " + values);
        }
        KeyValues kv = new KeyValues(1, keys.cols(), values.cols());
        kv.view(keys, values, 0, keys.rows());
        return kv;
    }

    /// Sets a view without offsets to the rows `from` to `to` of two F32 matrices, `[T, K·E]`: a single page.
    void view(Tensor keys, Tensor values, int from, int to) {
        pageTokens = Math.max(1, to - from);
        keyCols = keys.cols();
        valueCols = values.cols();
        keyRowBytes = keys.rowBytes();
        valueRowBytes = values.rowBytes();
        numPages = 0;
        addPage(keys.address() + from * keyRowBytes, values.address() + from * valueRowBytes);
        length = to - from;
    }

    /// Sets the view to the blocks of a sequence.
    ///
    /// @param ids the block of each page; used without copying
    /// @param addresses the addresses of blocks by id; used without copying
    /// @param positions the number of positions with keys and values
    public void view(int[] ids, long[] addresses, int positions) {
        blocks = ids;
        keyPages = addresses;
        valuePages = addresses;
        length = positions;
    }

    /// Adds a page at the end.
    public void addPage(long keyAddress, long valueAddress) {
        if (numPages == keyPages.length) {
            keyPages = Arrays.copyOf(keyPages, 2 * numPages);
            valuePages = Arrays.copyOf(valuePages, 2 * numPages);
        }
        keyPages[numPages] = keyAddress;
        valuePages[numPages++] = valueAddress;
    }

    /// The number of positions with keys and values.
    public int length() {
        return length;
    }

    public void setLength(int length) {
        this.length = length;
    }

    /// The element types.
    public KeyValueType type() {
        return type;
    }

    public int pageTokens() {
        return pageTokens;
    }

    public int keyCols() {
        return keyCols;
    }

    public int valueCols() {
        return valueCols;
    }

    /// Bytes from one position's keys to the next one's.
    public long keyRowBytes() {
        return keyRowBytes;
    }

    /// Bytes from one position's values to the next one's.
    public long valueRowBytes() {
        return valueRowBytes;
    }

    /// The address of the keys of all heads at one position.
    public long keyAddress(int position) {
        return keyPages[page(position)] + keyOffset + position % pageTokens * keyRowBytes;
    }

    /// The address of the values of all heads at one position.
    public long valueAddress(int position) {
        return valuePages[page(position)] + valueOffset + position % pageTokens * valueRowBytes;
    }

    private int page(int position) {
        int page = position / pageTokens;
        return blocks == null ? page : blocks[page];
    }
}
