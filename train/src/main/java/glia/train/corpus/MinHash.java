package glia.train.corpus;

import glia.tensor.Hash;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// Near duplicates by MinHash ([Broder 1997](https://doi.org/10.1109/SEQUEN.1997.666900)) with the settings of FineWeb
/// ([Penedo et al. 2024](https://arxiv.org/abs/2406.17557)): 5-grams of words, 112 hash functions in 14 bands of 8.
/// Two texts whose sets of 5-grams have the Jaccard similarity s share a band with the probability
///
///     1 − (1 − s⁸)¹⁴
///
/// which is 0.07 for s = 0.5, 0.56 for 0.7, 0.92 for 0.8 and 0.9996 for 0.9. Words are lower case without punctuation;
/// a character of a script without spaces counts as a word.
public final class MinHash {
    /// Words of an n-gram.
    public static final int WORDS = 5;
    /// Bands of a text.
    public static final int BANDS = 14;
    /// Hash functions of a band.
    public static final int ROWS = 8;

    private MinHash() {}

    /// A hash of each band, [#BANDS]: texts that share one are near duplicates. Those of different bands differ.
    ///
    /// @return empty for a text without words
    public static long[] bands(String text) {
        List<String> words = words(text);
        if (words.isEmpty()) {
            return new long[0];
        }
        long[] least = new long[BANDS * ROWS];
        Arrays.fill(least, -1);
        long[] hashes = words.stream().mapToLong(word -> Hash.of(word.chars().asLongStream().toArray())).toArray();
        int last = Math.max(0, hashes.length - WORDS);
        for (int i = 0; i <= last; i++) {
            long gram = Hash.of(Arrays.copyOfRange(hashes, i, Math.min(i + WORDS, hashes.length)));
            for (int h = 0; h < least.length; h++) {
                long value = Hash.next(gram, h);
                if (Long.compareUnsigned(value, least[h]) < 0) {
                    least[h] = value;
                }
            }
        }
        long[] bands = new long[BANDS];
        Arrays.setAll(bands, b -> Hash.next(Hash.of(b), Hash.of(Arrays.copyOfRange(least, b * ROWS, (b + 1) * ROWS))));
        return bands;
    }

    /// The words of a text.
    static List<String> words(String text) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        text.toLowerCase(Locale.ROOT).codePoints().forEach(c -> {
            boolean isWhole = !spaced(c);
            if (!isWhole && (Character.isLetterOrDigit(c) || Character.getType(c) == Character.NON_SPACING_MARK)) {
                word.appendCodePoint(c);
                return;
            }
            if (!word.isEmpty()) {
                words.add(word.toString());
                word.setLength(0);
            }
            if (isWhole) {
                words.add(Character.toString(c));
            }
        });
        if (!word.isEmpty()) {
            words.add(word.toString());
        }
        return words;
    }

    /// Whether words of a character's script are put apart by spaces.
    private static boolean spaced(int c) {
        if (c < 0x0E00) {
            return true;
        }
        return switch (Character.UnicodeScript.of(c)) {
            case HAN, HIRAGANA, KATAKANA, THAI, LAO, KHMER, MYANMAR -> !Character.isLetterOrDigit(c);
            default -> true;
        };
    }
}
