package glia.engine.grammar;

import glia.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/// A tokenizer's vocabulary as grammars see it: the bytes of each token and the tokens that end generation. Special
/// tokens have no text. Made once for each model: 0.1 s and about 20 bytes for each byte of the vocabulary.
/// Thread-safe.
public final class GrammarVocabulary {
    private final List<byte[]> bytes;
    private final int[] ends;
    private final long[] onlyEnds;
    private final int leadingSpaces;
    private final VocabularyTrie trie;
    private final StringTokens strings;

    private GrammarVocabulary(List<byte[]> bytes, Set<Integer> endOfGeneration, int leadingSpaces) {
        this.bytes = bytes;
        this.ends = endOfGeneration.stream().mapToInt(Integer::intValue).filter(id -> id < bytes.size()).sorted()
                .toArray();
        this.onlyEnds = new long[numWords()];
        for (int end : ends) {
            bytes.set(end, null);
            onlyEnds[end >> 6] |= 1L << end;
        }
        this.leadingSpaces = leadingSpaces;
        this.trie = new VocabularyTrie(bytes);
        this.strings = new StringTokens(trie, numWords());
    }

    /// The vocabulary of a tokenizer.
    public static GrammarVocabulary of(Tokenizer tokenizer) {
        return of(tokenizer, _ -> false);
    }

    /// The vocabulary of a tokenizer.
    ///
    /// @param markers special tokens that have a text, such as those of tool calls
    public static GrammarVocabulary of(Tokenizer tokenizer, Predicate<String> markers) {
        List<byte[]> bytes = new ArrayList<>(tokenizer.vocabSize());
        for (int id = 0; id < tokenizer.vocabSize(); id++) {
            boolean hasText = !tokenizer.isSpecial(id) || markers.test(tokenizer.piece(id));
            bytes.add(hasText ? tokenizer.bytes(id) : null);
        }
        return new GrammarVocabulary(bytes, tokenizer.endOfGeneration(), tokenizer.leadingSpaces());
    }

    /// A vocabulary of given tokens.
    ///
    /// @param bytes the bytes of each token; null or empty for tokens without text
    /// @param endOfGeneration the tokens that end generation
    public static GrammarVocabulary of(List<byte[]> bytes, Set<Integer> endOfGeneration) {
        return new GrammarVocabulary(new ArrayList<>(bytes), endOfGeneration, 0);
    }

    /// The number of tokens.
    public int size() {
        return bytes.size();
    }

    int numWords() {
        return (bytes.size() + Long.SIZE - 1) / Long.SIZE;
    }

    /// The text of a token; null or empty for tokens without text. Not to be changed.
    byte[] bytes(int token) {
        return token < 0 || token >= bytes.size() ? null : bytes.get(token);
    }

    /// Whether a token ends generation.
    boolean isEnd(int token) {
        return Arrays.binarySearch(ends, token) >= 0;
    }

    int[] ends() {
        return ends;
    }

    /// The mask of the tokens that end generation. Not to be changed.
    long[] onlyEnds() {
        return onlyEnds;
    }

    /// The spaces that a decoder drops at the begin of a text.
    int leadingSpaces() {
        return leadingSpaces;
    }

    VocabularyTrie trie() {
        return trie;
    }

    StringTokens strings() {
        return strings;
    }
}
