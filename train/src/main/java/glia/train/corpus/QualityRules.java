package glia.train.corpus;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// Rules by which a text is fit for pretraining, those of Gopher
/// ([Rae et al. 2021](https://arxiv.org/abs/2112.11446), tables A1 and section A.1.1): the form of English prose, and
/// no text that repeats itself.
public enum QualityRules {
    /// All of Gopher's rules, for English.
    ENGLISH,
    /// Gopher's rules about repetition alone, for any language and for code.
    REPETITION,
    /// No rule.
    NONE;

    private static final Pattern SPACE = Pattern.compile("\\s+");
    private static final Set<String> STOP_WORDS = Set.of("the", "be", "to", "of", "and", "that", "have", "with");
    private static final int[] TOP_SIZES = {2, 3, 4};
    private static final double[] TOP_SHARES = {0.20, 0.18, 0.16};
    private static final int LEAST_REPEATED = 5;
    private static final double[] REPEATED_SHARES = {0.15, 0.14, 0.13, 0.12, 0.11, 0.10};

    /// Why a text is dropped, in a few words without numbers, so that texts can be counted by reason; empty if it is
    /// kept.
    public Optional<String> reason(String text) {
        if (this == NONE) {
            return Optional.empty();
        }
        String[] words = SPACE.split(text.strip());
        if (words.length == 1 && words[0].isEmpty()) {
            return Optional.of("no words");
        }
        return (this == ENGLISH ? form(text, words) : Optional.<String>empty()).or(() -> repetition(text, words));
    }

    private static Optional<String> form(String text, String[] words) {
        int n = words.length;
        List<String> lines = lines(text);
        double characters = Arrays.stream(words).mapToInt(String::length).sum();
        if (n < 50) {
            return Optional.of("fewer than 50 words");
        }
        if (n > 100_000) {
            return Optional.of("more than 100,000 words");
        }
        if (characters < 3.0 * n || characters > 10.0 * n) {
            return Optional.of("mean length of words outside 3 to 10");
        }
        if (count(text, "#") > 0.1 * n || count(text, "...") + count(text, "…") > 0.1 * n) {
            return Optional.of("symbols for more than 10 % of words");
        }
        if (lines.stream().filter(line -> "•-*‣●".indexOf(line.charAt(0)) >= 0).count() > 0.9 * lines.size()) {
            return Optional.of("more than 90 % of lines are items of lists");
        }
        if (lines.stream().filter(line -> line.endsWith("...") || line.endsWith("…")).count() > 0.3 * lines.size()) {
            return Optional.of("more than 30 % of lines end with an ellipsis");
        }
        if (Arrays.stream(words).filter(word -> word.codePoints().anyMatch(Character::isLetter)).count() < 0.8 * n) {
            return Optional.of("fewer than 80 % of words have a letter");
        }
        if (Arrays.stream(words).map(word -> word.toLowerCase(Locale.ROOT)).filter(STOP_WORDS::contains).distinct()
                .count() < 2) {
            return Optional.of("fewer than two English stop words");
        }
        return Optional.empty();
    }

    private static Optional<String> repetition(String text, String[] words) {
        if (repeats(lines(text), 0.30, 0.20)) {
            return Optional.of("repeated lines");
        }
        if (repeats(Arrays.stream(text.split("\n\\s*\n")).map(String::strip).filter(p -> !p.isEmpty()).toList(), 0.30,
                0.20)) {
            return Optional.of("repeated paragraphs");
        }
        double characters = Arrays.stream(words).mapToInt(String::length).sum();
        for (int i = 0; i < TOP_SIZES.length; i++) {
            if (mostFrequent(words, TOP_SIZES[i]) > TOP_SHARES[i] * characters) {
                return Optional.of("one n-gram makes up too much");
            }
        }
        for (int i = 0; i < REPEATED_SHARES.length; i++) {
            if (repeated(words, LEAST_REPEATED + i) > REPEATED_SHARES[i] * characters) {
                return Optional.of("repeated n-grams");
            }
        }
        return Optional.empty();
    }

    private static List<String> lines(String text) {
        return text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
    }

    private static int count(String text, String symbol) {
        int count = 0;
        for (int at = text.indexOf(symbol); at >= 0; at = text.indexOf(symbol, at + symbol.length())) {
            count++;
        }
        return count;
    }

    /// Whether more than a share of the parts, or of their characters, are copies of an earlier part.
    private static boolean repeats(List<String> parts, double share, double characterShare) {
        Set<String> seen = new HashSet<>();
        int copies = 0;
        long copied = 0;
        for (String part : parts) {
            if (!seen.add(part)) {
                copies++;
                copied += part.length();
            }
        }
        return copies > share * parts.size()
                || copied > characterShare * parts.stream().mapToLong(String::length).sum();
    }

    /// Characters of all occurrences of the n-gram that has most; 0 if none occurs twice.
    private static long mostFrequent(String[] words, int n) {
        Map<String, Integer> counts = new HashMap<>();
        for (int i = 0; i + n <= words.length; i++) {
            counts.merge(gram(words, i, n), 1, Integer::sum);
        }
        return counts.entrySet().stream().filter(e -> e.getValue() > 1)
                .mapToLong(e -> (long) e.getValue() * (e.getKey().length() - n + 1)).max().orElse(0);
    }

    /// Characters of n-grams that have occurred before, each counted once where they overlap.
    private static long repeated(String[] words, int n) {
        Set<String> seen = new HashSet<>();
        long characters = 0;
        for (int i = 0; i + n <= words.length; i++) {
            String gram = gram(words, i, n);
            if (!seen.add(gram)) {
                characters += gram.length() - n + 1;
                i += n - 1;
            }
        }
        return characters;
    }

    private static String gram(String[] words, int from, int n) {
        return String.join(" ", Arrays.asList(words).subList(from, from + n));
    }
}
