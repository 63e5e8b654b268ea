package glia.engine.grammar;

import glia.engine.grammar.parser.Accepted;
import glia.engine.grammar.regex.CharacterEncoder;
import glia.engine.grammar.regex.Regex;
import glia.engine.grammar.regex.RegexPool;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/// The tokens of a vocabulary within a JSON string without other constraints than its length, computed once for each
/// vocabulary: most masks of most texts are those of strings.
final class StringTokens {
    private final VocabularyTrie trie;
    private final int numWords;
    private final long[] words;
    /// The tokens within a string and their characters, begun ones included; those of most characters first.
    private final int[] tokens;
    private final int[] lengths;
    /// The nodes after a closing quote and the characters before it.
    private final int[] nodes;
    private final int[] nodeLengths;
    /// Nodes after a closing quote at which a token ends.
    private final int[] lastNodes;
    private final int[] lastLengths;

    StringTokens(VocabularyTrie trie, int numWords) {
        this.trie = trie;
        this.numWords = numWords;
        RegexPool pool = new RegexPool();
        Regex begin = pool.concat(pool.star(new CharacterEncoder(pool, true).any()), pool.literal("\""));
        Regex[] states = new Regex[trie.maxDepth() + 1];
        int[] counts = new int[trie.maxDepth() + 1];
        states[0] = begin;
        TokenTable.IntList inside = new TokenTable.IntList();
        TokenTable.IntList insideLengths = new TokenTable.IntList();
        TokenTable.IntList after = new TokenTable.IntList();
        TokenTable.IntList afterLengths = new TokenTable.IntList();
        TokenTable.IntList last = new TokenTable.IntList();
        TokenTable.IntList lastCounts = new TokenTable.IntList();
        for (int node = 1; node < trie.size();) {
            int depth = trie.depth(node);
            Regex before = states[depth - 1];
            Regex state = pool.derivative(before, trie.value(node));
            if (state.isEmpty()) {
                node = trie.end(node);
                continue;
            }
            boolean isEnd = state.isEpsilon();
            counts[depth] = counts[depth - 1] + (before == begin && !isEnd ? 1 : 0);
            states[depth] = state;
            if (isEnd) {
                if (trie.hasChildren(node)) {
                    after.add(node);
                    afterLengths.add(counts[depth]);
                }
                if (trie.token(node) >= 0) {
                    last.add(node);
                    lastCounts.add(counts[depth]);
                }
                node = trie.end(node);
                continue;
            }
            for (int token = trie.token(node); token >= 0; token = trie.twin(token)) {
                inside.add(token);
                insideLengths.add(counts[depth]);
            }
            node++;
        }
        int[] found = inside.toArray();
        int[] foundLengths = insideLengths.toArray();
        Integer[] order = new Integer[found.length];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, Comparator.comparing(i -> -foundLengths[i]));
        tokens = new int[found.length];
        lengths = new int[found.length];
        words = new long[numWords];
        for (int i = 0; i < found.length; i++) {
            tokens[i] = found[order[i]];
            lengths[i] = foundLengths[order[i]];
            words[tokens[i] >> 6] |= 1L << tokens[i];
        }
        nodes = after.toArray();
        nodeLengths = afterLengths.toArray();
        lastNodes = last.toArray();
        lastLengths = lastCounts.toArray();
    }

    /// The table of a state in which `min` to `max` characters and a quote remain.
    ///
    /// @param accepted the lexeme that the quote ends
    TokenTable table(int min, int max, Accepted accepted) {
        long[] mask = words.clone();
        for (int i = 0; i < tokens.length && lengths[i] > max; i++) {
            mask[tokens[i] >> 6] &= ~(1L << tokens[i]);
        }
        for (int i = 0; i < lastNodes.length; i++) {
            if (lastLengths[i] >= min && lastLengths[i] <= max) {
                for (int token = trie.token(lastNodes[i]); token >= 0; token = trie.twin(token)) {
                    mask[token >> 6] |= 1L << token;
                }
            }
        }
        int[] exits = new int[nodes.length];
        int n = 0;
        for (int i = 0; i < nodes.length; i++) {
            if (nodeLengths[i] >= min && nodeLengths[i] <= max) {
                exits[n++] = nodes[i];
            }
        }
        return TokenTable.of(mask, n == 0 ? List.of() : List.of(new TokenTable.Exit(accepted,
                Arrays.copyOf(exits, n))));
    }
}
