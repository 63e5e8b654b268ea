package glia.reason.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.reason.task.Split;
import glia.reason.task.Task;
import glia.reason.task.TaskSet;
import glia.reason.task.Tasks;
import glia.reason.trace.Trace;
import glia.reason.trace.TraceOptions;
import glia.reason.trace.TraceSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ReflectionWordsTest {
    private static final int TRACES = 200;

    static Stream<Task> tasks() {
        return TraceSet.names().stream().map(Tasks::named);
    }

    /// Solvers record whether they verify, and write `wait` after results that they reject.
    @ParameterizedTest
    @MethodSource("tasks")
    void sharesAreThoseThatSolversRecord(Task task) {
        TraceSet set = new TraceSet(new TaskSet(task, 1, task.levels().size(), 3),
                TraceOptions.MIXED.with(0.5, 0.1, 8));
        List<String> completions = new ArrayList<>();
        int verified = 0;
        int backtracking = 0;
        for (int i = 0; i < TRACES; i++) {
            Trace trace = set.trace(Split.TRAIN, i);
            completions.add(trace.completion());
            verified += trace.isVerified() ? 1 : 0;
            backtracking += trace.thoughts().lines().anyMatch(l -> l.equals("wait") || l.endsWith(", wait")) ? 1 : 0;
        }
        Map<String, Double> shares = ReflectionWords.DEFAULT.shares(completions);
        assertEquals((double) verified / TRACES, shares.get("words/verification"), 1e-12);
        assertEquals((double) backtracking / TRACES, shares.get("words/backtracking"), 1e-12);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "Let me verify this. Wait, no.               | 1 | 1",
        "VERIFYING: 3*4=12; However\u2014that is off | 1 | 1",
        "Let me double-check it                      | 1 | 0",
        "a checkerboard, the waiter, an awaited word | 0 | 0",
        "recheck2 precheck check5                    | 0 | 0",
        "wait5 éwait                                 | 0 | 0",
        "I try  again                                | 0 | 1",
        "(check) 'wait'                              | 1 | 1",
        "''                                          | 0 | 0"})
    void wordsHaveBounds(String completion, double verification, double backtracking) {
        Map<String, Double> shares = ReflectionWords.DEFAULT.shares(List.of(completion));
        assertEquals(Map.of("words/verification", verification, "words/backtracking", backtracking), shares);
    }

    @Test
    void listsMayBeOthersOrEmpty() {
        ReflectionWords words = ReflectionWords.of(List.of(), List.of("a.b*", "mais non"));
        assertEquals(Map.of("words/backtracking", 0.5),
                words.shares(List.of("A.BC", "axb", "Mais\nnon", "mais nonne")));
        assertEquals(Map.of("words/backtracking", 0.0), words.shares(List.of()));
        for (String blank : List.of("", " ", "*", " *")) {
            Exception e = assertThrows(IllegalArgumentException.class,
                    () -> ReflectionWords.of(List.of("x", blank), List.of()));
            assertTrue(e.getMessage().contains("found the word '" + blank + "'"), e.getMessage());
        }
    }
}
