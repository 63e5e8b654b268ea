package glia.engine.state;

import glia.model.block.Input;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.LongSupplier;

/// A prefix cache: a new sequence shares the blocks of the longest cached prefix of its tokens. Prefixes form a tree of
/// blocks of 64 tokens, sorted by their tokens ([RadixAttention](https://arxiv.org/abs/2312.07104)). A prefix may also
/// end within a block, which is then copied on write. With sliding windows and recurrent states a prefix can be used
/// only at or near lengths at which `insert` was called; `Sequence.chunkEnd` chooses useful ones.
///
/// The least recently used blocks are evicted when the cache passes its limit or a sequence needs memory. For the
/// engine's thread.
///
/// Tokens computed with weights that were updated since are neither found nor inserted.
///
/// Keys separate prefixes with other weights or adapters, and users who must not learn of one another. Encoder-decoders
/// are not cached, since their states depend on the source.
public final class PrefixCache implements AutoCloseable {
    private static final int BLOCK_TOKENS = BlockGroup.BLOCK_TOKENS;

    /// Nodes of 6.4 million tokens, which take about 50 MB of heap. With sliding windows most hold no block.
    private static final int MAX_NODES = 100_000;

    /// The most children that are tried which have equally much in common with a text and lack blocks.
    private static final int MOST_TRIES = 16;

    /// A prefix that a sequence can begin with: `length` tokens, which end in `node`.
    private record Match(PrefixNode node, int length) { }

    private final StateLayout layout;
    private final BlockPool pool;
    private final Comparator<int[]> order;
    private final long limitBytes;
    private final Map<Object, PrefixNode> roots = new HashMap<>();
    /// Nodes without children by their last use.
    private final NavigableMap<Long, PrefixNode> leaves = new TreeMap<>();
    private int numNodes;
    private long numUses;
    private final BlockPool.Reclaimer reclaimer = this::reclaim;
    private final LongSupplier weights;
    /// The version of the weights with which the cached tokens were computed.
    private long version;
    private long sizeBytes;
    private final PrefixNode.Contents contents = new PrefixNode.Contents(MAX_NODES);

    PrefixCache(StateLayout layout, BlockPool pool, long limitBytes, LongSupplier weights) {
        this(layout, pool, limitBytes, weights, Arrays::compare);
    }

    /// @param order of tokens, lexicographic
    PrefixCache(StateLayout layout, BlockPool pool, long limitBytes, LongSupplier weights, Comparator<int[]> order) {
        this.weights = weights;
        version = weights.getAsLong();
        this.layout = layout;
        this.pool = pool;
        this.limitBytes = limitBytes;
        this.order = order;
        pool.add(reclaimer);
    }

    /// Opens a sequence with the longest cached prefix of the tokens, at most all but the last, whose logits are
    /// needed. Its prefill chunks end where `insert` makes further prefixes usable: where texts have diverged before,
    /// or at the end of a block.
    public Sequence open(Object key, int[] tokens) {
        Sequence sequence = new Sequence(layout, pool);
        PrefixNode deepest = deepest(key, tokens);
        Match match = longest(deepest, tokens);
        sequence.setCached(layout.isLossy() ? deepest.length() : 0);
        if (match.length > 0) {
            Block[][] windows = new Block[layout.groups().size()][];
            for (int group = 0; group < windows.length; group++) {
                windows[group] = window(match, group);
            }
            touch(match.node);
            sequence.restore(match.length, windows, match.node.state);
        }
        return sequence;
    }

    /// The tokens by which prefixes are found: in the places of rows a negative number of their content.
    public int[] keys(int[] tokens, List<Input.Embedded> embedded) {
        return embedded.isEmpty() ? tokens : contents.keys(tokens, embedded);
    }

    /// The length of the sequence that `open` gives.
    public int find(Object key, int[] tokens) {
        return longest(deepest(key, tokens), tokens).length;
    }

    /// Clears the cache if the weights were updated.
    private void followWeights() {
        long now = weights.getAsLong();
        if (now != version) {
            clear();
            version = now;
        }
    }

    /// The longest prefix from which a sequence can continue.
    ///
    /// @param deepest the last whole block
    private Match longest(PrefixNode deepest, int[] tokens) {
        for (PrefixNode node = deepest; ; node = node.parent) {
            Match match = longestPart(node, tokens);
            if (match.length > node.length() || node.isRoot() || canResume(match)) {
                return match;
            }
        }
    }

