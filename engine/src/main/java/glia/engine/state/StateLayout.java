package glia.engine.state;

import glia.model.spec.CacheKind;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.List;

/// Where everything that a sequence of a model remembers lies: keys and values in blocks, one group of layers for each
/// span, and the numbers of all recurrences together in a block of their own.
final class StateLayout {
    private final KeyValueType type;
    private final List<BlockGroup> groups = new ArrayList<>();
    /// By slot; null where the slot is a recurrence.
    private final BlockGroup.Part[] parts;
    /// By slot, in bytes; of use where the slot is a recurrence.
    private final long[] stateOffsets;
    private final long stateBytes;

    /// @param type of keys and values
    StateLayout(List<CacheKind> slots, KeyValueType type) {
        this.type = type;
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
        groups.add(new BlockGroup(type, span, ofSource));
        return groups.getLast();
    }

    List<BlockGroup> groups() {
        return groups;
    }

    /// Whether an encoder's source is remembered.
    boolean hasSources() {
        return groups.stream().anyMatch(BlockGroup::ofSource);
    }

    /// Whether there is no way back to every earlier length, since something slides or is a recurrence.
    boolean forgets() {
        return isRecurrent() || groups.stream().anyMatch(BlockGroup::slides);
    }

    boolean isRecurrent() {
        return stateBytes > 0;
    }

    /// Where the chunk of a prompt that begins at `from` and may go to `to` ends, so that states of recurrences are
    /// there to be kept at the end of a block.
    int chunkEnd(int from, int to) {
        int boundary = to - to % BlockGroup.BLOCK_TOKENS;
        return isRecurrent() && boundary - from >= BlockGroup.BLOCK_TOKENS ? boundary : to;
    }

    /// The place of a slot's keys and values.
    BlockGroup.Part part(int slot) {
        return parts[slot];
    }

    /// The place of a group among all.
    int index(BlockGroup group) {
        return groups.indexOf(group);
    }

    /// Where the numbers of a slot begin among those of all recurrences, in bytes.
    long stateOffset(int slot) {
        return stateOffsets[slot];
    }

    /// The bytes of the numbers of all recurrences.
    long stateBytes() {
        return stateBytes;
    }
}
