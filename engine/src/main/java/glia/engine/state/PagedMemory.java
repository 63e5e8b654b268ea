package glia.engine.state;

import glia.model.spec.Remembered;
import glia.tensor.Tensor;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.Span;
import java.lang.foreign.MemorySegment;

/// Keys and values, or rows that are both, in pages. Where the span slides, pages that no later token can see go back.
final class PagedMemory implements KeyValueMemory {
    /// Positions in a page.
    static final int PAGE_TOKENS = 64;

    private final PagePool pool;
    private final KeyValues keyValues;
    private final Span span;
    /// Whether the keys are the values too.
    private final boolean keysAreValues;
    /// Tokens that count.
    private int length;

    PagedMemory(Remembered.KeyValues of, PagePool pool) {
        this(pool, new KeyValues(PAGE_TOKENS, of.keySize(), of.valueSize()), of.span(), false);
    }

    PagedMemory(Remembered.Rows of, PagePool pool) {
        this(pool, new KeyValues(PAGE_TOKENS, of.size(), of.size()), of.span(), true);
    }

    private PagedMemory(PagePool pool, KeyValues keyValues, Span span, boolean keysAreValues) {
        this.pool = pool;
        this.keyValues = keyValues;
        this.span = span;
        this.keysAreValues = keysAreValues;
    }

    @Override
    public KeyValues append(Tensor keys, Tensor values, int from, int to, int position) {
        if (position != length) {
            throw new IllegalArgumentException("the sequence holds " + length + " tokens, the pass begins at "
                    + position);
        }
        for (int row = from; row < to; ) {
            int at = position + row - from;
            int page = at / PAGE_TOKENS;
            while (page >= keyValues.numPages()) {
                keyValues.addPage(0, 0);
            }
            if (keyValues.keyPage(page) == 0) {
                take(keyValues, page);
            }
            int count = Math.min(to - row, PAGE_TOKENS - at % PAGE_TOKENS);
            copy(keys, row, count, keyValues.keyAddress(at));
            if (!keysAreValues) {
                copy(values, row, count, keyValues.valueAddress(at));
            }
            row += count;
        }
        keyValues.setLength(position + to - from);
        return keyValues;
    }

    private void take(KeyValues to, int page) {
        long keyPage = pool.take(keyBytes());
        if (keysAreValues) {
            to.setPage(page, keyPage, keyPage);
            return;
        }
        try {
            to.setPage(page, keyPage, pool.take(valueBytes()));
        } catch (StateMemoryException e) {
            pool.giveBack(keyPage, keyBytes());
            throw e;
        }
    }

    private static void copy(Tensor from, int row, int count, long toAddress) {
        long bytes = (long) from.cols() * Float.BYTES;
        MemorySegment.copy(from.memory(), row * bytes, glia.tensor.Memory.ALL, toAddress, count * bytes);
    }

    @Override
    public void advance(int newLength) {
        length = newLength;
        int firstPage = span.first(length) / PAGE_TOKENS;
        for (int page = Math.min(firstPage, keyValues.numPages()) - 1; page >= 0 && keyValues.keyPage(page) != 0;
                page--) {
            drop(page);
        }
    }

    @Override
    public boolean canTruncate(int newLength) {
        int firstPage = span.first(newLength) / PAGE_TOKENS;
        return newLength == 0 || firstPage >= keyValues.numPages() || keyValues.keyPage(firstPage) != 0;
    }

    @Override
    public void truncate(int newLength) {
        length = newLength;
        int keptPages = (length + PAGE_TOKENS - 1) / PAGE_TOKENS;
        for (int page = keptPages; page < keyValues.numPages(); page++) {
            drop(page);
        }
        keyValues.truncate(keptPages);
    }

    @Override
    public PagedMemory copy(int ofLength) {
        KeyValues other = new KeyValues(PAGE_TOKENS, keyValues.keyCols(), keyValues.valueCols());
        PagedMemory copy = new PagedMemory(pool, other, span, keysAreValues);
        copy.length = ofLength;
        try {
            for (int page = 0; page < keyValues.numPages(); page++) {
                other.addPage(0, 0);
                if (keyValues.keyPage(page) != 0) {
                    copy.take(other, page);
                    MemorySegment.copy(glia.tensor.Memory.ALL, keyValues.keyPage(page), glia.tensor.Memory.ALL,
                            other.keyPage(page), keyBytes());
                    if (!keysAreValues) {
                        MemorySegment.copy(glia.tensor.Memory.ALL, keyValues.valuePage(page), glia.tensor.Memory.ALL,
                                other.valuePage(page), valueBytes());
                    }
                }
            }
        } catch (StateMemoryException e) {
            copy.truncate(0);
            throw e;
        }
        return copy;
    }

    private void drop(int page) {
        if (keyValues.keyPage(page) != 0) {
            pool.giveBack(keyValues.keyPage(page), keyBytes());
            if (!keysAreValues) {
                pool.giveBack(keyValues.valuePage(page), valueBytes());
            }
            keyValues.setPage(page, 0, 0);
        }
    }

    private long keyBytes() {
        return (long) PAGE_TOKENS * keyValues.keyCols() * Float.BYTES;
    }

    private long valueBytes() {
        return (long) PAGE_TOKENS * keyValues.valueCols() * Float.BYTES;
    }
}