    /// The last whole block that is in the cache with all blocks before it; a root if there is none.
    private PrefixNode deepest(Object key, int[] tokens) {
        followWeights();
        PrefixNode node = roots.get(key);
        if (node == null || tokens.length == 0) {
            return new PrefixNode(key, order);
        }
        for (int at = 0; at + BLOCK_TOKENS < tokens.length; at += BLOCK_TOKENS) {
            PrefixNode child = node.children.get(Arrays.copyOfRange(tokens, at, at + BLOCK_TOKENS));
            if (child == null) {
                break;
            }
            node = child;
        }
        touch(node);
        return node;
    }

    /// The child with the longest usable common prefix; the node itself if there is none.
    private Match longestPart(PrefixNode node, int[] tokens) {
        int from = node.length();
        int[] rest = Arrays.copyOfRange(tokens, from, Math.clamp(tokens.length - 1, from, from + BLOCK_TOKENS));
        Match longest = new Match(node, from);
        if (layout.isRecurrent()) {
            for (PrefixNode child : beginnings(node, rest)) {
                Match match = new Match(child, child.length());
                if (canResume(match)) {
                    return match;
                }
            }
            return longest;
        }
        longest = longest(node.children.headMap(rest, true).descendingMap(), rest, longest);
        return longest(node.children.tailMap(rest, false), rest, longest);
    }

    /// @param nearest children that have less and less in common with the tokens
    private Match longest(NavigableMap<int[], PrefixNode> nearest, int[] rest, Match least) {
        int numTries = 0;
        for (PrefixNode child : nearest.values()) {
            Match match = new Match(child, child.parent.length() + common(child.tokens, rest));
            if (match.length <= least.length || numTries++ == MOST_TRIES) {
                break;
            }
            if (canResume(match)) {
                return match;
            }
        }
        return least;
    }

    private static int common(int[] a, int[] b) {
        int different = Arrays.mismatch(a, b);
        return different < 0 ? a.length : different;
    }

    /// The children whose tokens are the first of a text, the longest first.
    private static List<PrefixNode> beginnings(PrefixNode parent, int[] text) {
        List<PrefixNode> found = new ArrayList<>();
        var next = parent.children.floorEntry(text);
        while (next != null) {
            int[] tokens = next.getKey();
            int common = common(tokens, text);
            if (common == tokens.length) {
                found.add(next.getValue());
                next = parent.children.lowerEntry(tokens);
            } else {
                next = parent.children.floorEntry(Arrays.copyOf(text, common));
            }
        }
        return found;
    }

    private boolean canResume(Match match) {
        if (layout.isRecurrent() && (match.node.state == null || match.length != match.node.length())) {
            return false;
        }
        for (int group = 0; group < layout.groups().size(); group++) {
            PrefixNode node = match.node;
            for (int i = layout.groups().get(group).neededBlocks(match.length); i > 0; i--) {
                if (node.blocks[group] == null) {
                    return false;
                }
                node = node.parent;
            }
        }
        return true;
    }

    private Block[] window(Match match, int group) {
        Block[] window = new Block[layout.groups().get(group).neededBlocks(match.length)];
        PrefixNode node = match.node;
        for (int i = window.length - 1; i >= 0; i--) {
            window[i] = node.blocks[group];
            node = node.parent;
        }
        return window;
    }

    /// Marks a prefix as just used.
    private void touch(PrefixNode end) {
        if (!end.isRoot()) {
            leaves.remove(end.lastUse);
            end.lastUse = ++numUses;
            list(end);
        }
    }

    private void list(PrefixNode node) {
        if (node.isLeaf()) {
            leaves.put(node.lastUse, node);
        }
    }

    /// Inserts the whole blocks of a sequence, and its recurrent state if its length is a multiple of 64. The sequence
    /// is not changed. Blocks that an earlier call inserted cost nothing.
    ///
    /// @param tokens the sequence's tokens, possibly more
    public void insert(Object key, Sequence sequence, int[] tokens) {
        insert(key, sequence, tokens, sequence.length() - sequence.length() % BLOCK_TOKENS);
    }

    /// Inserts all tokens of a sequence and closes it.
    ///
    /// @param tokens the sequence's tokens, possibly more
    public void insertAndClose(Object key, Sequence sequence, int[] tokens) {
        insert(key, sequence, tokens, sequence.length());
        sequence.close();
    }

