package glia.reason.task;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Which answers are right, beyond the ones that problems give.
class TaskAnswersTest {
    private static void assertAnswers(String task, Map<String, Object> fields, List<String> right, List<String> wrong) {
        for (String text : right) {
            assertEquals(true, isRight(task, fields, text), task + ": " + text);
        }
        for (String text : wrong) {
            assertEquals(false, isRight(task, fields, text), task + ": " + text);
        }
    }

    private static boolean isRight(String name, Map<String, Object> fields, String text) {
        Task task = Tasks.named(name);
        return task.finalAnswer("</think>" + text).filter(answer -> task.isRight(answer, fields)).isPresent();
    }

    /// The same answers in LaTeX, with spaces that do not break, and with signs that models like.
    @Test
    void layoutDoesNotCount() {
        assertAnswers("linear", Map.of("answer", "x = -18/11", "solution", "-18/11"),
                List.of("x = -\\frac{18}{11}", "\\(x = \\dfrac{-18}{11}\\)", "x = −\\tfrac {18} {11}", "x = 18/-11",
                        "x = \\frac{18}{-11}", "x = -(18/11)", "x = (-18)/11", "x = -18 / 11", "x = -18\u204411",
                        "x\u00A0=\u00A0-18/11", "$x = -\\frac{18}{11} \\approx -1.64$", "x = -18/11 ≈ -1.636",
                        "\\boxed{x = -\\frac{18}{11}}"),
                List.of("x = \\frac{-18}{-11}", "x = -(-18)/11", "2 x = -18/11", "√x = -18/11", "sin x = -18/11",
                        "x = 5-(18/11)", "x = 3 18/-11", "x ≈ -18/11", "x = -18 ≈ -18/11", "x = -18/11 x",
                        "x = -18/11 thousand", "|x| = -18/11", "x = \\frac{18}{11}", "x = -\\frac{18}{0}"));
        assertAnswers("linear", Map.of("answer", "x = 1/2", "solution", "1/2"), List.of("x = \\frac12"),
                List.of("x = \\frac123", "x = \\frac21"));
        assertAnswers("quadratic", Map.of("answer", "", "roots", List.of(-3, 1)),
                List.of("x = -3 \\lor x = 1", "x = -3 ∨ x = 1", "x = −3\u00A0or\u202Fx = 1",
                        "\\[x = -3 \\quad\\text{or}\\quad x = 1\\]", "x \\in \\left\\{-3, 1\\right\\}", "x = -3 x = 1",
                        "$x_{1} = -3,\\; x_{2} = 1$", "It is -3 or 1!"),
                List.of("x = -3 i or x = 1 i", "x = -3 pi or x = 1", "x = -3! or x = 1", "x = -3...1", "x = -3 x or 1",
                        "x = -3 or x = 1 is false", "x = -3 is wrong, x = 1 is wrong", "x = -3 π or 1",
                        "|x| = -3, 1"));
        assertAnswers("countdown", Map.of("answer", "", "numbers", List.of(3, 7, 11), "target", 32),
                List.of("\\(3 \\times 7 + 11\\)", "\\left(3 \\cdot 7\\right) + 11 = 32", "3\u00A0*\u00A07\u202F+ 11",
                        "We get 3*7+11 = 32 ✓"),
                List.of("\\left(3*7+11", "3*7+\\frac{11}{1}", "3*7+11 \\lor 3+7+11"));
        assertAnswers("arithmetic", Map.of("answer", "961531"), List.of("$961{,}531$", "961\\,531",
                "961\u202F531", "\\text{The result is } 961531"), List.of("961 531", "961 53 1",
                "9 61531", "96 1531", "961 531 2", "961531 million", "961531 or nothing", "961531.961 531"));
        assertAnswers("sorting", Map.of("answer", "", "order", List.of("-3", "5", "20")),
                List.of("-3 5 20", "-3 → 5 → 20",
                        "-3 \\lt 5 \\leq 20", "-3\n5\n20", "-3 -> 5 -> 20", "−3\u00A05\u00A020"),
                List.of("-3 5 - 20", "-3 5 + 20", "5 -3 20"));
        assertAnswers("strings", Map.of("answer", "tenalp"), List.of("\\text{tenalp}", "\\boxed{\\text{tenalp}}",
                "\\(\\mathrm{tenalp}\\)"), List.of("\\text{tena}\\text{lp}"));
        assertAnswers("deduction", Map.of("answer", "", "kinds", Map.of("Ann", "knight")), List.of("Ann is a knight"),
                List.of("maybe Ann is a knight", "Ann might be a knight"));
    }

    /// Without thoughts the last line counts, which may be fenced.
    @Test
    void fencedLines() {
        assertEquals(Optional.of("3*7+11"), Tasks.named("countdown").finalAnswer("So:\n```\n3*7+11\n```\n"));
        assertEquals(Optional.of("[1, 2]"), Tasks.named("programs").finalAnswer("```python\n[1, 2]\n```"));
    }

