package glia.engine.state;

import glia.tensor.Memory;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.PageChoice;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Span;
import glia.tensor.ops.CacheRanks;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/// Layers with the same span, whose keys and values are allocated and freed together. A block holds 64 positions of all
/// of them: for each layer a page of keys `[64, K·E]` and one of values, or one page that is both.
final class BlockGroup {
    /// Positions in a block.
    static final int BLOCK_TOKENS = 64;
    /// In the place of a block that another rank has.
    private static final long ABSENT_BYTES = 64;

    /// Where a layer's keys and values lie in each block.
    ///
    /// @param boundOffset where the bounds of the keys begin, if the layer attends to chosen pages
    record Part(BlockGroup group, Page keys, Page values, long boundOffset) {
        boolean keysAreValues() {
            return keys == values;
        }

        /// @throws IllegalArgumentException unless `numHeads` heads of keys and of values are whole blocks of the type
        void requireHeads(int numHeads) {
            if (keysAreValues() || !group.type.hasWholeHeads(keys.cols / numHeads, values.cols / numHeads)) {
                throw new IllegalArgumentException("a part of the KV cache can be kept only of heads that are whole "
                        + "blocks of its type " + group.type.label() + "; try bf16");
            }
        }

        /// Bytes of the layer's pages, which are neighbours.
        long sizeBytes() {
            return values.offset + values.sizeBytes() + group.boundBytes(keys.cols) - keys.offset;
        }

        /// An empty view of a sequence's keys and values.
        KeyValues newView() {
            KeyValues view = new KeyValues(keysAreValues() ? keys.type : group.type, BLOCK_TOKENS, keys.cols,
                    keys.offset, values.cols, values.offset);
            return keysAreValues() ? view : view.choose(group.choice, boundOffset);
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

        /// Copies a head of a position to another.
        ///
        /// @param block the address of the block of position `from`
        /// @param toBlock the address of that of position `to`
        /// @param turn of the head to the new position; null for none
        void move(long block, int from, long toBlock, int to, int head, int numHeads, RopeTable.Turn turn) {
            int size = cols / numHeads;
            long headBytes = type.rowBytes(size);
            long source = block + offset + from % BLOCK_TOKENS * rowBytes();
            long target = toBlock + offset + to % BLOCK_TOKENS * rowBytes() + head * headBytes;
            if (turn == null) {
                MemorySegment.copy(Memory.ALL, source + head * headBytes, Memory.ALL, target, headBytes);
                return;
            }
            float[] row = new float[size];
            type.load(source, head * size, size, row);
            turn.turn(row);
            try (Arena arena = Arena.ofConfined()) {
                long floats = arena.allocateFrom(ValueLayout.JAVA_FLOAT, row).address();
                type.store(floats, size, 1, target);
            }
        }
    }

    private final KeyValueType type;
    private final Span span;
    private final boolean ofSource;
    /// Null for full attention.
    private final PageChoice choice;
    /// Null where this rank has all blocks.
    private final CacheRanks ranks;
    private final List<Part> parts = new ArrayList<>();
    private final List<Page> pages = new ArrayList<>();
    private long blockBytes;

    /// @param type of all keys and values
    /// @param ofSource whether positions are those of the source of an encoder-decoder
    /// @param choice which pages single queries attend to; null for all
    /// @param ranks that have some blocks each; null where each has all
    BlockGroup(KeyValueType type, Span span, boolean ofSource, PageChoice choice, CacheRanks ranks) {
        this.ranks = ranks;
        this.type = type;
        this.choice = choice;
        this.span = span;
        this.ofSource = ofSource;
    }

    /// Adds a layer.
    Part addKeyValues(int keyCols, int valueCols) {
        Page keys = addPage(type.ofKeys(), keyCols);
        Page values = addPage(type.ofValues(), valueCols);
        parts.add(new Part(this, keys, values, blockBytes));
        blockBytes += boundBytes(keyCols);
        return parts.getLast();
    }

    /// Adds a layer whose rows are both keys and values.
    Part addRows(int cols) {
        Page page = addPage(type.ofKeys(), cols);
        return new Part(this, page, page, 0);
    }

    /// Bytes of the bounds of a layer's keys in a block.
    private long boundBytes(int keyCols) {
        return choice == null ? 0 : BLOCK_TOKENS / choice.pageTokens() * PageChoice.boundBytes(keyCols);
    }

    /// Computes the bounds of the pages with the positions `from` to `to` of a layer's keys, which are in one block.
    ///
    /// @param block the address of the block
    void bound(Part part, long block, int from, int to) {
        int tokens = choice.pageTokens();
        Page keys = part.keys;
        for (int at = from / tokens * tokens; at < to; at += tokens) {
            PageChoice.bound(keys.type, block + keys.offset + at * keys.rowBytes(), keys.cols,
                    Math.min(tokens, to - at), block + part.boundOffset
                    + at / tokens * PageChoice.boundBytes(keys.cols));
        }
    }

    /// Whether layers attend to chosen pages.
    boolean chooses() {
        return choice != null;
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

    /// Bytes of a block of a sequence: of those of other ranks nothing is kept.
    long blockBytes(int block) {
        return has(block) ? blockBytes : ABSENT_BYTES;
    }

    /// The most bytes of so many blocks in a row.
    long bytesOf(long blocks) {
        long own = ranks == null ? blocks : Math.ceilDiv(blocks, ranks.ranks().size());
        return own * blockBytes + (blocks - own) * ABSENT_BYTES;
    }

    /// Whether this rank has a block of a sequence.
    boolean has(int block) {
        return ranks == null || ranks.has(block);
    }

    /// The ranks that have some blocks each; null where each has all.
    CacheRanks ranks() {
        return ranks;
    }

    /// Copies the first `positions` positions of a block to another.
    void copy(Block from, Block to, int positions) {
        for (Page page : pages) {
            MemorySegment.copy(Memory.ALL, from.address() + page.offset, Memory.ALL,
                    to.address() + page.offset, positions * page.rowBytes());
        }
        for (Part part : parts) {
            MemorySegment.copy(Memory.ALL, from.address() + part.boundOffset, Memory.ALL,
                    to.address() + part.boundOffset, boundBytes(part.keys.cols));
        }
    }
}
