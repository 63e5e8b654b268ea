package glia.engine.state;

import glia.model.block.Input;
import java.util.ArrayList;
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

    /// The most children that are tried which have equally much in common with a text and lack blocks.
    private static final int MOST_TRIES = 16;

    /// A prefix that a sequence can begin with: `length` tokens, which end in `node`.
    record Match(PrefixNode node, int length) {
        boolean canResume(StateLayout layout) {
            if (layout.isRecurrent() && (node.state == null || length != node.length())) {
                return false;
            }
            for (int group = 0; group < layout.groups().size(); group++) {
                PrefixNode at = node;
                for (int i = layout.groups().get(group).neededBlocks(length); i > 0; i--) {
                    if (at.blocks[group] == null) {
                        return false;
                    }
                    at = at.parent;
                }
            }
            return true;
        }

        Block[] window(StateLayout layout, int group) {
            Block[] window = new Block[layout.groups().get(group).neededBlocks(length)];
            PrefixNode at = node;
            for (int i = window.length - 1; i >= 0; i--) {
                window[i] = at.blocks[group];
                at = at.parent;
            }
            return window;
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
    /// Of its files; null if it has none.
    String name;
    /// Whether its blocks are in a file.
    boolean isSaved;

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

    /// The child with the longest usable common prefix; the node itself if there is none.
    Match longest(StateLayout layout, int[] text) {
        int from = length();
        int[] rest = Arrays.copyOfRange(text, from,
                Math.clamp(text.length - 1, from, from + BlockGroup.BLOCK_TOKENS));
        Match longest = new Match(this, from);
        if (layout.isRecurrent()) {
            for (PrefixNode child : beginnings(rest)) {
                Match match = new Match(child, child.length());
                if (match.canResume(layout)) {
                    return match;
                }
            }
            return longest;
        }
        longest = longest(layout, children.headMap(rest, true).descendingMap(), rest, longest);
        return longest(layout, children.tailMap(rest, false), rest, longest);
    }

    /// @param nearest children that have less and less in common with the tokens
    private static Match longest(StateLayout layout, NavigableMap<int[], PrefixNode> nearest, int[] rest,
            Match least) {
        int numTries = 0;
        for (PrefixNode child : nearest.values()) {
            Match match = new Match(child, child.parent.length() + common(child.tokens, rest));
            if (match.length <= least.length || numTries++ == MOST_TRIES) {
                break;
            }
            if (match.canResume(layout)) {
                return match;
            }
        }
        return least;
    }

    /// A child that a partial block is a prefix of, such as the whole answer to a request of which another one was
    /// cancelled; null if there is none. With recurrent states each length is a node of its own.
    PrefixNode longer(StateLayout layout, int[] block) {
        if (block.length == BlockGroup.BLOCK_TOKENS || layout.isRecurrent()) {
            return null;
        }
        int numTries = 0;
        for (PrefixNode child : children.tailMap(block, false).values()) {
            if (common(child.tokens, block) < block.length || numTries++ == MOST_TRIES) {
                break;
            }
            if (child.isWhole()) {
                return child;
            }
        }
        return null;
    }

    /// The children whose tokens are the first of a text, the longest first.
    List<PrefixNode> beginnings(int[] text) {
        List<PrefixNode> found = new ArrayList<>();
        var next = children.floorEntry(text);
        while (next != null) {
            int[] first = next.getKey();
            int common = common(first, text);
            if (common == first.length) {
                found.add(next.getValue());
                next = children.lowerEntry(first);
            } else {
                next = children.floorEntry(Arrays.copyOf(text, common));
            }
        }
        return found;
    }

    /// The number of tokens with which both begin.
    private static int common(int[] a, int[] b) {
        int different = Arrays.mismatch(a, b);
        return different < 0 ? a.length : different;
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
