package glia.tensor.kernel;

import glia.tensor.DType;
import glia.tensor.Tensor;
import java.util.Arrays;

/// Keys and values of one sequence in one layer, in pages of `pageTokens` positions. A page holds, position after
/// position, the F32 keys of all heads `[pageTokens, K·E]`, and another the values. Position `p` lies in page
/// `p / pageTokens`. Pages before a window or a chunk may be gone (address 0); kernels never look there.
///
/// Rows may be wider than the heads: latent attention has one page of rows `[c | k]` that are the keys, and whose
/// first numbers are the values; both addresses are then the same.
///
/// It only points: the engine makes and frees the pages.
public final class KeyValues {
    private final int pageTokens;
    private final int keyCols;
    private final int valueCols;
    private long[] keyPages = new long[4];
    private long[] valuePages = new long[4];
    private int numPages;
    private int length;

    /// @param keyCols numbers a position in a key page: key-value heads × key size, or more
    /// @param valueCols numbers a position in a value page
    public KeyValues(int pageTokens, int keyCols, int valueCols) {
        this.pageTokens = pageTokens;
        this.keyCols = keyCols;
        this.valueCols = valueCols;
    }

    /// A view of keys and values that lie together in two matrices, `[T, K·E]`: a single page.
    public static KeyValues of(Tensor keys, Tensor values) {
        if (keys.dtype() != DType.F32 || values.dtype() != DType.F32 || keys.rows() != values.rows()) {
            throw new IllegalArgumentException("keys " + keys + " and values " + values);
        }
        KeyValues kv = new KeyValues(Math.max(1, keys.rows()), keys.cols(), values.cols());
        kv.addPage(keys.address(), values.address());
        kv.setLength(keys.rows());
        return kv;
    }

    public void addPage(long keyAddress, long valueAddress) {
        if (numPages == keyPages.length) {
            keyPages = Arrays.copyOf(keyPages, 2 * numPages);
            valuePages = Arrays.copyOf(valuePages, 2 * numPages);
        }
        keyPages[numPages] = keyAddress;
        valuePages[numPages++] = valueAddress;
    }

    /// Replaces a page, or with zeros forgets it.
    public void setPage(int page, long keyAddress, long valueAddress) {
        keyPages[page] = keyAddress;
        valuePages[page] = valueAddress;
    }

    /// The number of positions that hold keys and values, which bounds what a query sees.
    public int length() {
        return length;
    }

    public void setLength(int length) {
        this.length = length;
    }

    /// Forgets the pages from `count` on.
    public void truncate(int count) {
        numPages = Math.min(numPages, count);
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

    public int numPages() {
        return numPages;
    }

    /// The address of page `page` of the keys.
    public long keyPage(int page) {
        return keyPages[page];
    }

    public long valuePage(int page) {
        return valuePages[page];
    }

    /// The address of the keys of all heads at one position.
    public long keyAddress(int position) {
        return keyPages[position / pageTokens] + (long) (position % pageTokens) * keyCols * Float.BYTES;
    }

    /// The address of the values of all heads at one position.
    public long valueAddress(int position) {
        return valuePages[position / pageTokens] + (long) (position % pageTokens) * valueCols * Float.BYTES;
    }
}
