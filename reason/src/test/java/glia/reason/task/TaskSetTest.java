package glia.reason.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.reason.reward.Sample;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What holds for every task.
class TaskSetTest {
    private static final int PROBLEMS = 120;
    private static final int SLOW_PROBLEMS = 40;

    static Stream<TaskSet> sets() {
        return tasks().flatMap(task -> Stream.iterate(1, level -> level <= task.levels().size(),
                level -> level + 1).map(level -> TaskSet.of(task, level, 7)));
    }

    /// The answers of `programs` are Python's.
    static Stream<Task> tasks() {
        boolean hasPython = Files.isExecutable(Path.of("/usr/bin/python3"));
        return Tasks.ALL.stream().filter(task -> hasPython || !task.name().equals("programs"));
    }

    /// Tasks without pictures, which have traces.
    static Stream<Task> tasksOfTexts() {
        return tasks().filter(task -> !isDrawn(TaskSet.of(task, 1, 7)));
    }

    /// Whether problems are drawn, or computed by Python.
    private static boolean isSlow(TaskSet set) {
        return set.name().startsWith("programs") || isDrawn(set);
    }

    private static boolean isDrawn(TaskSet set) {
        return !set.problem(Split.TRAIN, 0).pictures().isEmpty();
    }

    @ParameterizedTest
    @MethodSource("sets")
    void problemsAreFunctionsOfTheirIdsAndTheirAnswersAreRight(TaskSet set) {
        Set<Object> prompts = new HashSet<>();
        int problems = isSlow(set) ? SLOW_PROBLEMS : PROBLEMS;
        for (Split split : Split.values()) {
            for (long i = 0; i < problems; i++) {
                Problem problem = set.problem(split, i);
                assertEquals(problem, TaskSet.problem(problem.id()));
                prompts.add(problem.question());
                assertEquals(OptionalDouble.of(1), score(set, problem, problem.answer()), problem::toString);
                assertEquals(OptionalDouble.of(1), score(set, problem, "<think>\nHm: 5.</think>\n" + problem.answer()));
                assertEquals(OptionalDouble.of(0), score(set, problem, "<think>" + problem.answer()));
                assertEquals(OptionalDouble.of(0), score(set, problem, "I do not know"));
                assertEquals(OptionalDouble.of(0), score(set, problem, ""));
                assertTrue(split.holds(set.name(), problem.canonical()));
                assertNotEquals(split == Split.TRAIN, Split.HELD_OUT.holds(set.name(), problem.canonical()));
            }
        }
        assertTrue(prompts.size() > 25, set.minLevel() + ": " + prompts.size() + " different problems");
        TaskSet other = TaskSet.of(set.task(), set.minLevel(), 8);
        assertNotEquals(List.of(set.problem(Split.TRAIN, 0).question(), set.problem(Split.TRAIN, 1).question()),
                List.of(other.problem(Split.TRAIN, 0).question(), other.problem(Split.TRAIN, 1).question()));
    }

    private static OptionalDouble score(TaskSet set, Problem problem, String completion) {
        return set.verifier().score(problem.sample(completion, 1, true));
    }

    /// Over all levels and several seeds no canonical form and no prompt is in both splits, and the hash that decides
    /// is SHA-256 as documented.
    @ParameterizedTest
    @MethodSource("tasks")
    void trainingAndHeldOutAreDisjointByHash(Task task) throws Exception {
        Set<String> train = new HashSet<>();
        Set<String> heldOut = new HashSet<>();
        Set<Object> trainPrompts = new HashSet<>();
        Set<Object> heldOutPrompts = new HashSet<>();
        for (long seed = 0; seed < 3; seed++) {
            TaskSet set = new TaskSet(task, 1, task.levels().size(), seed);
            for (long i = 0; i < (isSlow(set) ? 120 : 400); i++) {
                Problem problem = set.problem(Split.TRAIN, i);
                train.add(problem.canonical());
                trainPrompts.add(problem.question());
                Problem other = set.problem(Split.HELD_OUT, i);
                heldOut.add(other.canonical());
                heldOutPrompts.add(other.question());
            }
        }
        for (String canonical : train) {
            assertFalse(heldOut.contains(canonical), canonical);
            assertTrue(firstByte(task, canonical) >= 0x33, canonical);
        }
        for (String canonical : heldOut) {
            assertTrue(firstByte(task, canonical) < 0x33, canonical);
        }
        trainPrompts.retainAll(heldOutPrompts);
        assertEquals(Set.of(), trainPrompts);
    }

