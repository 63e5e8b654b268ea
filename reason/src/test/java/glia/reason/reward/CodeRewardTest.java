package glia.reason.reward;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CodeRewardTest {
    private static final List<Map<String, String>> DOUBLED = List.of(Map.of("input", "3\n", "output", "6"),
            Map.of("input", "5\n", "output", "10\n"));

    private static Reward reward(Map<String, ?> options) {
        try {
            return Rewards.named("code", options);
        } catch (IllegalArgumentException e) {
            assumeTrue(!e.getMessage().contains("cannot be isolated"), e.getMessage());
            throw e;
        }
    }

    private static double score(Map<String, ?> options, String completion, Object tests) {
        return reward(options).score(new Sample("", completion, 1, true, Map.of("tests", tests))).orElseThrow();
    }

    @Test
    void programsAreRunOnInputs() {
        Map<String, ?> shell = Map.of("command", "/bin/sh");
        assertEquals(1, score(shell, "<think>hm</think>\n```sh\nread x\necho $((x * 2))\n```\nDone.", DOUBLED));
        assertEquals(1, score(shell, "read x; echo $((x + x))", DOUBLED));
        assertEquals(0, score(shell, "```sh\necho 6\n```", DOUBLED));
        assertEquals(0, score(shell, "", DOUBLED));
        assertEquals(0, score(shell, "``` not closed", DOUBLED));
        for (String fences : List.of("``` sh\n%s\n```", "```sh title=\"x\"\r\n%s\r\n```", "Here: ```\n%s```\nDone.",
                "1. Run\n   ```sh\n%s\n   ```", "```sh\n%s # ``` in a comment\n```",
                "```sh\necho 1\n```\n```\n%s\n```")) {
            assertEquals(1, score(shell, fences.formatted("read x; echo $((x * 2))"), DOUBLED), fences);
        }
        assertEquals(0.5, score(Map.of("command", "/bin/sh", "partial", true), "```sh\necho 6\n```", DOUBLED));
        assertThrows(IllegalArgumentException.class, () -> score(shell, "x", List.of()));
        assertThrows(IllegalArgumentException.class, () -> score(shell, "x", List.of("y")));
    }

    @Test
    void assertionsDecide() {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "no python3");
        String tests = "assert add(2, 3) == 5\nassert add(-1, 1) == 0";
        assertEquals(1, score(Map.of(), "```python\ndef add(a, b):\n    return a + b\n```", tests));
        assertEquals(0, score(Map.of(), "```python\ndef add(a, b):\n    return a - b\n```", tests));
    }

    @Test
    void programsMayReplaceTheirOutput() {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "no python3");
        assertEquals(1, score(Map.of(), "```python\nimport io, sys\ndef add(a, b):\n    return a + b\n"
                + "sys.stdout = io.StringIO()\n```", "assert add(2, 3) == 5"));
    }

    /// A program that hangs fails its tests; it does not escape its score by the time limit of rewards.
    @Test
    void programsThatHangHaveAScore() {
        Reward reward = reward(Map.of("command", "/bin/sh", "partial", true, "seconds", 1));
        try (ContainedReward contained = new ContainedReward(reward)) {
            Object tests = Collections.nCopies(3, Map.of("input", "", "output", ""));
            assertEquals(OptionalDouble.of(0), contained.score(new Sample("", "while :; do :; done", 1, true,
                    Map.of("tests", tests))), contained.counts().toString());
        }
        assertTrue(reward(Map.of("seconds", 20)).timeLimit().toSeconds() >= 20 * 100);
    }

    @Test
    void commandsAndLimitsAreChecked() {
        for (Map<String, ?> options : List.of(Map.of("command", "no-such-program"), Map.of("command", "/tmp/python3"),
                Map.of("command", "/usr"), Map.of("seconds", 1e300), Map.of("megabytes", 1))) {
            String message = assertThrows(IllegalArgumentException.class, () -> reward(options)).getMessage();
            assertTrue(message.startsWith("reward code, option " + options.keySet().iterator().next()), message);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"import os; os._exit(0)", "import sys; sys.exit(0)",
        "print('ok')", "while True: pass", "def",
        "print(open('harness.py').read())\nimport os; os._exit(0)"})
    void programsThatEndEarlyFail(String program) {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "no python3");
        assertEquals(0, score(Map.of("seconds", 3), "```python\n" + program + "\n```", "assert add(2, 3) == 5"));
    }
}
