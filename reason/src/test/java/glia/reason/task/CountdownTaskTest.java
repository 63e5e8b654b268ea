package glia.reason.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.jupiter.api.Test;

class CountdownTaskTest {
    private static final Map<String, Object> FIELDS =
            Map.of("answer", "3*7+11", "numbers", List.of(3, 7, 11), "target", 32);
    private final CountdownTask task = new CountdownTask();

    private boolean isRight(String completion) {
        return task.finalAnswer(completion).filter(answer -> task.isRight(answer, FIELDS)).isPresent();
    }

    @ParameterizedTest
    @ValueSource(strings = {"3*7+11", "11+3*7", "(7*3)+11", "3 × 7 + 11", "3 * 7 + 11 = 32", "32 = 11 + 7 * 3",
        "3 x 7 + 11", "The answer is 3 * 7 + 11.", "To make 32 from 3, 7 and 11: 3*7+11.", "$3 \\times 7 + 11 = 32$",
        "<think>3+7=10, 10+11=21x</think>3*7+11", "we try\n3+7+11=21 no\n\\boxed{3*7+11}", "Answer: 11+(3*7)",
        "**Answer:** 3*7+11", "<answer>3*7+11</answer>", "((3*7))+(11)", "03*7+11", "3·7+11", "try 3+7\nso\n3*7+11"})
    void rightAnswersAreFound(String completion) {
        assertTrue(isRight(completion));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "32", "3*7+11+0", "3*7+11-11+11", "3+7+11", "3*7+12", "3*7+11=33", "3*7+11=32=32",
        "3*7+11 or 11+3*7", "3*7+11, 3+7+11", "3*7=21, 21+11=32", "-3+7", "3*7+11/1", "3*7+11^1", "-(3-7)*8", "96/3",
        "<think>3*7+11</think>", "<think>3*7+11", "3*7+11</think>", "<think>a</think>3+7</think>3*7+11", "4*8", "20+12",
        "Answer: 3*7+11\nAnswer: 3+7+11", "<answer>3*7+11</answer><answer>3*7</answer>", "(3*7+11", "3*7+11)",
        "3**7+11",
        "3.0*7+11", "13,3*7+11", "a3*7+11", "3*7+11%", "√3*7+11", "3*7+11\n3+7", "+3*7+11", "3(7)+11", "=32", "３*7+11",
        "3*7+11=", "0*5+3*7+11", "1*(3*7+11)", "3*7+11 = 21 + 11", "3*7+11²", "hello </think> <think> 3*7+11"})
    void wrongAnswersAreRefused(String completion) {
        assertEquals(false, isRight(completion.equals("3*7+11\n3+7") ? "</think>" + completion : completion));
    }

    @Test
    void answersThatMeanTheSameAreEqual() {
        assertEquals(task.finalAnswer("3*7 + 11 = 32"), task.finalAnswer("so\n3 × 7 + 11."));
    }

    /// The wording, the ranges of levels, and a solution in every problem.
    @Test
    void problemsHaveTheirWordingAndSolutions() {
        for (int level = 1; level <= 5; level++) {
            int max = level == 1 || level == 3 ? 10 : 20;
            String list = level <= 2 ? "\\d+ and \\d+" : level <= 4 ? "\\d+, \\d+ and \\d+"
                    : "\\d+, \\d+, \\d+ and \\d+";
            TaskSet set = TaskSet.of(task, level, 1);
            for (long i = 0; i < 500; i++) {
                Problem problem = set.problem(i % 2 == 0 ? Split.TRAIN : Split.HELD_OUT, i);
                assertTrue(problem.prompt().matches("Use " + list + " to make [1-9]\\d*\\."), problem.prompt());
                assertTrue(Fields.integers(problem.fields(), "numbers").stream().allMatch(n -> n >= 1 && n <= max));
                assertTrue(level != 3 || Fields.integer(problem.fields(), "target") <= 100);
            }
        }
    }

    @Test
    void fieldsOfAWrongTypeAreNamed() {
        String message = assertThrows(IllegalArgumentException.class,
                () -> task.isRight("3*7", Map.of("answer", "", "numbers", "3,7"))).getMessage();
        assertTrue(message.contains("\"numbers\"") && message.contains("expected a list of integers"), message);
    }
}
