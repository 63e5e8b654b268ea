package glia.reason.alignment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.reason.alignment.ChatSampler.Answer;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Counts of verdicts that are written by hand. The shipped constitution has five principles.
class AgreementTest {
    private static boolean[] kept(String bits) {
        boolean[] kept = new boolean[bits.length()];
        for (int i = 0; i < kept.length; i++) {
            kept[i] = bits.charAt(i) == '1';
        }
        return kept;
    }

    private static Comparison pair(String first, String second, double... judged) {
        return new Comparison("p", new Answer("one", 1, true), new Answer("two", 1, true),
                List.of(kept(first), kept(second)), judged.length == 0 ? Optional.empty() : Optional.of(judged));
    }

    @Test
    void onlyPairsThatDifferCount() {
        List<Comparison> judged = List.of(pair("10000", "00000", 0.75, 0.25, 0.5, 0.5, 0.5),
                pair("00011", "10000", 0.8, 0.5, 0.5, 0.4, 0.7), pair("11111", "11111", 1, 1, 1, 1, 1),
                pair("01000", "00000", 0.2, 0.5, 0.5, 0.5, 0.5));
        try (Constitution shipped = Constitution.shipped()) {
            List<Agreement> rows = Agreement.of(shipped, judged);
            assertEquals(List.of(new Agreement("relevant", 2, 1), new Agreement("brief", 1, 0.5),
                    new Agreement("complete", 0, 0), new Agreement("prose", 1, 0), new Agreement("direct", 1, 1)),
                    rows.subList(0, 5));
            // The model's margins are 0, positive and negative; those of the checks are 1.
            assertEquals(new Agreement(Agreement.ALL, 3, 1.5), rows.get(5));
            assertTrue(rows.get(2).share().isEmpty());
            assertEquals(0.5, rows.get(0).share().orElseThrow().share());
        }
    }

    @Test
    void aJudgeThatPrefersNeitherWritesNoPair() {
        assertTrue(pair("10000", "01000").preference(false).isEmpty());
        assertTrue(pair("10000", "01000", 0.75, 0.25, 0.5, 0.5, 0.5).preference(true).isEmpty());
        assertThrows(NoSuchElementException.class, () -> pair("10000", "01000").preference(true));
    }

    @Test
    void theJudgeDecidesAndIsNamed() {
        Comparison one = pair("11000", "10000", 0.25, 0.5, 0.5, 0.5, 0.5);
        Map<String, Object> byCheck = one.preference(false).orElseThrow();
        assertEquals(List.of("p", "one", "two", "check", 1.0), List.copyOf(byCheck.values()));
        Map<String, Object> byModel = one.preference(true).orElseThrow();
        assertEquals(List.of("p", "two", "one", "model"), List.copyOf(byModel.values()).subList(0, 4));
        assertEquals(0.05, (double) byModel.get("margin"), 1e-12);
    }

    @Test
    void sharesOfKeptPrinciples() {
        try (Constitution shipped = Constitution.shipped()) {
            List<Answer> answers = List.of(new Answer("a", 3, true), new Answer("b", 4, false));
            Adherence found = new Adherence(shipped, List.of("p", "q"), answers, List.of(kept("11111"), kept("11010")));
            assertEquals(1, found.shares().get("relevant").share());
            assertEquals(0.5, found.shares().get("complete").share());
            assertEquals(0.5, found.shares().get(Agreement.ALL).share());
            // Wilson's interval of 1 of 2, from its formula: center 1/2, half width z·sqrt(n/4 + z²/4) / (n + z²)
            double z = 1.959963984540054;
            double half = z * Math.sqrt(2 / 4.0 + z * z / 4) / (2 + z * z);
            assertEquals(0.5 - half, found.shares().get("complete").low(), 1e-12);
            assertEquals(List.of("complete", "direct"), found.line(1).get("broken"));
            assertEquals(List.of(), found.line(0).get("broken"));
        }
    }
}
