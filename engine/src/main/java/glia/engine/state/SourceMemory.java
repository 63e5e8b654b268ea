package glia.engine.state;

import glia.model.spec.Remembered;
import glia.tensor.Tensor;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.Span;

/// Keys and values of the source that an encoder has read. They come once, with the first tokens of the sequence, and
/// stay until it is begun anew.
final class SourceMemory implements KeyValueMemory {
    private final PagedMemory pages;
    /// Tokens of the source that count, and those that a pass has appended.
    private int length;
    private int appended;

    SourceMemory(Remembered.Source of, PagePool pool) {
        this(new PagedMemory(new Remembered.KeyValues(of.keySize(), of.valueSize(), new Span.Everything()), pool), 0);
    }

    private SourceMemory(PagedMemory pages, int length) {
        this.pages = pages;
        this.length = length;
    }

    /// The position is the decoder's: it says nothing of the source.
    @Override
    public KeyValues append(Tensor keys, Tensor values, int from, int to, int position) {
        if (length > 0 && to > from) {
            throw new IllegalArgumentException("the sequence has had its source of " + length + " tokens");
        }
        if (length == 0 && to == from) {
            throw new IllegalArgumentException("an encoder-decoder needs a source of at least one token");
        }
        appended = to - from;
        return pages.append(keys, values, from, to, length);
    }

    @Override
    public void advance(int ofSequence) {
        length += appended;
        appended = 0;
        pages.advance(length);
    }

    @Override
    public boolean canTruncate(int ofSequence) {
        return true;
    }

    @Override
    public void truncate(int ofSequence) {
        if (ofSequence == 0) {
            length = 0;
        }
        appended = 0;
        pages.truncate(length);
    }

    @Override
    public Memory copy(int ofSequence) {
        return new SourceMemory(pages.copy(length), length);
    }
}
