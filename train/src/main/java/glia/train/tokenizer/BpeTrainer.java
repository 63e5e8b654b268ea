package glia.train.tokenizer;

import glia.text.tokenizer.ByteAlphabet;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Trains a byte-level BPE tokenizer (Sennrich, Haddow and Birch, https://arxiv.org/abs/1508.07909; bytes as in GPT-2):
/// starting from the 256 bytes, the most frequent pair of neighboring tokens inside of a word becomes a token, until
/// the vocabulary is full. Among pairs of the same count the one with the smaller token ids is merged first, as in
/// Hugging Face's `BpeTrainer`, whose vocabulary and merges it reproduces.
public final class BpeTrainer implements TokenizerTrainer {
    /// Splits a text into words as GPT-2's tokenizer does.
    static final String WORDS =
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
    private static final Pattern WORD = Pattern.compile(WORDS, Pattern.UNICODE_CHARACTER_CLASS);

    private final int vocabSize;
    private final long minFrequency;
    private final SpecialTokens specialTokens;
    private final Map<String, Long> words = new LinkedHashMap<>();

    /// A pair that may be merged next, with the words that it was found in.
    private record Candidate(long pair, long count, List<Integer> words) implements Comparable<Candidate> {
        @Override
        public int compareTo(Candidate other) {
            int byCount = Long.compare(other.count, count);
            return byCount != 0 ? byCount : Long.compareUnsigned(pair, other.pair);
        }
    }

    /// @param vocabSize tokens in all, special ones included
    /// @param minFrequency occurrences that a pair needs to be merged
    /// @param specialTokens the first tokens of the vocabulary; bytes need no unknown token
    /// @throws IllegalArgumentException if the bytes and the special tokens do not fit the vocabulary
    public BpeTrainer(int vocabSize, long minFrequency, SpecialTokens specialTokens) {
        int least = 256 + specialTokens.all().size();
        if (vocabSize < least) {
            throw new IllegalArgumentException("a vocabulary of " + vocabSize + " tokens, expected at least " + least
                    + ": 256 bytes and " + specialTokens.all().size() + " special tokens");
        }
        this.vocabSize = vocabSize;
        this.minFrequency = minFrequency;
        this.specialTokens = specialTokens;
    }

    /// Counts the words of a text.
    @Override
    public BpeTrainer add(String text) {
        Matcher matcher = WORD.matcher(text);
        while (matcher.find()) {
            words.merge(matcher.group(), 1L, Long::sum);
        }
        return this;
    }

    @Override
    public TrainedTokenizer train() {
        Vocabulary vocabulary = new Vocabulary();
        specialTokens.all().forEach(vocabulary::id);
        for (char c : ByteAlphabet.sorted()) {
            vocabulary.id(Character.toString(c));
        }

        List<int[]> symbols = new ArrayList<>();
        long[] counts = new long[words.size()];
        for (Map.Entry<String, Long> word : words.entrySet()) {
            counts[symbols.size()] = word.getValue();
            byte[] utf8 = word.getKey().getBytes(StandardCharsets.UTF_8);
            int[] ids = new int[utf8.length];
            for (int i = 0; i < utf8.length; i++) {
                ids[i] = vocabulary.id(Character.toString(ByteAlphabet.character(utf8[i])));
            }
            symbols.add(ids);
        }
        List<String[]> merges = merge(vocabulary, symbols, counts);
        return new TrainedTokenizer(TrainedTokenizer.Kind.BYTES, vocabulary.tokens, merges, specialTokens);
    }

    private List<String[]> merge(Vocabulary vocabulary, List<int[]> symbols, long[] counts) {
        Map<Long, Long> pairCounts = new HashMap<>();
        Map<Long, List<Integer>> found = new HashMap<>();
        for (int w = 0; w < symbols.size(); w++) {
            int[] ids = symbols.get(w);
            for (int i = 0; i + 1 < ids.length; i++) {
                note(pairCounts, found, pair(ids[i], ids[i + 1]), counts[w], w);
            }
        }
        PriorityQueue<Candidate> queue = new PriorityQueue<>();
        enqueue(queue, pairCounts, found);

        LinkedHashMap<String, String[]> merges = new LinkedHashMap<>();
        while (vocabulary.tokens.size() < vocabSize && !queue.isEmpty()) {
            Candidate top = queue.poll();
            long now = pairCounts.get(top.pair);
            if (now != top.count) {
                if (now > 0) {
                    queue.add(new Candidate(top.pair, now, top.words));
                }
                continue;
            }
            if (top.count < Math.max(1, minFrequency)) {
                break;
            }
            int left = (int) (top.pair >>> 32);
            int right = (int) top.pair;
            String[] merge = {vocabulary.tokens.get(left), vocabulary.tokens.get(right)};
            int merged = vocabulary.id(merge[0] + merge[1]);
            merges.putLast(merge[0] + " " + merge[1], merge);
            found.clear();
            for (int w : top.words) {
                symbols.set(w, replace(symbols.get(w), left, right, merged, pairCounts, found, counts[w], w));
            }
            enqueue(queue, pairCounts, found);
        }
        return List.copyOf(merges.values());
    }

    /// Replaces the pair in one word and counts the pairs that come and go.
    private static int[] replace(int[] ids, int left, int right, int merged, Map<Long, Long> pairCounts,
            Map<Long, List<Integer>> found, long count, int word) {
        int[] result = new int[ids.length];
        int n = 0;
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] != left || i + 1 == ids.length || ids[i + 1] != right) {
                result[n++] = ids[i];
                continue;
            }
            if (n > 0) {
                pairCounts.merge(pair(result[n - 1], left), -count, Long::sum);
                note(pairCounts, found, pair(result[n - 1], merged), count, word);
            }
            if (i + 2 < ids.length) {
                pairCounts.merge(pair(right, ids[i + 2]), -count, Long::sum);
                note(pairCounts, found, pair(merged, ids[i + 2]), count, word);
            }
            result[n++] = merged;
            i++;
        }
        return Arrays.copyOf(result, n);
    }

    private static void note(Map<Long, Long> pairCounts, Map<Long, List<Integer>> found, long pair, long count,
            int word) {
        pairCounts.merge(pair, count, Long::sum);
        List<Integer> words = found.computeIfAbsent(pair, p -> new ArrayList<>());
        if (words.isEmpty() || words.getLast() != word) {
            words.add(word);
        }
    }

    private static void enqueue(PriorityQueue<Candidate> queue, Map<Long, Long> pairCounts,
            Map<Long, List<Integer>> found) {
        found.forEach((pair, words) -> {
            long count = pairCounts.get(pair);
            if (count > 0) {
                queue.add(new Candidate(pair, count, words));
            }
        });
    }

    private static long pair(int left, int right) {
        return (long) left << 32 | right;
    }

    private static final class Vocabulary {
        private final List<String> tokens = new ArrayList<>();
        private final Map<String, Integer> ids = new HashMap<>();

        int id(String token) {
            return ids.computeIfAbsent(token, t -> {
                tokens.add(t);
                return tokens.size() - 1;
            });
        }
    }
}
