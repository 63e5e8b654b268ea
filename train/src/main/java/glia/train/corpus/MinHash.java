package glia.train.corpus;

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

    /// A hash of each band, [BANDS]: texts that share one at the same place are near duplicates.
    ///
    /// @return empty for a text without words
    public static long[] bands(String text) {
        List<String> words = words(text);
        if (words.isEmpty()) {
            return new long[0];
        }
        long[] least = new long[BANDS * ROWS];
        Arrays.fill(least, -1);
        int last = Math.max(0, words.size() - WORDS);
        for (int i = 0; i <= last; i++) {
            long gram = 0;
            for (String word : words.subList(i, Math.min(i + WORDS, words.size()))) {
                gram = mixed(gram ^ hash(word));
            }
            for (int h = 0; h < least.length; h++) {
                long value = mixed(gram + (h + 1) * 0x9E3779B97F4A7C15L);
                if (Long.compareUnsigned(value, least[h]) < 0) {
                    least[h] = value;
                }
            }
        }
        long[] bands = new long[BANDS];
        for (int h = 0; h < least.length; h++) {
            bands[h / ROWS] = mixed(bands[h / ROWS] ^ least[h]);
        }
        return bands;
    }

    /// The words of a text.
    static List<String> words(String text) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        text.toLowerCase(Locale.ROOT).codePoints().forEach(c -> {
            boolean isWhole = !spaced(c);
            if ((isWhole || !Character.isLetterOrDigit(c) && Character.getType(c) != Character.NON_SPACING_MARK)
                    && !word.isEmpty()) {
                words.add(word.toString());
                word.setLength(0);
            }
            if (isWhole) {
                words.add(Character.toString(c));
            } else if (Character.isLetterOrDigit(c) || Character.getType(c) == Character.NON_SPACING_MARK) {
                word.appendCodePoint(c);
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

    private static long hash(String word) {
        long hash = word.length();
        for (int i = 0; i < word.length(); i++) {
            hash = 31 * hash + word.charAt(i);
        }
        return mixed(hash);
    }

    /// The finalizer of SplitMix64: each bit depends on all.
    private static long mixed(long x) {
        long y = (x ^ (x >>> 30)) * 0xBF58476D1CE4E5B9L;
        y = (y ^ (y >>> 27)) * 0x94D049BB133111EBL;
        return y ^ (y >>> 31);
    }
}
