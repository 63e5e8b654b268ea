package glia.engine.grammar;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/// The tokens of a vocabulary as a trie over their bytes, its nodes in depth-first order. Node 0 is the root.
final class VocabularyTrie {
    private static final int NO_TOKEN = -1;

    private final byte[] values;
    private final int[] ends;
    private final int[] tokens;
    private final int[] depths;
    /// The next token with the same bytes, by token.
    private final int[] twins;
    private final int size;
    private final int maxDepth;

    /// @param bytes the bytes of each token; null or empty for tokens without text
    VocabularyTrie(List<byte[]> bytes) {
        Integer[] sorted = new Integer[bytes.size()];
        int n = 0;
        int total = 1;
        for (int id = 0; id < bytes.size(); id++) {
            byte[] text = bytes.get(id);
            if (text != null && text.length > 0) {
                sorted[n++] = id;
                total += text.length;
            }
        }
        Arrays.sort(sorted, 0, n, Comparator.comparing(bytes::get, Arrays::compareUnsigned));
        byte[] all = new byte[total];
        int[] token = new int[total];
        int[] depth = new int[total];
        int[] end = new int[total];
        Arrays.fill(token, NO_TOKEN);
        twins = new int[bytes.size()];
        Arrays.fill(twins, NO_TOKEN);
        int[] path = new int[1];
        int open = 0;
        int nodes = 1;
        int deepest = 0;
        byte[] before = {};
        for (int i = 0; i < n; i++) {
            byte[] text = bytes.get(sorted[i]);
            int mismatch = Arrays.mismatch(before, text);
            int common = mismatch < 0 ? text.length : mismatch;
            for (; open > common; open--) {
                end[path[open]] = nodes;
            }
            if (text.length >= path.length) {
                path = Arrays.copyOf(path, 2 * text.length + 1);
            }
            for (; open < text.length; open++) {
                all[nodes] = text[open];
                depth[nodes] = open + 1;
                path[open + 1] = nodes++;
            }
            int node = path[text.length];
            twins[sorted[i]] = token[node];
            token[node] = sorted[i];
            deepest = Math.max(deepest, text.length);
            before = text;
        }
        for (; open >= 0; open--) {
            end[path[open]] = nodes;
        }
        size = nodes;
        maxDepth = deepest;
        values = Arrays.copyOf(all, nodes);
        tokens = Arrays.copyOf(token, nodes);
        depths = Arrays.copyOf(depth, nodes);
        ends = Arrays.copyOf(end, nodes);
    }

    /// The byte that leads to a node.
    int value(int node) {
        return values[node] & 0xFF;
    }

    /// The first node after a node's descendants.
    int end(int node) {
        return ends[node];
    }

    boolean hasChildren(int node) {
        return ends[node] > node + 1;
    }

    /// A token of the bytes up to a node; -1 for none. [#twin] has further ones.
    int token(int node) {
        return tokens[node];
    }

    /// Another token with the same bytes; -1 for none.
    int twin(int token) {
        return twins[token];
    }

    /// The number of bytes up to a node.
    int depth(int node) {
        return depths[node];
    }

    /// The number of nodes.
    int size() {
        return size;
    }

    /// The most bytes of a token.
    int maxDepth() {
        return maxDepth;
    }

    /// The child of the root by a byte; -1 for none.
    int child(int value) {
        for (int node = 1; node < size; node = ends[node]) {
            if (value(node) == value) {
                return node;
            }
        }
        return -1;
    }
}
