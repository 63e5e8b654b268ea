package glia.engine.state;

import glia.tensor.Memory;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.Span;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// Layers with the same span, whose keys and values are allocated and freed together. A block holds 64 positions of all
/// of them: for each layer a page of keys `[64, K·E]` and one of values, or one page that is both.
final class BlockGroup {
    /// Positions in a block.
    static final int BLOCK_TOKENS = 64;

    /// Where a layer's keys and values lie in each block.
    record Part(BlockGroup group, Page keys, Page values) {
        boolean keysAreValues() {
            return keys == values;
        }

        /// Bytes of the layer's pages, which are neighbours.
        long sizeBytes() {
            return values.offset + values.sizeBytes() - keys.offset;
        }

        /// An empty view of a sequence's keys and values.
        KeyValues newView() {
            return new KeyValues(keysAreValues() ? keys.type : group.type, BLOCK_TOKENS, keys.cols, keys.offset,
                    values.cols, values.offset);
        }
    }

    /// Rows of `cols` values, one for each position.
    record Page(KeyValueType type, long offset, int cols) {
        long rowBytes() {
            return type.rowBytes(cols);
        }

        long sizeBytes() {
            return BLOCK_TOKENS * rowBytes();
        }
    }

    private final KeyValueType type;
    private final Span span;
    private final boolean ofSource;
    private final List<Page> pages = new ArrayList<>();
    private long blockBytes;

    /// @param type of all keys and values
    /// @param ofSource whether positions are those of the source of an encoder-decoder
    BlockGroup(KeyValueType type, Span span, boolean ofSource) {
        this.type = type;
        this.span = span;
        this.ofSource = ofSource;
    }

    /// Adds a layer.
    Part addKeyValues(int keyCols, int valueCols) {
        return new Part(this, addPage(type.ofKeys(), keyCols), addPage(type.ofValues(), valueCols));
    }

    /// Adds a layer whose rows are both keys and values.
    Part addRows(int cols) {
        Page page = addPage(type.ofKeys(), cols);
        return new Part(this, page, page);
    }

    private Page addPage(KeyValueType rows, int cols) {
        Page page = new Page(rows, blockBytes, cols);
        pages.add(page);
        blockBytes += page.sizeBytes();
        return page;
    }

    /// The span of the layers' attention.
    Span span() {
        return span;
    }

    boolean ofSource() {
        return ofSource;
    }

    /// Whether blocks leave the span as the sequence grows.
    boolean slides() {
        return switch (span) {
            case Span.Causal c -> false;
            case Span.Bidirectional e -> false;
            case Span.Sliding s -> true;
            case Span.Chunked c -> true;
            case Span.BidirectionalWindow a -> true;
        };
    }

    /// The number of blocks for so many tokens.
    static int blocksOf(int tokens) {
        return Math.ceilDiv(tokens, BLOCK_TOKENS);
    }

    /// The block of the lowest position that a token at `position` attends to.
    int firstBlock(int position) {
        return span.first(position) / BLOCK_TOKENS;
    }

    /// The number of blocks that a sequence of `length` tokens needs to continue.
    int neededBlocks(int length) {
        return Math.max(0, blocksOf(length) - firstBlock(length));
    }

    long blockBytes() {
        return blockBytes;
    }

    /// Copies the first `positions` positions of a block to another.
    void copy(Block from, Block to, int positions) {
        for (Page page : pages) {
            MemorySegment.copy(Memory.ALL, from.address() + page.offset, Memory.ALL,
                    to.address() + page.offset, positions * page.rowBytes());
        }
    }
}
