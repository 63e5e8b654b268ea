package glia.engine.state;

import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/// What sequences have computed, found again by content: the longest cached prefix of a text is shared with the next
/// sequence that begins so. Texts form a tree of blocks of 64 tokens, found by a hash of the whole prefix and compared
/// token by token (https://arxiv.org/abs/2309.06180). A prefix may also end within a block; whoever goes on from there
/// copies it. Where windows slide or a recurrence folds tokens into a state, a prefix can be used only up to lengths at
/// which `insert` was called, or near them; `Sequence.chunkEnd` says which are of use.
///
/// The cache gives up the blocks that were used the longest ago when it passes its limit, or when a sequence needs
/// memory. Belongs to the engine's thread.
///
/// What was computed with weights that were updated since is not found, nor put into the cache.
///
/// Keys keep apart what the same tokens do not make the same: other weights, adapters, or users who must not learn of
/// one another. With an encoder nothing is cached, since everything depends on its source.
public final class PrefixCache implements AutoCloseable {
    private static final int BLOCK_TOKENS = BlockGroup.BLOCK_TOKENS;

    /// Of 6.4 million tokens, which take about 50 MB of heap. Where everything slides, most hold no block.
    private static final int MOST_NODES = 100_000;

    /// The hash of a prefix that is longer by a block.
    interface BlockHash {
        int of(int prefixHash, int[] block);
    }

    /// A prefix that a sequence can begin with: `length` tokens, which end in `node`.
    private record Match(PrefixNode node, int length) { }

    private final StateLayout layout;
    private final BlockPool pool;
    private final BlockHash hash;
    private final long limitBytes;
    private final Map<Object, PrefixNode> roots = new HashMap<>();
    /// All nodes but roots, those used the longest ago first; children before their parents.
    private final Map<PrefixNode, PrefixNode> nodes = new LinkedHashMap<>(16, 0.75f, true);
    private final BlockPool.Reclaimer reclaimer = this::reclaim;
    private final LongSupplier weights;
    /// Of the weights, when what is cached was computed.
    private long version;
    private long sizeBytes;

    PrefixCache(StateLayout layout, BlockPool pool, long limitBytes, LongSupplier weights) {
        this(layout, pool, limitBytes, weights, (prefixHash, block) -> 31 * prefixHash + Arrays.hashCode(block));
    }

    PrefixCache(StateLayout layout, BlockPool pool, long limitBytes, LongSupplier weights, BlockHash hash) {
        this.weights = weights;
        version = weights.getAsLong();
        this.layout = layout;
        this.pool = pool;
        this.limitBytes = limitBytes;
        this.hash = hash;
        pool.add(reclaimer);
    }

