package glia.reason.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QuadraticTaskTest {
    private final QuadraticTask task = new QuadraticTask();

    private boolean isRight(String completion, Integer... roots) {
        Map<String, Object> fields = Map.of("answer", "", "roots", List.of(roots));
        return task.finalAnswer(completion).filter(answer -> task.isRight(answer, fields)).isPresent();
    }

    @ParameterizedTest
    @ValueSource(strings = {"x = -2 or x = 3", "x = 3, x = -2", "x=3 or x=-2", "-2, 3", "{-2, 3}", "3 and -2",
        "x1 = -2, x2 = 3", "x_1 = -2 and x_2 = 3", "x₁ = −2, x₂ = 3", "$x_{1} = -2$, $x_{2} = 3$", "x ∈ {-2, 3}",
        "The solutions are x = -2 and x = 3.", "x = -4/2 or x = 3.0", "\\boxed{-2, 3}", "\\(x = 3\\) or \\(x = -2\\)",
        "<think>(x-3)(x+2)</think>x = -2 or x = 3", "The roots of x^2 - x - 6 = 0 are -2 and 3.", "(-2, 3)",
        "x = \\frac{-4}{2} \\text{ or } x = 3", "**x = -2** or **x = 3**", "Answer: x = -2, 3", "x = 3 or x = - 2"})
    void bothRootsAreFound(String completion) {
        assertTrue(isRight(completion, -2, 3));
    }

    @ParameterizedTest
    @ValueSource(strings = {"x = -2", "x = 3", "2, 3", "-2, 3, 4", "(x+2)(x-3)", "(x+2)(x-3) = 0", "x - 2, 3",
            "x -2, 3",
        "x = 1 - 3 or x = 3", "x = -2 or x = 3 or x = 5", "x ≠ -2, 3", "not -2, 3", "x isn't -2 or 3", "-2 < x < 3",
        "x = -2\nx = 5\nx = 3", "x = √4", "-2x, 3", "x^2 = -2, 3", "-2 + 0, 3", "3-2", "x = 3 -2", "2 - 2 3",
        "1(-2), 3",
        "x = --2 or x = 3", "-2, 3!2", "-23", "x = -2 or x = 3i", "x = -2e0, 3", "x = -2, y3", "sqrt 9, -2", "-2 3"})
    void otherAnswersAreWrong(String completion) {
        assertFalse(isRight("</think>" + completion, -2, 3));
    }

    @Test
    void doubleRootsAndSignsOfBothKinds() {
        assertTrue(isRight("x = 3 (double root)", 3));
        assertTrue(isRight("x = 3 or x = 3", 3));
        assertTrue(isRight("x = ±3", -3, 3));
        assertTrue(isRight("x = \\pm 3", -3, 3));
        assertFalse(isRight("x = ±3", 3));
        assertFalse(isRight("x = 1 ± 2", -1, 3));
        assertEquals(task.finalAnswer("x = 3 or x = -2"), task.finalAnswer("-2 and 3"));
    }

    /// The equation is that of the roots, in the wording of its level.
    @Test
    void equationsHaveTheirRoots() {
        for (int level = 1; level <= 3; level++) {
            TaskSet set = TaskSet.of(task, level, 11);
            for (long i = 0; i < 500; i++) {
                Problem problem = set.problem(Split.TRAIN, i);
                List<Long> abc = Fields.integers(problem.fields(), "coefficients");
                for (long root : Fields.integers(problem.fields(), "roots")) {
                    assertEquals(0, abc.get(0) * root * root + abc.get(1) * root + abc.get(2), problem.prompt());
                    assertTrue(Math.abs(root) <= 9);
                    String equation = problem.prompt().substring("Solve ".length(), problem.prompt().length() - 1);
                    assertEquals(evaluate(equation.split(" = ")[0], root), evaluate(equation.split(" = ")[1], root));
                }
                if (level == 1) {
                    assertTrue(problem.prompt().matches("Solve x\\^2( [+-] \\d*x)?( [+-] \\d+)? = 0\\."),
                            problem.prompt());
                    assertFalse(problem.prompt().matches(".*\\b[01]x.*"), problem.prompt());
                }
            }
        }
    }

    /// The value of a polynomial by its text.
    private static long evaluate(String text, long x) {
        long sum = 0;
        for (String term : text.replace(" ", "").replace("-", "+-").split("\\+")) {
            if (!term.isEmpty()) {
                String number = term.replaceAll("x.*", "");
                long value = number.isEmpty() ? 1 : number.equals("-") ? -1 : Long.parseLong(number);
                sum += value * (term.contains("^2") ? x * x : term.contains("x") ? x : 1);
            }
        }
        return sum;
    }

    @Test
    void theWordingIsExact() {
        assertEquals("x^2 - 5x + 6", LinearTask.Polynomials.quadratic(1, -5, 6));
        assertEquals("x^2", LinearTask.Polynomials.quadratic(1, 0, 0));
        assertEquals("-x^2 + x - 1", LinearTask.Polynomials.quadratic(-1, 1, -1));
        assertEquals("0", LinearTask.Polynomials.quadratic(0, 0, 0));
    }

    /// Every pair of roots is in one of the splits.
    @Test
    void allRootsAreDrawn() {
        Set<String> canonical = new HashSet<>();
        TaskSet set = TaskSet.of(task, 1, 0);
        for (long i = 0; i < 2_000; i++) {
            canonical.add(set.problem(Split.TRAIN, i).canonical());
            canonical.add(set.problem(Split.HELD_OUT, i).canonical());
        }
        assertEquals(190, canonical.size());
    }
}
