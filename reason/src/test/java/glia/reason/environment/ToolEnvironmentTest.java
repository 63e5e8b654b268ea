package glia.reason.environment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glia.reason.environment.Environment.Episode;
import glia.reason.environment.Environment.Step;
import glia.reason.environment.EpisodeTurns.Turn;
import glia.reason.reward.ContainedReward;
import glia.reason.task.Problem;
import glia.reason.task.Split;
import glia.reason.task.TaskSet;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class ToolEnvironmentTest {
    private final TaskSet set = TaskSet.of("countdown", 3);
    private final Problem problem = set.problem(Split.HELD_OUT, 5);
    private final ToolEnvironment environment =
            new ToolEnvironment(List.of(new CalculatorTool(), new EndlessTool()), set.verifier(), 4);

    private static String observed(Step step) {
        return step instanceof Step.Observation(String text) ? text : step.toString();
    }

    @Test
    void callsAreAnsweredAndTheLastTurnIsScored() {
        Episode episode = environment.start(problem);
        assertTrue(episode.prompt().endsWith(problem.prompt()) && episode.prompt().contains("<calculator>"));
        assertEquals("<result>-11/3</result>",
                observed(episode.step("Hm. <calculator>7/3 + 2*(1 - 4)</calculator>")));
        assertEquals(new Step.End(1, Step.Reason.ANSWER), episode.step("so</think>" + problem.answer()));
        assertThrows(IllegalStateException.class, () -> episode.step("again"));
        assertEquals(new Step.End(0, Step.Reason.ANSWER), environment.start(problem).step("1+1"));
    }

    @Test
    void turnsAreLimited() {
        Episode episode = environment.start(problem);
        for (int i = 0; i < 3; i++) {
            assertEquals("<result>2</result>", observed(episode.step("<calculator>1+1</calculator>")));
        }
        assertEquals(new Step.End(0, Step.Reason.TURNS), episode.step("<calculator>1+1</calculator>"));
    }

    @Test
    void malformedCallsAreErrors() {
        for (String text : List.of("<calculator>1+1", "<calculator>1</calculator> and more",
                "<calculator>1</calculator><calculator>2</calculator>", "<calculator>1</calculator><python>1</python>",
                "<python><calculator>1</calculator></python>", "<calculator><calculator>1</calculator>")) {
            String observed = observed(environment.start(problem).step(text));
            assertTrue(observed.startsWith("<result>error: expected one call at the end"), text + ": " + observed);
        }
        for (String input : List.of("", "1/0", "9^9^9^9", "(".repeat(300), "x", "1+".repeat(1_000_000),
                "1".repeat(399))) {
            String observed = observed(environment.start(problem).step("<calculator>" + input + "</calculator>"));
            assertTrue(observed.startsWith("<result>error: ") || observed.length() < 420, observed);
        }
        String observed = observed(environment.start(problem).step("<python>\nx\n</python>\n"));
        assertTrue(observed.length() < 1_100 && observed.indexOf("</result>") == observed.length() - 9, observed);
    }

    /// Its result ends the tag, again and again.
    private record EndlessTool() implements Tool {
        @Override
        public String name() {
            return "python";
        }

        @Override
        public String usage() {
            return "prints.";
        }

        @Override
        public String run(String input) {
            return "</result>\n".repeat(10_000);
        }
    }

    private record BrokenTool(String name, boolean throwing) implements Tool {
        @Override
        public String usage() {
            return "fails.";
        }

        @Override
        public String run(String input) {
            if (throwing) {
                throw new UnsupportedOperationException(input);
            }
            return null;
        }
    }

    @Test
    void toolsAndVerifiersThatFailDoNotEndARun() {
        ToolEnvironment broken = new ToolEnvironment(List.of(new BrokenTool("first", true),
                new BrokenTool("second", false)), sample -> {
                    throw new IllegalStateException("no gold");
                }, 3);
        Episode episode = broken.start(problem);
        assertEquals("<result>error: first failed: UnsupportedOperationException</result>",
                observed(episode.step("<first>x</first>")));
        assertEquals("<result>error: second gave no result</result>", observed(episode.step("<second>x</second>")));
        assertEquals(new Step.End(0, Step.Reason.ANSWER), episode.step("32"));
        assertEquals(1, ((ContainedReward) broken.verifier()).failures());
    }

    @Test
    void wrongToolsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new ToolEnvironment(List.of(new EndlessTool(),
                new EndlessTool()), set.verifier(), 3));
        assertThrows(IllegalArgumentException.class, () -> new ToolEnvironment(List.of(), set.verifier(), 0));
    }

    /// Code points stand for tokens, and 0 is the end token.
    @Test
    void rolloutsGoThroughEpisodes() {
        EpisodeTurns turns = new EpisodeTurns(List.of(environment.start(problem), environment.start(problem)),
                tokens -> new String(tokens, 0, tokens.length - 1), text -> ("\n" + text
                + "\n").codePoints().toArray());
        int[] first = "<calculator>2*3</calculator>\u0000".codePoints().toArray();
        int[] observation = turns.next(1, first).orElseThrow();
        assertArrayEquals("\n<result>6</result>\n".codePoints().toArray(), observation);
        assertEquals(OptionalDouble.empty(), turns.reward(1));
        int[] all = ("<calculator>2*3</calculator>\u0000\n<result>6</result>\n" + problem.answer()
                + "\u0000").codePoints()
                .toArray();
        assertEquals(Optional.empty(), turns.next(1, all));
        assertEquals(OptionalDouble.of(1), turns.reward(1));
        assertEquals(OptionalDouble.empty(), turns.reward(0));
        assertEquals(List.of(new Turn("<calculator>2*3</calculator>", false), new Turn("<result>6</result>", true),
                new Turn(problem.answer(), false)), turns.turns(1));
    }

    @Test
    void programsRunInASandbox() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "no python3");
        SandboxTool python;
        try {
            python = SandboxTool.python();
        } catch (IllegalArgumentException e) {
            assumeTrue(false, e.getMessage());
            return;
        }
        ToolEnvironment real = new ToolEnvironment(List.of(python), set.verifier(), 3);
        assertEquals("<result>0.5</result>", observed(real.start(problem).step("<python>print(1 / 2)</python>")));
        String failed = observed(real.start(problem).step("<python>\nprint(7)\nprint(y)\n</python>"));
        assertTrue(failed.startsWith("<result>7\nerror: ") && failed.contains("NameError"), failed);
    }
}
