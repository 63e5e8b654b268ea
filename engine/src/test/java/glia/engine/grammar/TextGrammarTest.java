package glia.engine.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.grammar.limit.GrammarException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Masks of grammars of plain text against brute force: a token is allowed if and only if some text of a finite
/// language
/// goes on so.
class TextGrammarTest {
    private static final int MAX_LENGTH = 4;
    private static final GrammarVocabulary VOCABULARY = vocabulary();

    /// All texts of up to so many characters of an alphabet.
    private static Stream<String> texts(String alphabet, int length) {
        Stream<String> all = Stream.of("");
        if (length > 0) {
            all = Stream.concat(all, texts(alphabet, length - 1).flatMap(t ->
                    alphabet.codePoints().mapToObj(c -> t + Character.toString(c))));
        }
        return all;
    }

    private static void compare(Grammar grammar, Set<String> language, GrammarVocabulary vocabulary) {
        Deque<String> left = new ArrayDeque<>(List.of(""));
        Set<String> seen = new HashSet<>();
        while (!left.isEmpty()) {
            String text = left.pop();
            GrammarMask mask = grammar.mask(vocabulary);
            assertTrue(mask.acceptBytes(text.getBytes(StandardCharsets.UTF_8), 0), text);
            for (int token = 0; token < vocabulary.size(); token++) {
                if (vocabulary.isEnd(token)) {
                    assertEquals(language.contains(text), mask.allows(token), "the end after '" + text + "'");
                    continue;
                }
                byte[] bytes = vocabulary.bytes(token);
                String next = bytes == null ? null : text + new String(bytes, StandardCharsets.UTF_8);
                boolean viable = bytes != null && bytes.length > 0
                        && language.stream().anyMatch(one -> one.startsWith(next));
                assertEquals(viable, mask.allows(token), "'" + text + "' and then '" + next + "'");
                if (viable && seen.add(next)) {
                    left.push(next);
                }
            }
        }
        assertTrue(seen.containsAll(language.stream().filter(t -> !t.isEmpty()).toList()));
    }

