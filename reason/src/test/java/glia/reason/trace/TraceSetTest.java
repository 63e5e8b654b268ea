package glia.reason.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.reason.task.Split;
import glia.reason.task.Task;
import glia.reason.task.TaskSet;
import glia.reason.task.Tasks;
import java.util.HashSet;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TraceSetTest {
    private static final int TRACES = 150;
    private static final Pattern CALCULATION =
            Pattern.compile("(?<![\\d+*:-])(?<![ +*-]-)(-?\\d+)([+*-])\\(?(-?\\d+)\\)?=(-?\\d+)(?![\\d*+-])");

    private static TraceSet all(Task task, TraceOptions options) {
        return new TraceSet(new TaskSet(task, 1, task.levels().size(), 5), options);
    }

    private static double share(TraceSet set, Predicate<Trace> what) {
        int count = 0;
        for (int i = 0; i < TRACES; i++) {
            count += what.test(set.trace(Split.TRAIN, i)) ? 1 : 0;
        }
        return (double) count / TRACES;
    }

    @Test
    void allTasksOfTextsHaveTraces() {
        assertEquals(Tasks.ALL.stream().filter(task -> TaskSet.of(task, 1, 7).problem(Split.TRAIN, 0).pictures()
                .isEmpty()).map(Task::name).collect(Collectors.toSet()), TraceSet.names());
    }

    @ParameterizedTest
    @MethodSource("glia.reason.task.TaskSetTest#tasksOfTexts")
    void tracesAreFunctionsOfSeedAndIndexAndTheirAnswersAreScored(Task task) {
        TraceSet set = all(task, TraceOptions.MIXED);
        Set<Strategy> strategies = new HashSet<>();
        Set<Boolean> right = new HashSet<>();
        for (int i = 0; i < TRACES; i++) {
            Trace trace = set.trace(Split.TRAIN, i);
            assertEquals(trace, all(task, TraceOptions.MIXED).trace(Split.TRAIN, i));
            assertEquals(set.set().problem(Split.TRAIN, i), trace.problem());
            assertEquals(OptionalDouble.of(trace.isRight() ? 1 : 0), set.set().verifier().score(
                    trace.problem().sample(trace.completion(), 1, true)), trace::completion);
            assertFalse(trace.thoughts().contains("think>"));
            assertEquals(trace.isVerified(), trace.thoughts().contains("check "), trace::completion);
            strategies.add(trace.strategy());
            right.add(trace.isRight());
        }
        assertEquals(TraceOptions.MIXED.weights().keySet(), strategies);
        assertEquals(Set.of(true, false), right);
        assertFalse(set.trace(Split.HELD_OUT, 0).problem().equals(set.trace(Split.TRAIN, 0).problem()));
    }

    /// Better strategies are right more often, and derivations without slips always.
    @ParameterizedTest
    @MethodSource("glia.reason.task.TaskSetTest#tasksOfTexts")
    void strategiesDifferInQuality(Task task) {
        TraceOptions options = TraceOptions.MIXED.with(0, 0, 400);
        double guess = share(all(task, options.withQuality("guess")), Trace::isRight);
        double random = share(all(task, options.with(0, 0, 3).withQuality("random")), Trace::isRight);
        double pruned = share(all(task, options.withQuality("pruned")), Trace::isRight);
        assertTrue(guess < 0.45, guess + " of guesses are right");
        assertTrue(random < 0.95, random + " of random traces are right");
        assertTrue(pruned >= (task.name().equals("countdown") ? 0.93 : 1), pruned + " of pruned traces are right");
        assertTrue(guess < pruned && random < pruned);
    }

    /// Without slips every calculation is right; with many slips some are not, and verification finds wrong answers.
    @ParameterizedTest
    @MethodSource("glia.reason.task.TaskSetTest#tasksOfTexts")
    void calculationsAreRightWithoutSlips(Task task) {
        TraceOptions options = TraceOptions.MIXED.with(1, 0, 12);
        assertEquals(0, share(all(task, options), TraceSetTest::hasWrongCalculation));
        if (share(all(task, options), trace -> CALCULATION.matcher(trace.thoughts()).find()) > 0.3) {
            TraceOptions careless = TraceOptions.MIXED.with(0, 0.3, 40).withQuality("pruned");
            assertTrue(share(all(task, careless), TraceSetTest::hasWrongCalculation) > 0.1);
            double unverified = share(all(task, careless), Trace::isRight);
            double verified = share(all(task, careless.with(1, 0.3, 40)), Trace::isRight);
            assertTrue(verified > unverified, unverified + " right, with verification " + verified);
        }
    }

    private static boolean hasWrongCalculation(Trace trace) {
        Matcher matcher = CALCULATION.matcher(trace.thoughts());
        while (matcher.find()) {
            long expected = Scratchpad.exact(Long.parseLong(matcher.group(1)), matcher.group(2).charAt(0),
                    Long.parseLong(matcher.group(3)));
            if (expected != Long.parseLong(matcher.group(4))) {
                return true;
            }
        }
        return false;
    }

    @ParameterizedTest
    @MethodSource("glia.reason.task.TaskSetTest#tasksOfTexts")
    void directAnswersAreRightAndHaveNoThoughts(Task task) {
        TraceSet set = all(task, TraceOptions.MIXED.with(1, 0.5, 1).withQuality("direct"));
        for (int i = 0; i < TRACES; i++) {
            Trace trace = set.trace(Split.TRAIN, i);
            assertEquals(trace.answer(), trace.completion());
            assertTrue(trace.isRight() && !trace.isVerified() && trace.thoughts().isEmpty(), trace::completion);
        }
    }

    @Test
    void weightsAreSharesOfTraces() {
        TraceSet set = new TraceSet(TaskSet.of("countdown", 1), TraceOptions.MIXED.withQuality("guess:1, pruned:3"));
        double guesses = share(set, trace -> trace.strategy() == Strategy.GUESS);
        assertTrue(guesses > 0.15 && guesses < 0.35, guesses + " are guesses");
        assertEquals(1, share(set, trace -> trace.strategy() == Strategy.GUESS || trace.strategy() == Strategy.PRUNED));
        double verified = share(new TraceSet(TaskSet.of("quadratic", 1),
                TraceOptions.MIXED.with(0.4, 0, 40).withQuality("ordered")), Trace::isVerified);
        assertTrue(verified > 0.28 && verified < 0.52, verified + " verify");
    }

    @Test
    void attemptsAreBounded() {
        TraceSet set = new TraceSet(TaskSet.of("countdown:1-5", 1), TraceOptions.MIXED.with(0.5, 0.1, 3));
        for (int i = 0; i < 300; i++) {
            Trace trace = set.trace(Split.TRAIN, i);
            assertTrue(trace.attempts() <= 3 && trace.thoughts().lines().count() <= 6, trace::completion);
        }
    }

    @Test
    void wrongOptionsAreNamed() {
        assertError("Did you mean pruned?", () -> TraceOptions.MIXED.withQuality("prunned"));
        assertError("has no weight that is a number", () -> TraceOptions.MIXED.withQuality("random:x"));
        assertError("twice", () -> TraceOptions.MIXED.withQuality("random,random:2"));
        assertError("expected positive", () -> TraceOptions.MIXED.withQuality("random:0"));
        assertError("not a strategy", () -> TraceOptions.MIXED.withQuality(""));
        assertError("expected a share from 0 to 1", () -> TraceOptions.MIXED.with(2, 0, 1));
        assertError("expected a share from 0 to 1", () -> TraceOptions.MIXED.with(0, Double.NaN, 1));
        assertError("expected 1 at least", () -> TraceOptions.MIXED.with(0, 0, 0));
    }

    private static void assertError(String part, Executable code) {
        String message = assertThrows(IllegalArgumentException.class, code).getMessage();
        assertTrue(message.contains(part), message);
    }
}