    /// A sequence that holds the longest cached prefix of the tokens, but never all of them, since the logits of the
    /// last are needed: its length says how many. Its chunks end where `insert` makes prefixes of use that could not be
    /// used: where texts have parted before, or at the end of a block.
    public Sequence open(Object key, int[] tokens) {
        Sequence sequence = new Sequence(layout, pool);
        PrefixNode deepest = deepest(key, tokens);
        Match match = longest(deepest, tokens);
        sequence.willBeCached(layout.forgets() ? deepest.length() : 0);
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

    /// The length of the sequence that `open` gives.
    public int find(Object key, int[] tokens) {
        return longest(deepest(key, tokens), tokens).length;
    }

    /// Forgets what was computed with weights that were updated since.
    private void followWeights() {
        long now = weights.getAsLong();
        if (now != version) {
            clear();
            version = now;
        }
    }

    /// The longest prefix from which a sequence can go on.
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

    /// The last whole block of which all tokens, and all before, are in the cache; a root if there is none.
    private PrefixNode deepest(Object key, int[] tokens) {
        followWeights();
        PrefixNode node = roots.get(key);
        if (node == null || tokens.length == 0) {
            return PrefixNode.root(key);
        }
        for (int at = 0; at + BLOCK_TOKENS < tokens.length; at += BLOCK_TOKENS) {
            PrefixNode child = nodes.get(newNode(node, Arrays.copyOfRange(tokens, at, at + BLOCK_TOKENS)));
            if (child == null) {
                break;
            }
            node = child;
        }
        touch(node);
        return node;
    }

    private PrefixNode newNode(PrefixNode parent, int[] block) {
        return new PrefixNode(parent, parent.key, block, hash.of(parent.hash, block), layout.groups().size());
    }

    /// The child of which most of the first tokens can be used; the node itself if there is none.
    private Match longestPart(PrefixNode node, int[] tokens) {
        Match longest = new Match(node, node.length());
        for (PrefixNode child : node.children) {
            int from = node.length();
            int to = Math.min(tokens.length - 1, from + child.tokens.length);
            int different = Arrays.mismatch(tokens, from, to, child.tokens, 0, to - from);
            Match match = new Match(child, different < 0 ? to : from + different);
            if (match.length > longest.length && canResume(match)) {
                longest = match;
            }
        }
        return longest;
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
        for (PrefixNode node = end; !node.isRoot(); node = node.parent) {
            nodes.get(node);
        }
    }

    /// Remembers the whole blocks of a sequence, and if it ends with one the states of its recurrences. The sequence
    /// goes on as before.
    ///
    /// @param tokens those of the sequence, and any number more
    public void insert(Object key, Sequence sequence, int[] tokens) {
        insert(key, sequence, tokens, sequence.length() - sequence.length() % BLOCK_TOKENS);
    }

    /// Remembers all that a sequence remembers, and closes it.
    ///
    /// @param tokens those of the sequence, and any number more
    public void insertAndClose(Object key, Sequence sequence, int[] tokens) {
        insert(key, sequence, tokens, sequence.length());
        sequence.close();
    }

    private void insert(Object key, Sequence sequence, int[] tokens, int length) {
        if (!sequence.isIn(pool) || sequence.length() > tokens.length) {
            throw new IllegalArgumentException("a sequence of " + sequence.length() + " tokens, " + tokens.length
                    + " of which are told" + (sequence.isIn(pool) ? "" : ", opened by another engine"));
        }
        followWeights();
        if (layout.hasSources() || length == 0 || !sequence.isCurrent()) {
            return;
        }
        PrefixNode node = roots.computeIfAbsent(key, k -> PrefixNode.root(k));
        for (int at = 0; at < length; at += BLOCK_TOKENS) {
            node = insert(node, Arrays.copyOfRange(tokens, at, Math.min(length, at + BLOCK_TOKENS)), sequence);
        }
        if (node.state == null && node.length() == sequence.length() && layout.isRecurrent()) {
            node.state = hold(sequence.state());
        }
        touch(node);
        while ((sizeBytes > limitBytes || nodes.size() > MOST_NODES) && !nodes.isEmpty()) {
            evict(nodes.keySet().iterator().next());
        }
    }

    /// The node of a block, which shares now what the sequence has of it.
    private PrefixNode insert(PrefixNode parent, int[] block, Sequence sequence) {
        PrefixNode made = newNode(parent, block);
        PrefixNode node = nodes.get(made);
        if (node == null) {
            node = made;
            removeBeginnings(parent, block);
            nodes.put(node, node);
            parent.children.add(node);
        }
        for (int group = 0; group < node.blocks.length; group++) {
            if (node.blocks[group] == null) {
                node.blocks[group] = hold(sequence.table(group).block(parent.depth));
            }
        }
        return node;
    }

    /// Forgets partial blocks of which a longer one is coming, which serves as well.
    private void removeBeginnings(PrefixNode parent, int[] block) {
        for (int i = parent.children.size() - 1; i >= 0; i--) {
            PrefixNode child = parent.children.get(i);
            int size = child.tokens.length;
            if (size < block.length && child.state == null && Arrays.equals(child.tokens, 0, size, block, 0, size)) {
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

    /// Gives up a node without children.
    private void evict(PrefixNode node) {
        remove(node);
        if (node.parent.isRoot() && node.parent.children.isEmpty()) {
            roots.remove(node.key);
        }
    }

    private void remove(PrefixNode node) {
        nodes.remove(node);
        node.parent.children.remove(node);
        for (Block block : node.blocks) {
            drop(block);
        }
        drop(node.state);
    }

    /// Gives up the node that was used the longest ago, if possible one whose memory nobody else uses.
    private boolean reclaim() {
        PrefixNode oldest = null;
        for (PrefixNode node : nodes.keySet()) {
            if (node.children.isEmpty()) {
                oldest = oldest == null ? node : oldest;
                if (node.isOnlyCached()) {
                    oldest = node;
                    break;
                }
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

    /// Forgets everything. What sequences have computed until now is not cached any more.
    public void clear() {
        pool.nextEpoch();
        while (!nodes.isEmpty()) {
            evict(nodes.keySet().iterator().next());
        }
    }

    @Override
    public void close() {
        clear();
        pool.remove(reclaimer);
    }
}
