package glia.engine.state;

import glia.model.spec.CacheKind;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.PageChoice;
import glia.tensor.kernel.Span;
import glia.tensor.ops.CacheRanks;
import java.util.ArrayList;
import java.util.List;

/// The memory layout of a sequence's state: keys and values in blocks, one group of layers for each span, and all
/// recurrent states together in one block.
final class StateLayout {
    private final KeyValueType type;
    /// Null for full attention.
    private final PageChoice choice;
    private final CacheRanks ranks;
    private final List<BlockGroup> groups = new ArrayList<>();
    /// By slot; null where the slot is a recurrence.
    private final BlockGroup.Part[] parts;
    /// By slot, in bytes; of use where the slot is a recurrence.
    private final long[] stateOffsets;
    private final long stateBytes;

    /// @param type of keys and values
    StateLayout(List<CacheKind> slots, KeyValueType type) {
        this(slots, type, null, null);
    }

    /// @param type of keys and values
    /// @param choice which pages single queries attend to; null for all
    /// @param ranks that have some blocks of causal layers each; null for none
    /// @throws IllegalArgumentException if a block does not hold whole pages
    StateLayout(List<CacheKind> slots, KeyValueType type, PageChoice choice, CacheRanks ranks) {
        if (choice != null && BlockGroup.BLOCK_TOKENS % choice.pageTokens() != 0) {
            throw new IllegalArgumentException("found pages of " + choice.pageTokens() + " positions, expected 1, 2, 4 "
                    + "and so on to " + BlockGroup.BLOCK_TOKENS);
        }
        this.type = type;
        this.ranks = ranks;
        this.choice = choice;
        parts = new BlockGroup.Part[slots.size()];
        stateOffsets = new long[parts.length];
        long bytes = 0;
        for (int i = 0; i < parts.length; i++) {
            switch (slots.get(i)) {
                case CacheKind.KeyValues kv ->
                        parts[i] = group(kv.span(), false).addKeyValues(kv.keySize(), kv.valueSize());
                case CacheKind.Rows rows -> parts[i] = group(rows.span(), false).addRows(rows.size());
                case CacheKind.Source source -> parts[i] = group(new Span.Bidirectional(), true)
                        .addKeyValues(source.keySize(), source.valueSize());
                case CacheKind.Recurrence r -> {
                    stateOffsets[i] = bytes;
                    bytes += (long) r.size() * Float.BYTES;
                }
            }
        }
        stateBytes = bytes;
    }

    private BlockGroup group(Span span, boolean ofSource) {
        for (BlockGroup group : groups) {
            if (group.span().equals(span) && group.ofSource() == ofSource) {
                return group;
            }
        }
        groups.add(new BlockGroup(type, span, ofSource, span instanceof Span.Causal ? choice : null,
                !ofSource && CacheRanks.divides(span) ? ranks : null));
        return groups.getLast();
    }

    List<BlockGroup> groups() {
        return groups;
    }

    /// Whether keys and values of an encoder's source are kept.
    boolean hasSources() {
        return groups.stream().anyMatch(BlockGroup::ofSource);
    }

    /// Whether a sequence cannot be truncated to every length: with sliding windows or recurrent states.
    boolean isLossy() {
        return isRecurrent() || groups.stream().anyMatch(BlockGroup::slides);
    }

    /// @throws IllegalArgumentException if a layer is recurrent, has a window or a source
    void requireFullAttention() {
        if (groups.size() != 1 || isLossy() || hasSources()) {
            throw new IllegalArgumentException("a part of the KV cache can be kept only where all layers have full "
                    + "attention");
        }
    }

    boolean isRecurrent() {
        return stateBytes > 0;
    }

    /// The end of a prefill chunk that begins at `from` and may go to `to`: with recurrent states the end of a block,
    /// where they can be kept.
    int chunkEnd(int from, int to) {
        int boundary = to - to % BlockGroup.BLOCK_TOKENS;
        return isRecurrent() && boundary - from >= BlockGroup.BLOCK_TOKENS ? boundary : to;
    }

    /// The pages of a slot's keys and values.
    BlockGroup.Part part(int slot) {
        return parts[slot];
    }

    /// The number of slots.
    int numParts() {
        return parts.length;
    }

    /// The index of a group.
    int index(BlockGroup group) {
        return groups.indexOf(group);
    }

    /// The offset of a slot in the recurrent states, in bytes.
    long stateOffset(int slot) {
        return stateOffsets[slot];
    }

    /// The size of the recurrent states in bytes.
    long stateBytes() {
        return stateBytes;
    }
}
