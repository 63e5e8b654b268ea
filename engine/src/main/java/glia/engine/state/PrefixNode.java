package glia.engine.state;

import glia.model.block.Input;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/// A node of the prefix cache: up to 64 tokens after a prefix, with their blocks.
final class PrefixNode {
    /// Numbers of the contents of rows, such as pictures: negative, and never used again for another content.
    static final class Contents {
        private final Map<String, Integer> numbers;
        private int count;

        /// @param most contents that are known; those used long ago get a new number
        Contents(int most) {
            numbers = new LinkedHashMap<>(16, 0.75f, true) {
                @Override
                protected boolean removeEldestEntry(Map.Entry<String, Integer> eldest) {
                    return size() > most;
                }
            };
        }

        /// Tokens with the numbers of rows in their places.
        int[] keys(int[] tokens, List<Input.Embedded> embedded) {
            int[] keys = tokens.clone();
            for (Input.Embedded e : embedded) {
                Arrays.fill(keys, e.start(), e.end(), numbers.computeIfAbsent(e.rows().hash(), hash -> -++count));
            }
            return keys;
        }
    }

    /// Null for the root of a key's tree.
    final PrefixNode parent;
    final PrefixNode root;
    /// The cache key of the tree.
    final Object key;
    final int[] tokens;
    /// The number of blocks up to its end.
    final int depth;
    /// By their tokens, sorted, so that neighbours have the most in common.
    final NavigableMap<int[], PrefixNode> children;
    /// By group; null where the block had left the span.
    final Block[] blocks;
    /// The recurrent states after the last token; null if they were not kept.
    Block state;
    /// The last use of the node or of one that continued it; each use has another number.
    long lastUse;
    boolean isCached;

    PrefixNode(PrefixNode parent, int[] tokens, int numGroups) {
        this.parent = parent;
        this.root = parent.root;
        this.key = parent.key;
        this.tokens = tokens;
        this.depth = parent.depth + 1;
        this.children = new TreeMap<>(parent.children.comparator());
        this.blocks = new Block[numGroups];
    }

    /// The root of a key's tree.
    ///
    /// @param order of tokens, lexicographic
    PrefixNode(Object key, Comparator<? super int[]> order) {
        this.parent = null;
        this.root = this;
        this.key = key;
        this.tokens = new int[0];
        this.depth = 0;
        this.children = new TreeMap<>(order);
        this.blocks = new Block[0];
    }

    boolean isRoot() {
        return parent == null;
    }

    boolean isLeaf() {
        return children.isEmpty() && !isRoot();
    }

    /// Tokens up to its end.
    int length() {
        return parent == null ? 0 : parent.depth * BlockGroup.BLOCK_TOKENS + tokens.length;
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
