package glia.reason.reward;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EquationRewardTest {
    private static final Map<String, Object> COUNTDOWN = Map.of("target", 32, "numbers", List.of(3, 7, 11));

    private static double score(Map<String, ?> options, String completion, Map<String, Object> fields) {
        return Rewards.named("equation", options).score(new Sample("", completion, 1, true, fields)).orElseThrow();
    }

    @ParameterizedTest
    @ValueSource(strings = {"x = 2 or x = 3", "x = 3 or x = 2", "x=2, x=3",
        "Solutions: x = 2 and x = 3.", "2, 3", "{2; 3}",

        "x = 4/2 or x = 3.0", "<think>x = 5</think>\nx = 2 or x = 3", "x_1 = 2, x_2 = 3", "x = 2 or x = 3 or x = 2",
        "$x = 2$ or $x = 3$", "x ∈ {2, 3}", "x_{1} = 2, x_{2} = 3", "\\(x = 2\\) or \\(x = 3\\)",
        "x\u00A0=\u00A02\u00A0or x\u202F=\u202F3", "x = \\frac{4}{2} \\text{ or } x = 3",
        "x \\in \\{2, 3\\}", "x = 2 ∨ x = 3", "x₁ = 2, x₂ = 3", "The solutions are x = 2 and x = 3.", "x is 2 or 3",
        "The roots are {2, 3}", "So the answer is $x = 2$ or $x = 3$.",
        "Final answer: x = 2 or x = 3", "The two roots: 2 and 3", "Answer: the roots are 2, 3"})
    void solutions(String completion) {
        assertEquals(1, score(Map.of(), completion, Map.of("answer", "x = 2 or x = 3")), completion);
        assertEquals(1, score(Map.of(), completion, Map.of("answer", List.of(3, 2))), completion);
    }

    @ParameterizedTest
    @ValueSource(strings = {"x = 2", "x = 2 or x = 4", "x = 2 or x = 3 or x = 4", "", "x", "x = ", "2 3", "no solution",
        "y = 2 or y = 3", "x = 2 or y = 3", "x_1 = 2, y_2 = 3", "y ∈ {2, 3}",
        "x = 2 or x = 3\nno, x = 5", "<think>x = 2 or x = 3", "x = 2 or y", "((((", "x = 9^9^9^9", "2 or 3/0",
        "The solutions are not x = 2 or x = 3", "No solution is x = 2 or x = 3", "The solution is x = 2",
        "x = 5 is x = 2 or x = 3", "The wrong solutions: x = 2 or x = 3", "Anything but: x = 2 or x = 3",
        "x = 7: x = 2 or x = 3", "The false roots are 2 and 3", "Not the solutions: x = 2 or x = 3",
        "Impossible: 2, 3", "Answer: the wrong roots are 2, 3", "Solutions: the opposite of: 2, 3"})
    void wrongSolutions(String completion) {
        assertEquals(0, score(Map.of(), completion, Map.of("answer", "x = 2 or x = 3")), completion);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"x = ±3 | -3, 3", "no solution | none", "There are no real solutions. | none",
        "x = 1/3 | 1/3", "x = -\\frac{1}{3} | -1/3", "x = 0.5 | 1/2", "x = -(2+1)/4 | -0.75", "x = 1 ± 2 | 3, -1"})
    void exactFractions(String completion, String answer) {
        assertEquals(1, score(Map.of(), completion, Map.of("answer", answer)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"3*7+11", "11 + 3 × 7", "7*3+11 = 32", "Use: (3*7) + 11 = 32.", "3*7+11=21+11=32",
        "<think>3+7+11</think>\n3*7+11", "$3 \\times 7 + 11$", "\\left(3 \\cdot 7\\right) + 11",
        "3\u202F*\u202F7 + 11", "32 = 3*7+11", "We make 32 = 3*7 + 11.", "32=11+21=3*7+11"})
    void expressions(String completion) {
        assertEquals(1, score(Map.of(), completion, COUNTDOWN), completion);
    }

    @ParameterizedTest
    @ValueSource(strings = {"32", "3*7+11 = 33", "3*7+11+0", "3*7+11+3-3", "3+7+11", "21+11", "3*7+11 or 11+3*7", "x",
        "(3*7+11", "3*7+(11", "32 = 32", "3*7+11 = ", "3*7+11=3*7+12", "37-7+3-1", "It is not 3*7+11",
        "A wrong way: 3*7+11", "32 = 32 = 32+0", "32 = 3*7+11 = 33", "=32",
        "3*7+11 ≠ 32", "3*7+11 < 40", "3*7+11 % 100", "√3*7+11 = 32", "3*7+11 \\ne 32"})
    void wrongExpressions(String completion) {
        assertEquals(0, score(Map.of(), completion, COUNTDOWN), completion);
    }

    @Test
    void optionsOfExpressions() {
        assertEquals(0, score(Map.of(), "3*7", Map.of("target", 21, "numbers", List.of(3, 7, 11))));
        assertEquals(1, score(Map.of("use", "at_most_once"), "3*7",
                Map.of("target", 21, "numbers", List.of(3, 7, 11))));
        assertEquals(1, score(Map.of("use", "any"), "3*3", Map.of("target", 9, "numbers", List.of(3, 7, 11))));
        assertEquals(1, score(Map.of(), "2*4", Map.of("target", "8")));
        assertEquals(0, score(Map.of(), "2^3", Map.of("target", 8)));
        assertEquals(1, score(Map.of("operators", "^"), "2**3", Map.of("target", 8)));
        assertEquals(0, score(Map.of("operators", "+"), "2*4", Map.of("target", 8)));
        assertEquals(1, score(Map.of(), "3*7+11", Map.of("target", 32, "numbers", "3, 7, 11")));
        assertEquals(1, score(Map.of(), "8/(3-8/3)", Map.of("target", 24, "numbers", List.of(8, 8, 3, 3))));
    }

    @Test
    void badFieldsAreErrors() {
        assertThrows(IllegalArgumentException.class, () -> score(Map.of(), "1", Map.of("answer", "hello")));
        assertThrows(IllegalArgumentException.class, () -> score(Map.of(), "1", Map.of("target", "hello")));
        assertThrows(IllegalArgumentException.class, () -> score(Map.of(), "1", Map.of()));
    }

    @Test
    void hostileInputsAreWrong() {
        assertEquals(0, score(Map.of(), "9^9^9", COUNTDOWN));
        assertEquals(0, score(Map.of(), "(".repeat(100_000), COUNTDOWN));
        assertEquals(0, score(Map.of(), "-".repeat(9_000) + "1+1", COUNTDOWN));
        assertEquals(0, score(Map.of(), "1".repeat(1_000_000), COUNTDOWN));
        assertEquals(0, score(Map.of(), "1+".repeat(500_000) + "1", COUNTDOWN));
        // Digits, then operators, then no digit: a regular expression would try all pairs of places.
        assertTimeoutPreemptively(Duration.ofMinutes(1), () -> assertEquals(0, score(Map.of(), "1".repeat(3_300)
                + "+".repeat(6_600), COUNTDOWN)));
    }
}
