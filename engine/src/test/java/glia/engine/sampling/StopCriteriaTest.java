package glia.engine.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class StopCriteriaTest {
    private static StopCriteria stops(String... texts) {
        return new StopCriteria(Set.of(), List.of(texts));
    }

    @Test
    void stopTokensAreKnown() {
        StopCriteria stops = new StopCriteria(Set.of(7, 2, 128_001), List.of());
        assertTrue(stops.isStop(2) && stops.isStop(7) && stops.isStop(128_001));
        assertFalse(stops.isStop(0) || stops.isStop(3) || stops.isStop(-1));
        assertEquals("all of it", stops.accept("all of it"));
        assertEquals("", stops.finish());
        assertFalse(stops.stopped());
    }

    @Test
    void aStopStringOverSeveralPiecesIsHeldBack() {
        StopCriteria stops = stops("\nUser:");
        assertEquals("Hello", stops.accept("Hello"));
        assertEquals("", stops.accept("\nUs"));
        assertEquals("\nUse it.", stops.accept("e it."));
        assertEquals("", stops.accept("\n"));
        assertEquals("\n", stops.accept("\nUser"));
        assertFalse(stops.stopped());
        assertEquals("", stops.accept(": and more"));
        assertTrue(stops.stopped());
        assertEquals("", stops.accept("even more"));
        assertEquals("", stops.finish());
    }

    @Test
    void heldBackTextComesAtTheEnd() {
        StopCriteria stops = stops("END", "STOP");
        assertEquals("the ", stops.accept("the EN"));
        assertEquals("EN", stops.finish());
        assertFalse(stops.stopped());
        assertEquals("", stops.finish());
    }

    @Test
    void theStopStringThatIsCompleteFirstCounts() {
        assertEquals("a", stops("abcd", "bc").accept("abcd"));
        assertEquals("", stops("abc", "bc").accept("abc"));
        assertEquals("x", stops("bc", "abc").accept("xabc"));
    }

    @Test
    void textThatRepeatsItselfIsFound() {
        StopCriteria stops = stops("aab");
        assertEquals("", stops.accept("a"));
        assertEquals("", stops.accept("a"));
        assertEquals("a", stops.accept("a"));
        assertEquals("", stops.accept("b"));
        assertTrue(stops.stopped());
    }

    @Test
    void anEmptyStopStringIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> stops("x", ""));
    }

    @Provide
    Arbitrary<String> fewLetters() {
        return Arbitraries.strings().withChars("ab").ofMinLength(1).ofMaxLength(4);
    }

    /// The plain definition: the text before the stop string that ends first (the longest such).
    private static String expected(String text, List<String> stops) {
        for (int end = 1; end <= text.length(); end++) {
            int start = end;
            for (String stop : stops) {
                if (text.substring(0, end).endsWith(stop)) {
                    start = Math.min(start, end - stop.length());
                }
            }
            if (start < end) {
                return text.substring(0, start);
            }
        }
        return text;
    }

    @Property(tries = 2000)
    void howTheTextIsCutMakesNoDifference(@ForAll List<@net.jqwik.api.From("fewLetters") String> pieces,
                                          @ForAll @net.jqwik.api.constraints.Size(max = 3)
                                          List<@net.jqwik.api.From("fewLetters") String> stopTexts) {
        StopCriteria stops = new StopCriteria(Set.of(), stopTexts);
        StringBuilder streamed = new StringBuilder();
        for (String piece : pieces) {
            streamed.append(stops.accept(piece));
        }
        streamed.append(stops.finish());
        String whole = String.join("", pieces);
        String expected = expected(whole, stopTexts);
        assertEquals(expected, streamed.toString());
        assertEquals(expected.length() < whole.length(), stops.stopped());
    }
}
