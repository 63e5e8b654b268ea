package glia.engine.grammar;

import glia.engine.grammar.parser.Accepted;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The tokens of a vocabulary in a state of the lexer: those that stay within the lexeme or end with it, and the nodes
/// of
/// the trie at which it ends, so that the rest of a token belongs to what follows. The parser decides about the latter.
final class TokenTable {
    /// Lists of at most so many tokens are not kept as a bit for each token of the vocabulary.
    private static final int FEW = 256;
    /// Memory of a table, or of an exit, without its arrays.
    private static final int BYTES = 64;

    private final int[] few;
    private final long[] words;
    private final List<Exit> exits;

    /// Lexemes that end within tokens.
    ///
    /// @param nodes in ascending order, each with descendants
    record Exit(Accepted accepted, int[] nodes) { }

    private TokenTable(int[] few, long[] words, List<Exit> exits) {
        this.few = few;
        this.words = words;
        this.exits = exits;
    }

    static TokenTable of(long[] words, List<Exit> exits) {
        return new TokenTable(null, words, exits);
    }

    List<Exit> exits() {
        return exits;
    }

    /// The memory of this table.
    long bytes() {
        long bytes = BYTES + (few == null ? 8L * words.length : 4L * few.length);
        for (Exit exit : exits) {
            bytes += BYTES + 4L * exit.nodes.length;
        }
        return bytes;
    }

    /// Adds the tokens within the lexeme to a mask.
    void addTo(long[] mask) {
        if (few != null) {
            for (int token : few) {
                mask[token >> 6] |= 1L << token;
            }
            return;
        }
        for (int i = 0; i < words.length; i++) {
            mask[i] |= words[i];
        }
    }

    /// A copy of the tokens within the lexeme, a bit each.
    long[] copy(int numWords) {
        long[] mask = new long[numWords];
        addTo(mask);
        return mask;
    }

    /// Collects the tokens and nodes of a table.
    static final class Builder {
        private final VocabularyTrie trie;
        private int[] tokens = new int[FEW];
        private int size;
        private final List<Accepted> kinds = new ArrayList<>();
        private final List<IntList> nodes = new ArrayList<>();

        Builder(VocabularyTrie trie) {
            this.trie = trie;
        }

        /// Adds the tokens of a node.
        void tokens(int node) {
            for (int token = trie.token(node); token >= 0; token = trie.twin(token)) {
                if (size == tokens.length) {
                    tokens = Arrays.copyOf(tokens, 2 * size);
                }
                tokens[size++] = token;
            }
        }

        /// Adds a node at which lexemes end.
        void exit(Accepted accepted, int node) {
            int i = kinds.indexOf(accepted);
            if (i < 0) {
                i = kinds.size();
                kinds.add(accepted);
                nodes.add(new IntList());
            }
            nodes.get(i).add(node);
        }

        List<Exit> exits() {
            List<Exit> exits = new ArrayList<>();
            for (int i = 0; i < kinds.size(); i++) {
                exits.add(new Exit(kinds.get(i), nodes.get(i).toArray()));
            }
            return exits;
        }

        TokenTable build(int numWords) {
            if (size <= FEW) {
                return new TokenTable(Arrays.copyOf(tokens, size), null, exits());
            }
            long[] words = new long[numWords];
            for (int i = 0; i < size; i++) {
                words[tokens[i] >> 6] |= 1L << tokens[i];
            }
            return new TokenTable(null, words, exits());
        }
    }

    /// A list of ints that grows.
    static final class IntList {
        private int[] values = new int[16];
        private int size;

        void add(int value) {
            if (size == values.length) {
                values = Arrays.copyOf(values, 2 * size);
            }
            values[size++] = value;
        }

        int size() {
            return size;
        }

        int[] toArray() {
            return Arrays.copyOf(values, size);
        }
    }
}