    private static int firstByte(Task task, String canonical) throws Exception {
        byte[] digest = MessageDigest.getInstance("SHA-256")
                .digest((task.name() + ":" + canonical).getBytes(StandardCharsets.UTF_8));
        assertEquals(HexFormat.of().formatHex(digest), Split.hash(task.name(), canonical));
        return digest[0] & 0xFF;
    }

    /// A megabyte of anything is answered at once and never right.
    @ParameterizedTest
    @MethodSource("tasks")
    void hostileCompletionsAreWrong(Task task) {
        Problem problem = TaskSet.of(task, 1, 3).problem(Split.HELD_OUT, 0);
        List<String> parts = List.of("(", ")", "1", "9", "-", "1+", "(1+", "((1)", "<think>", "</think>", "\\boxed{",
                "<answer>", "</answer>", "\n", " ", "Answer: 1\nAnswer: 2\n", "= ", ",", "x = 1 or ", "\uD800",
                "\u0000", "{", "*/",
                "Answer:", "^2", "\\frac{", "a", "A is a knight, ", problem.answer() + " ; ");
        long start = System.nanoTime();
        for (String part : parts) {
            String text = part.repeat(200_000 / part.length());
            for (String completion : List.of(text, "<think>" + text + "</think>" + text, "</think>" + text.substring(
                    0, 1_900), problem.answer() + text, "</think>" + text + problem.answer())) {
                OptionalDouble score = task.verifier().score(problem.sample(completion, 1, true));
                assertTrue(text.isBlank() || score.equals(OptionalDouble.of(0)), () -> part + " is right, like "
                        + problem.answer());
            }
        }
        long seconds = (System.nanoTime() - start) / 1_000_000_000;
        assertTrue(seconds < 10, seconds + " s");
    }

    @ParameterizedTest
    @MethodSource("tasks")
    void samplesOfOtherTasksDoNotApply(Task task) {
        assertEquals(OptionalDouble.empty(), task.verifier().score(new Sample("", "5", 1, true, Map.of())));
    }

    @Test
    void rangesOfLevelsAreInEqualShares() {
        TaskSet set = TaskSet.of("countdown:2-4", 5);
        long three = 0;
        for (long i = 0; i < 900; i++) {
            Problem problem = set.problem(Split.TRAIN, i);
            assertEquals(problem, TaskSet.problem("countdown/2-4/train/5/" + i));
            three += problem.prompt().contains(",") ? 1 : 0;
        }
        assertTrue(three > 540 && three < 660, three + " of 900 have three numbers");
    }

    @Test
    void wrongNamesLevelsAndIdsAreNamed() {
        assertError("there is no task 'countdwn'", () -> TaskSet.of("countdwn", 0));
        assertError("Did you mean countdown?", () -> TaskSet.of("countdwn:2", 0));
        assertError("countdown has the levels 1 to 5", () -> TaskSet.of("countdown:6", 0));
        assertError("countdown has the levels 1 to 5", () -> TaskSet.of("countdown:3-2", 0));
        assertError("found 'x', expected a level", () -> TaskSet.of("countdown:x", 0));
        assertError("found '', expected a level", () -> TaskSet.of("countdown:1-", 0));
        assertError("is not the id of a problem", () -> TaskSet.problem("countdown"));
        assertError("'tests' is not a split", () -> TaskSet.problem("countdown/4/tests/0/1"));
        assertError("found the index 'a', expected an integer", () -> TaskSet.problem("countdown/4/train/0/a"));
        assertError("expected countdown/4/train/0/1", () -> TaskSet.problem("countdown/4/train/0/01"));
        assertError("found the index -1", () -> TaskSet.problem("countdown/4/train/0/-1"));
    }

    private static void assertError(String part, org.junit.jupiter.api.function.Executable code) {
        String message = assertThrows(IllegalArgumentException.class, code).getMessage();
        assertTrue(message.contains(part), message);
    }
}