    private void insert(Object key, Sequence sequence, int[] tokens, int length) {
        if (!sequence.isIn(pool) || sequence.length() > tokens.length) {
            throw new IllegalArgumentException("a sequence of " + sequence.length() + " tokens is inserted with "
                    + tokens.length + " token ids" + (sequence.isIn(pool) ? "" : ", opened by another engine"));
        }
        followWeights();
        if (layout.hasSources() || length == 0 || !sequence.isCurrent()) {
            return;
        }
        PrefixNode root = roots.computeIfAbsent(key, k -> new PrefixNode(k, order));
        PrefixNode before = sequence.inserted();
        PrefixNode node = before != null && before.isCached && before.root == root ? before : root;
        for (int at = node.length(); at < length; at += BLOCK_TOKENS) {
            node = insert(node, Arrays.copyOfRange(tokens, at, Math.min(length, at + BLOCK_TOKENS)), sequence);
            if (at + BLOCK_TOKENS <= length) {
                sequence.inserted(node);
            }
        }
        if (node.state == null && node.length() == sequence.length() && layout.isRecurrent()) {
            node.state = hold(sequence.state());
        }
        touch(node);
        while ((sizeBytes > limitBytes || numNodes > MAX_NODES) && !leaves.isEmpty()) {
            evict(leaves.firstEntry().getValue());
        }
    }

    /// Finds or creates the node of a block and shares the sequence's blocks with it.
    private PrefixNode insert(PrefixNode parent, int[] block, Sequence sequence) {
        PrefixNode node = parent.children.get(block);
        if (node == null) {
            PrefixNode longer = longer(parent, block);
            if (longer != null) {
                return longer;
            }
            removeBeginnings(parent, block);
            leaves.remove(parent.lastUse);
            node = new PrefixNode(parent, block, layout.groups().size());
            node.isCached = true;
            parent.children.put(block, node);
            numNodes++;
            touch(node);
        }
        for (int group = 0; group < node.blocks.length; group++) {
            if (node.blocks[group] == null) {
                node.blocks[group] = hold(sequence.table(group).block(parent.depth));
            }
        }
        return node;
    }

    /// A child that a partial block is a prefix of, such as the whole answer to a request of which another one was
    /// cancelled; null if there is none. With recurrent states each length is a node of its own.
    private PrefixNode longer(PrefixNode parent, int[] block) {
        if (block.length == BLOCK_TOKENS || layout.isRecurrent()) {
            return null;
        }
        int numTries = 0;
        for (PrefixNode child : parent.children.tailMap(block, false).values()) {
            if (common(child.tokens, block) < block.length || numTries++ == MOST_TRIES) {
                break;
            }
            if (child.isWhole()) {
                return child;
            }
        }
        return null;
    }

    /// Removes partial blocks that are a prefix of a new, longer one.
    private void removeBeginnings(PrefixNode parent, int[] block) {
        for (PrefixNode child : beginnings(parent, block)) {
            if (child.state == null) {
                remove(child);
            }
        }
    }

    private Block hold(Block block) {
        if (block != null) {
            pool.cache(block);
            sizeBytes += block.bytes;
        }
        return block;
    }

    private void drop(Block block) {
        if (block != null) {
            pool.uncache(block);
            sizeBytes -= block.bytes;
        }
    }

    /// Evicts a node without children.
    private void evict(PrefixNode node) {
        remove(node);
        if (node.parent.isRoot() && node.parent.children.isEmpty()) {
            roots.remove(node.key);
        }
    }

    private void remove(PrefixNode node) {
        leaves.remove(node.lastUse);
        node.isCached = false;
        numNodes--;
        PrefixNode parent = node.parent;
        parent.children.remove(node.tokens);
        parent.lastUse = Math.max(parent.lastUse, node.lastUse);
        list(parent);
        for (Block block : node.blocks) {
            drop(block);
        }
        drop(node.state);
    }

    /// Evicts the least recently used node, preferably one whose blocks no sequence uses.
    private boolean reclaim() {
        PrefixNode oldest = null;
        for (PrefixNode node : leaves.values()) {
            oldest = oldest == null ? node : oldest;
            if (node.isOnlyCached()) {
                oldest = node;
                break;
            }
        }
        if (oldest == null) {
            return false;
        }
        evict(oldest);
        return true;
    }

    /// Bytes of the blocks that the cache refers to, whether sequences share them or not.
    public long sizeBytes() {
        return sizeBytes;
    }

    /// Clears the cache. Tokens that sequences have computed until now are not inserted any more.
    public void clear() {
        pool.nextEpoch();
        while (!leaves.isEmpty()) {
            evict(leaves.firstEntry().getValue());
        }
    }

    @Override
    public void close() {
        clear();
        pool.remove(reclaimer);
    }
}
