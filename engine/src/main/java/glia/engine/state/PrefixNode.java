package glia.engine.state;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// A node of the prefix cache: up to 64 tokens after a prefix, with their blocks. Equal by prefix and tokens.
final class PrefixNode {
    /// Null for the root of a key's tree.
    final PrefixNode parent;
    /// The cache key of the tree.
    final Object key;
    final int[] tokens;
    final int hash;
    /// The number of blocks up to its end.
    final int depth;
    final List<PrefixNode> children = new ArrayList<>();
    /// By group; null where the block had left the span.
    final Block[] blocks;
    /// The recurrent states after the last token; null if they were not kept.
    Block state;

    PrefixNode(PrefixNode parent, Object key, int[] tokens, int hash, int numGroups) {
        this.parent = parent;
        this.key = key;
        this.tokens = tokens;
        this.hash = hash;
        this.depth = parent == null ? 0 : parent.depth + 1;
        this.blocks = new Block[numGroups];
    }

    /// The root of a key's tree.
    static PrefixNode root(Object key) {
        return new PrefixNode(null, key, new int[0], key.hashCode(), 0);
    }

    boolean isRoot() {
        return parent == null;
    }

    /// Tokens up to its end.
    int length() {
        return parent == null ? 0 : parent.depth * BlockGroup.BLOCK_TOKENS + tokens.length;
    }

    @Override
    public int hashCode() {
        return hash;
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof PrefixNode other && parent == other.parent && Arrays.equals(tokens, other.tokens);
    }

    /// Whether it has the blocks of all groups.
    boolean isWhole() {
        for (Block block : blocks) {
            if (block == null) {
                return false;
            }
        }
        return true;
    }

    /// Whether evicting it frees memory.
    boolean isOnlyCached() {
        for (Block block : blocks) {
            if (block != null && block.isOnlyCached()) {
                return true;
            }
        }
        return state != null && state.isOnlyCached();
    }
}