    /// The texts of up to four characters of `a`, `b`, `0` and a space, then an unused, a special and an end token.
    private static GrammarVocabulary vocabulary() {
        List<byte[]> tokens = new java.util.ArrayList<>(texts("ab0 ", 3).map(String::getBytes).toList());
        tokens.add(null);
        tokens.add("</s>".getBytes(StandardCharsets.UTF_8));
        return GrammarVocabulary.of(tokens, Set.of(tokens.size() - 1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a{2,4}", "(a|ba)(b|0)?", "[ab]+(?:0|ab)", "a(b|bb|bbb)0?", "(ab|a)(b?0|)", "[^a0 ]a*",
            "\\d{1,3}", "\\w \\w", "(?:a|b)*0", "^(a|^b)0$", "(a|^)*b", "(?:0|^|$)a(?:$|b)", "(?:a|$)*", "^$|^a",
            "(?!ab)[ab]{2,3}", "(?=.*0)[ab0]{3}", "a*?b", "()a|0{0,2}b"})
    void masksOfRegularExpressions(String pattern) {
        Set<String> language = new HashSet<>(texts("ab0 ",
                MAX_LENGTH).filter(Pattern.compile(pattern).asMatchPredicate())
                .toList());
        Grammar alone = Grammar.regex(pattern);
        texts("ab0 ", MAX_LENGTH).forEach(t -> assertEquals(language.contains(t), accepts(alone, t), t));
        if (!pattern.contains("(?!") && !pattern.contains("(?=")) {
            // Longer texts than those that are listed are excluded.
            compare(Grammar.regex("(?=.{0," + MAX_LENGTH + "}$)(?:" + pattern + ")"), language, VOCABULARY);
        }
    }

    private static boolean accepts(Grammar grammar, String text) {
        GrammarMask mask = grammar.mask(VOCABULARY);
        return mask.acceptBytes(text.getBytes(StandardCharsets.UTF_8), 0) && mask.isComplete();
    }

    /// Characters beyond ASCII, ends of lines and flags, as Java's engine has them.
    @ParameterizedTest
    @ValueSource(strings = {".", "(?s).", "a.b", "(?s:a.)b", "(?s:.)|a..", "(?i)AB?", "(?i:A)b?", "(?i:a)|(?s:.)A",
            "\\p{Script=Greek}+", "\\p{sc=Latin}", "\\P{IsAlphabetic}", "[^\\p{Lu}]."})
    void masksOfUnicodePatterns(String pattern) {
        // Java has other names for some properties.
        Pattern java = Pattern.compile(pattern.replace("sc=Latin", "script=Latin"));
        Grammar grammar = Grammar.regex(pattern.replace("IsAlphabetic", "Alphabetic"));
        GrammarVocabulary bytes = GrammarVocabulary.of(IntStream.range(0, 257)
                .mapToObj(i -> i < 256 ? new byte[] {(byte) i} : null).toList(), Set.of(256));
        for (String text : texts("aAb\n\u2028αβ😀1", 3).toList()) {
            // Java's dot does not match a next-line character either, which is not here.
            GrammarMask mask = grammar.mask(bytes);
            assertEquals(java.matcher(text).matches(), mask.acceptBytes(text.getBytes(StandardCharsets.UTF_8), 0)
                    && mask.isComplete(), "'" + text + "'");
        }
    }

    @Test
    void masksOfChoices() {
        Set<String> language = Set.of("a", "ab", "abba", "0 b", "b b b");
        compare(Grammar.choices(List.copyOf(language)), language, VOCABULARY);
    }

    /// Tokens of parts of characters, as byte-level vocabularies have them.
    @Test
    void partsOfCharacters() {
        byte[] face = "😀".getBytes(StandardCharsets.UTF_8);
        List<byte[]> tokens = List.of(Arrays.copyOf(face, 2), Arrays.copyOfRange(face, 2, 4), Arrays.copyOf(face, 3),
                Arrays.copyOfRange(face, 3, 4), new byte[] {(byte) 0xFF}, new byte[0],
                        "é".getBytes(StandardCharsets.UTF_8),
                new byte[] {(byte) 0xC3}, new byte[] {(byte) 0xC0}, new byte[0]);
        GrammarVocabulary vocabulary = GrammarVocabulary.of(tokens, Set.of(9));
        GrammarMask mask = Grammar.regex("[é😀]{2}").mask(vocabulary);
        assertAllowed(mask, 0, 2, 6, 7);
        mask.accept(0);
        assertAllowed(mask, 1);
        mask.accept(1);
        assertAllowed(mask, 0, 2, 6, 7);
        mask.accept(2);
        assertAllowed(mask, 3);
        mask.accept(3);
        assertAllowed(mask, 9);
        assertTrue(mask.isFinal());
        mask.accept(9);
        assertAllowed(mask, 9);
    }

    private static void assertAllowed(GrammarMask mask, int... tokens) {
        for (int token = 0; token < 10; token++) {
            int one = token;
            assertEquals(Arrays.stream(tokens).anyMatch(t -> t == one), mask.allows(token), "token " + token);
        }
    }

    @Test
    void refusesTokensThatAreNotAllowed() {
        GrammarVocabulary vocabulary = VOCABULARY;
        GrammarMask mask = Grammar.choices(List.of("ab")).mask(vocabulary);
        int end = vocabulary.size() - 1;
        assertThrows(IllegalArgumentException.class, () -> mask.accept(end));
        assertThrows(IllegalArgumentException.class, () -> mask.accept(end - 1));
        assertThrows(IllegalArgumentException.class, () -> mask.accept(0));
        assertFalse(mask.isComplete());
    }

    @ParameterizedTest
    @ValueSource(strings = {"a(?<=b)", "(a)\\1", "\\ba", "a++", "a(?!b)c", "(?>a)", "[[:alpha:]]", "(a", "a)", "[a",
            "*", "a**", "a{3,2}", "\\", "[b-a]", "\\u00G0", "\\p{Script=Elvish}", "\\p{Foo}", "\\q", "\\uD800",
            "a(?i)b", "(?m)a"})
    void refusesOtherPatterns(String pattern) {
        assertThrows(GrammarException.class, () -> Grammar.regex(pattern));
    }

    @Test
    void limitsHold() {
        assertThrows(GrammarException.class, () -> Grammar.choices(List.of()));
        assertThrows(GrammarException.class, () -> Grammar.choices(List.of("a", "")));
        assertThrows(GrammarException.class, () -> Grammar.regex("(".repeat(100_000) + ")".repeat(100_000)));
        assertThrows(GrammarException.class, () -> Grammar.regex("a{1000000}"));
        assertThrows(GrammarException.class, () -> Grammar.regex("[^\\s\\S]"));
        // 2^40 states, of which a walk reaches few.
        GrammarMask mask = Grammar.regex("(?:a|b)*a(?:a|b){40}").mask(VOCABULARY);
        assertTrue(mask.acceptBytes("ab".repeat(40).getBytes(StandardCharsets.UTF_8), 0));
    }
}
