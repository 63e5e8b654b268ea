package glia.engine.state;

import glia.model.block.Input;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.IntFunction;
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
    /// Where prefixes are kept for the next start; null if they are not.
    private PromptStore prompts;

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

    /// Keeps prefixes on disk from now on, and uses those that are there.
    public void keepIn(PromptStore store) {
        prompts = store;
    }

    /// Whether prefixes are kept on disk.
    public boolean keepsPrompts() {
        return prompts != null;
    }

    /// Why prefixes could not be written to disk, if so.
    public Optional<String> trouble() {
        return prompts == null ? Optional.empty() : prompts.trouble();
    }

    /// Opens a sequence with the longest cached prefix of the tokens, at most all but the last, whose logits are
    /// needed. Its prefill chunks end where `insert` makes further prefixes usable: where texts have diverged before,
    /// or at the end of a block.
    public Sequence open(Object key, int[] tokens) {
        Sequence sequence = new Sequence(layout, pool);
        readFiles(key, tokens);
        PrefixNode deepest = deepest(key, tokens);
        PrefixNode.Match match = longest(deepest, tokens);
        sequence.setCached(layout.isLossy() ? deepest.length() : 0);
        if (match.length() > 0) {
            Block[][] windows = new Block[layout.groups().size()][];
            for (int group = 0; group < windows.length; group++) {
                windows[group] = match.window(layout, group);
            }
            touch(match.node());
            sequence.restore(match.length(), windows, match.node().state);
        }
        return sequence;
    }

    /// Reads from disk what is there of a text and not in memory.
    private void readFiles(Object key, int[] tokens) {
        PromptStore.Loaded loaded = prompts == null ? null
                : prompts.load(layout, pool, key, tokens, find(key, tokens) / BLOCK_TOKENS);
        if (loaded == null) {
            return;
        }
        PrefixNode node = root(key);
        for (int i = 0; i < loaded.count(); i++) {
            Block[] blocks = loaded.blocks()[i];
            node = insert(node, Arrays.copyOfRange(tokens, i * BLOCK_TOKENS, (i + 1) * BLOCK_TOKENS),
                    group -> blocks[group]);
            node.isSaved = true;
        }
        node.state = node.state == null ? hold(loaded.state()) : node.state;
        touch(node);
        loaded.release(pool);
    }

    private PrefixNode root(Object key) {
        return roots.computeIfAbsent(key, k -> {
            PrefixNode root = new PrefixNode(k, order);
            root.name = prompts == null ? null : prompts.root(k);
            return root;
        });
    }

    /// The tokens by which prefixes are found: in the places of rows a negative number of their content.
    public int[] keys(int[] tokens, List<Input.Embedded> embedded) {
        return embedded.isEmpty() ? tokens : contents.keys(tokens, embedded);
    }

    /// The length of the sequence that `open` gives.
    public int find(Object key, int[] tokens) {
        return longest(deepest(key, tokens), tokens).length();
    }

    /// Clears the cache if the weights were updated.
    private void followWeights() {
        long now = weights.getAsLong();
        if (now != version) {
            clear();
            prompts = null;
            version = now;
        }
    }

    /// The longest prefix from which a sequence can continue.
    ///
    /// @param deepest the last whole block
    private PrefixNode.Match longest(PrefixNode deepest, int[] tokens) {
        for (PrefixNode node = deepest; ; node = node.parent) {
            PrefixNode.Match match = node.longest(layout, tokens);
            if (match.length() > node.length() || node.isRoot() || match.canResume(layout)) {
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
        PrefixNode root = root(key);
        PrefixNode before = sequence.inserted();
        PrefixNode node = before != null && before.isCached && before.root == root ? before : root;
        for (int at = node.length(); at < length; at += BLOCK_TOKENS) {
            int depth = node.depth;
            node = insert(node, Arrays.copyOfRange(tokens, at, Math.min(length, at + BLOCK_TOKENS)),
                    group -> sequence.table(group).block(depth));
            if (at + BLOCK_TOKENS <= length) {
                sequence.inserted(node);
                save(node, sequence);
            }
        }
        if (node.state == null && node.length() == sequence.length() && layout.isRecurrent()) {
            node.state = hold(sequence.state());
            if (prompts != null && sequence.length() >= PromptStore.LEAST_TOKENS) {
                prompts.saveState(node);
            }
        }
        touch(node);
        while ((sizeBytes > limitBytes || numNodes > MAX_NODES) && !leaves.isEmpty()) {
            evict(leaves.firstEntry().getValue());
        }
    }

    private void save(PrefixNode node, Sequence sequence) {
        if (prompts != null && sequence.length() >= PromptStore.LEAST_TOKENS) {
            prompts.save(node);
        }
    }

    /// Finds or creates the node of a block and shares blocks with it.
    ///
    /// @param blocks by group; null where there is none
    private PrefixNode insert(PrefixNode parent, int[] block, IntFunction<Block> blocks) {
        PrefixNode node = parent.children.get(block);
        if (node == null) {
            PrefixNode longer = parent.longer(layout, block);
            if (longer != null) {
                return longer;
            }
            removeBeginnings(parent, block);
            leaves.remove(parent.lastUse);
            node = new PrefixNode(parent, block, layout.groups().size());
            node.isCached = true;
            node.name = prompts == null ? null : prompts.name(parent.name, block);
            parent.children.put(block, node);
            numNodes++;
            touch(node);
        }
        for (int group = 0; group < node.blocks.length; group++) {
            if (node.blocks[group] == null) {
                node.blocks[group] = hold(blocks.apply(group));
            }
        }
        return node;
    }

    /// Removes partial blocks that are a prefix of a new, longer one.
    private void removeBeginnings(PrefixNode parent, int[] block) {
        for (PrefixNode child : parent.beginnings(block)) {
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
