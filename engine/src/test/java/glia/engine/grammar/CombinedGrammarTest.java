package glia.engine.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.grammar.limit.GrammarException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Combinations of grammars against all texts of a small alphabet.
class CombinedGrammarTest {
    private static final GrammarVocabulary BYTES = GrammarVocabulary.of(IntStream.range(0, 257)
            .mapToObj(i -> i < 256 ? new byte[] {(byte) i} : null).toList(), Set.of(256));

    private static boolean accepts(Grammar grammar, String text) {
        GrammarMask mask = grammar.mask(BYTES);
        for (byte value : text.getBytes(StandardCharsets.UTF_8)) {
            if (!mask.allows(value & 0xff)) {
                return false;
            }
            mask.accept(value & 0xff);
        }
        return mask.allows(256);
    }

    private static void compare(Grammar grammar, String alphabet, int length, Predicate<String> language) {
        List<String> texts = new ArrayList<>(List.of(""));
        int numAccepted = 0;
        for (int i = 0; i < texts.size(); i++) {
            String text = texts.get(i);
            assertEquals(language.test(text), accepts(grammar, text), text);
            numAccepted += language.test(text) ? 1 : 0;
            if (text.length() < length) {
                alphabet.chars().forEach(c -> texts.add(text + (char) c));
            }
        }
        assertTrue(numAccepted > 0);
    }

    private static Grammar text(String text) {
        return Grammar.choices(List.of(text));
    }

    @Test
    void sequences() {
        compare(Grammar.sequence(List.of(text("a"), Grammar.regex("b*"), text("c"))), "abc", 5,
                text -> text.matches("ab*c"));
        compare(Grammar.sequence(List.of(Grammar.regex("a?"), Grammar.regex("b?"))), "ab", 3,
                text -> text.matches("a?b?"));
    }

    @Test
    void repetitions() {
        compare(Grammar.regex("ab?").repeated(","), "ab,", 6, text -> text.matches("ab?(,ab?)*"));
        compare(text("ab").repeated(""), "ab", 7, text -> text.matches("(ab)+"));
    }

    @Test
    void partsInAnyOrder() {
        List<Grammar> items = List.of(text("a"), Grammar.regex("b|bb"), text("c"));
        compare(Grammar.unordered(items, List.of(true, false, true), ","), "abc,", 6, text -> {
            List<String> parts = List.of(text.split(",", -1));
            return Collections.frequency(parts, "a") == 1 && Collections.frequency(parts, "c") == 1
                    && parts.stream().filter(part -> part.matches("bb?")).count() == parts.size() - 2L
                    && parts.size() <= 3;
        });
        Grammar optional = Grammar.unordered(items.subList(0, 1), List.of(false), ",");
        compare(Grammar.sequence(List.of(text("c"), optional)), "ac", 3, text -> text.matches("ca?"));
    }

    /// Of many parts only the order of the list is allowed, since all others would take too many states.
    @Test
    void manyPartsStandInOrder() {
        List<Grammar> items = "abcdefghijkl".chars().mapToObj(c -> text(String.valueOf((char) c))).toList();
        List<Boolean> required = IntStream.range(0, 12).mapToObj(i -> i == 2).toList();
        Grammar grammar = Grammar.unordered(items, required, ",");
        compare(grammar, "acl,", 5, text -> text.matches("(a,)?c(,l)?"));
        assertTrue(accepts(grammar, "a,b,c,d,e,f,g,h,i,j,k,l"));
    }

    @Test
    void partsOfJsonMayHaveSpaceBefore() {
        Grammar grammar = Grammar.sequence(List.of(text("a").asJson(), Grammar.jsonSchema(true), text("b")));
        assertTrue(accepts(grammar, " a [1, 2] b"));
        assertFalse(accepts(grammar, "a b"));
        assertFalse(accepts(text("a"), " a"));
    }

    @Test
    void combinationsOfNothing() {
        assertThrows(GrammarException.class, () -> Grammar.sequence(List.of()));
        assertThrows(GrammarException.class, () -> Grammar.unordered(List.of(), List.of(), ""));
    }
}