    @Test
    void linear() {
        assertAnswers("linear", Map.of("answer", "x = 7/3", "solution", "7/3"),
                List.of("x = 7/3", "7/3", "x=14/6", "The solution of 3x + 5 = 12 is x = 7/3.", "\\boxed{\\frac{7}{3}}"),
                List.of("x = 2.333", "x = -7/3", "-x = 7/3", "3x = 7", "2x = 7/3", "x = 7/3 or x = 1", "x = 7/3, 1",
                        "x = 1; x = 7/3", "3x - 7/3 = 7/3", "x = 7", "x - 7/3 = 7/3", "x ≈ 7/3", "x = 7/0",
                        "5x = 7/3"));
    }

    @Test
    void sorting() {
        assertAnswers("sorting", Map.of("answer", "", "order", List.of("-3", "5", "20")),
                List.of("-3, 5, 20", "-3,5,20", "[-3, 5, 20]", "-3, 5 and 20", "-3 < 5 < 20",
                "The order is: -3, 5, 20.",
                        "Sorted: −3, 5, 20"),
                List.of("-3, 5", "5, -3, 20", "-3, 5, 20, 20", "3, 5, 20", "-3+5+20", "20, 5, -3"));
        assertAnswers("sorting", Map.of("answer", "", "order", List.of("ab", "ba", "cd")),
                List.of("ab, ba, cd", "Ab, Ba and Cd.", "sorted: ab ba cd", "[\"ab\", \"ba\", \"cd\"]"),
                List.of("ba, ab, cd", "ab, ba", "ab, ba, cd, cd", "ab ba or cd"));
    }

    @Test
    void deduction() {
        assertAnswers("deduction", Map.of("answer", "", "kinds", Map.of("Ann", "knight", "Ben", "knave", "Eva",
                "knave")),
                List.of("Ann is a knight, Ben is a knave, Eva is a knave",
                "Ben and Eva are knaves, and Ann is a knight.",
                        "Knights: Ann. Knaves: Ben, Eva", "Ann: knight\nBen: knave\nEva: knave", "Ann = knight, Ben = "
                                + "knave, Eva = knave", "Knaves: Eva, Ben; Knights: Ann",
                                "**Ann**: knight, **Ben**: knave,"
                                + " **Eva**: knave"),
                List.of("Ann is a knight", "Ann is a knight, Ben is a knave",
                "Ann is not a knave, Ben is a knave, Eva is "
                        + "a knave", "Ann is a knight, Ann is a knave, Ben is a knave, Eva is a knave",
                        "Ann is a knave, "
                        + "Ben is a knave, Eva is a knave",
                        "Ann is a knight or a knave, Ben is a knave, Eva is a knave",
                        "Ann isn't a knave, Ben is a knave, Eva is a knave", "all are knaves", "Ann, Ben, Eva",
                        "Ann is a knight, Ben is a knave, Eva is a knave, Dan is a knave", "knight knave knave"));
    }

    @Test
    void ordering() {
        assertAnswers("ordering", Map.of("answer", "", "order", List.of("Cora", "Ann", "Ben")),
                List.of("Cora, Ann, Ben", "First Cora, then Ann and then Ben.", "Cora > Ann > Ben", "1. Cora\n2. Ann\n"
                        + "3. Ben"),
                List.of("Cora, Ann", "Ann, Cora, Ben", "Cora, Ann, Ben, Cora", "Ben < Ann < Cora",
                "Cora, Ann, Ben, Dan",
                        "not Cora, Ann, Ben", "Ben after Ann after Cora", "Cora, Ann or Ben", "cora, ann, ben"));
    }

    @Test
    void strings() {
        assertAnswers("strings", Map.of("answer", "tenalp"),
                List.of("tenalp", "\"tenalp\"", "The result is \"tenalp\".", "`tenalp`", "TENALP", "tenalp."),
                List.of("planet", "\"tenalp\" or \"planet\"", "tenal", "ten alp", "it is tenalp or planet"));
        assertAnswers("strings", Map.of("answer", "2"), List.of("2", "It occurs 2 times.", "\"2\""), List.of("3",
                "2 or 3"));
    }

    @Test
    void programs() {
        assertAnswers("programs", Map.of("answer", "[1, 2]"),
                List.of("[1, 2]", "`[1, 2]`", "It prints [1, 2]", "```\n[1, 2]\n```", "Output: [1, 2]"),
                List.of("[1, 3]", "[1, 2]\n[1, 2]", "1, 2", "[1, 2] or [1, 3]", ""));
        assertAnswers("programs", Map.of("answer", "-7"),
                List.of("-7", "The program prints -7.", "It prints: `-7`", "the value is -7"), List.of("7", "-7 or 7",
                "-7 -7"));
    }

    @Test
    void numbers() {
        assertAnswers("word-problems", Map.of("answer", "1200"), List.of("1200", "Ann has 1,200 apples.",
                "40 * 30 = 1200"),
                List.of("1,20", "120", "1200 or 1300", "about 1200 or so"));
        assertAnswers("arithmetic", Map.of("answer", "-5"), List.of("-5", "−5", "2 - 7 = -5", "-10/2"), List.of("5",
                "2 - 7",
                "- 5 - 0"));
    }
}
