package glia.engine.state;

import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Sublayer;
import glia.tensor.Tensor;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.Span;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// What a model remembers of one sequence: keys and values of each attention, in pages. Layers with a sliding window
/// give back the pages that no later token can see. Belongs to the engine's thread.
public final class Sequence implements AutoCloseable {
    /// Positions in a page.
    static final int PAGE_TOKENS = 64;

    private final PagePool pool;
    private final List<Sublayer> sublayers;
    private final KeyValues[] keyValues;
    private int length;

    public Sequence(ModelSpec spec, PagePool pool) {
        this.pool = pool;
        this.sublayers = spec.sublayers();
        this.keyValues = new KeyValues[sublayers.size()];
        for (int i = 0; i < keyValues.length; i++) {
            switch (sublayers.get(i).mixer()) {
                case Mixer.Attention a ->
                        keyValues[i] = new KeyValues(PAGE_TOKENS, a.keyValueSize(), a.keyValueSize());
                case Mixer.GatedMlp m -> { }
                case Mixer.Mlp m -> { }
            }
        }
    }

    /// The number of tokens remembered, which is the position of the next.
    public int length() {
        return length;
    }

    /// Stores rows `from` to `to` of keys and values at the end. `advance` makes them count.
    KeyValues append(int sublayer, Tensor keys, Tensor values, int from, int to, int position) {
        if (position != length) {
            throw new IllegalArgumentException("the sequence holds " + length + " tokens, the pass begins at "
                    + position);
        }
        KeyValues kv = keyValues[sublayer];
        for (int row = from; row < to; ) {
            int at = position + row - from;
            int page = at / PAGE_TOKENS;
            if (page == kv.numPages()) {
                kv.addPage(0, 0);
            }
            if (kv.keyPage(page) == 0) {
                take(kv, page);
            }
            int count = Math.min(to - row, PAGE_TOKENS - at % PAGE_TOKENS);
            copy(keys, row, count, kv.keyAddress(at));
            copy(values, row, count, kv.valueAddress(at));
            row += count;
        }
        return kv;
    }

    private void take(KeyValues kv, int page) {
        long keyPage = pool.take(keyBytes(kv));
        try {
            kv.setPage(page, keyPage, pool.take(valueBytes(kv)));
        } catch (StateMemoryException e) {
            pool.giveBack(keyPage, keyBytes(kv));
            throw e;
        }
    }

    private static void copy(Tensor from, int row, int count, long toAddress) {
        long bytes = (long) from.cols() * Float.BYTES;
        MemorySegment.copy(from.memory(), row * bytes, glia.tensor.Memory.ALL, toAddress, count * bytes);
    }

    /// Makes `count` appended tokens count, and gives back the pages that slid out of sight.
    void advance(int count) {
        length += count;
        for (int i = 0; i < keyValues.length; i++) {
            if (keyValues[i] != null) {
                int firstPage = span(i).first(length) / PAGE_TOKENS;
                for (int page = firstPage - 1; page >= 0 && keyValues[i].keyPage(page) != 0; page--) {
                    drop(keyValues[i], page);
                }
            }
        }
    }

    private Span span(int sublayer) {
        return ((Mixer.Attention) sublayers.get(sublayer).mixer()).span();
    }

    /// Forgets the tokens from `newLength` on, if what the remaining ones need is still there.
    ///
    /// @return false if a window has slid too far: then nothing has changed, and the caller must begin anew
    public boolean truncate(int newLength) {
        if (newLength < 0 || newLength > length) {
            throw new IllegalArgumentException("cannot keep " + newLength + " of " + length + " tokens");
        }
        for (int i = 0; i < keyValues.length; i++) {
            if (keyValues[i] != null && newLength > 0) {
                int firstPage = span(i).first(newLength) / PAGE_TOKENS;
                if (firstPage < keyValues[i].numPages() && keyValues[i].keyPage(firstPage) == 0) {
                    return false;
                }
            }
        }
        length = newLength;
        retract();
        return true;
    }

    /// Gives back the pages of tokens that were appended and do not count.
    void retract() {
        int keptPages = (length + PAGE_TOKENS - 1) / PAGE_TOKENS;
        for (KeyValues kv : keyValues) {
            if (kv != null) {
                for (int page = keptPages; page < kv.numPages(); page++) {
                    drop(kv, page);
                }
                kv.truncate(keptPages);
            }
        }
    }

    /// Whether the sequence lives in this pool.
    public boolean isIn(PagePool of) {
        return pool == of;
    }

    private void drop(KeyValues kv, int page) {
        if (kv.keyPage(page) != 0) {
            pool.giveBack(kv.keyPage(page), keyBytes(kv));
            pool.giveBack(kv.valuePage(page), valueBytes(kv));
            kv.setPage(page, 0, 0);
        }
    }

    private static long keyBytes(KeyValues kv) {
        return (long) PAGE_TOKENS * kv.keyCols() * Float.BYTES;
    }

    private static long valueBytes(KeyValues kv) {
        return (long) PAGE_TOKENS * kv.valueCols() * Float.BYTES;
    }

    /// Forgets everything.
    public void clear() {
        truncate(0);
    }

    @Override
    public void close() {
        clear();
    }
}
