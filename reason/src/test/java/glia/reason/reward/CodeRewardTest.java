package glia.reason.reward;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
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

    private static final String PROGRAM = """
            import collections
            class Oops(Exception): pass
            class Counter:
                def __init__(self, n): self.total = n
                def add(self, n): self.total += n
            def fail(): raise Oops(7)
            def order(x): x.sort()
            def upto(n): yield from range(n)
            def tally(s): return collections.Counter(s)
            def pair(): return 1, {2}, None, 1 << 20000
            def adder(n): return lambda x: x + n
            def f(x): return %s
            """;
    private static final List<String> FORMS = List.of("assert f(2) == 4",
            "import math\nassert math.isclose(f(1.1), 1.21)",
            "assert abs(f(0.1) - 0.01) < 1e-9", "for x in range(5):\n    y = f(x)\n    assert y == x * x, x",
            "def check(candidate):\n    assert candidate(3) == 9\n\ncheck(f)",
            "assert [f(x) for x in (1, 2)] == [1, 4]", "from main import f\nimport main\nassert main.f(2) == 4",
            "try:\n    f('a')\n    assert False\nexcept TypeError:\n    pass\nassert f(3) == 9",
            "c = Counter(2)\nc.add(3)\nassert c.total == 5 and f(2) == 4",
            "try:\n    fail()\nexcept Oops as e:\n    assert e.args == (7,)",
            "x = [3, 1, 2]\norder(x)\nassert x == [1, 2, 3]", "assert list(upto(3)) == [0, 1, 2]",
            "assert tally('aab') == {'a': 2, 'b': 1}",
            "assert pair() == (1, {2}, None, 1 << 20000) and adder(2)(3) == 5",
            "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n        self.assertEqual(f(-3), 9)\n"
                    + "unittest.main()");

    @Test
    void testsAreRunApartFromTheProgram() {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "no python3");
        String all = String.join("\n", FORMS);
        assertEquals(1, score(Map.of("seconds", 60), PROGRAM.formatted("x ** 2"), all));
        for (String form : List.of(FORMS.getFirst(), FORMS.get(4), FORMS.getLast())) {
            assertEquals(0, score(Map.of("seconds", 60), PROGRAM.formatted("x * 5"), form), form);
        }
    }

    /// Attacks: what decides the score is out of the program's reach.
    @ParameterizedTest
    @ValueSource(strings = {"class E:\n    def __eq__(self, o): return True\n    __sub__ = __rsub__ = lambda s, o: 0\n"
            + "    def __getattr__(self, n): return lambda *a: True\ndef f(x): return E()",
        "import builtins\nbuiltins.compile = lambda *a, **k: (lambda: 0).__code__\nopen('tests.py', 'w').close()\n"
            + "def f(x): return 0",
        "def f(x): raise StopIteration", "def f(x): raise SystemExit(0)",
        "import sys\nsys.modules['main'] = sys\nclass math: isclose = lambda *a: True\ndef abs(x): return 0\n"
            + "def all(x): return True\ndef f(x): return 0",
        "import os\nfor n in range(3, 20):\n    try: os.write(n, b'(\"value\", (\"v\", True), [])\\n' * 9)\n"
            + "    except OSError: pass\ndef f(x): return 0",
        "class Any(dict):\n    def __eq__(self, o): return True\ndef f(x): return Any()",
        "import gc\ndef f(x): return next((o for o in gc.get_objects() if isinstance(o, str) and '9876' in o), 0)"})
    void programsCannotChooseTheirScore(String program) {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "no python3");
        String tests = "import math\nassert all(map(lambda x: f(x) == x * x + 987654, [3, 5]))\n"
                + "assert math.isclose(f(2), 987658)\nassert abs(f(2) - 987658) < 1e-6\n";
        assertEquals(0, score(Map.of("seconds", 60), program, tests), program);
    }

    @ParameterizedTest
    @ValueSource(strings = {"assert f(|no Python",
        "def check(candidate):\n    assert candidate(2) == 4|use no name that",
        "import no_such_module\nassert f(lambda x: x) == 4|import no_such_module, which sandboxes do not have",
        "assert f(lambda x: x) == 4|of the type function"})
    void testsThatCannotBeRunAreRefused(String testsAndMessage) {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "no python3");
        String[] parts = testsAndMessage.split("\\|");
        String message = assertThrows(IllegalArgumentException.class,
                () -> score(Map.of("seconds", 60), "def f(x): return x * x", parts[0])).getMessage();
        assertTrue(message.startsWith("the sample's tests cannot be run: ") && message.contains(parts[1]), message);
    }

    private static String file(String name) throws IOException {
        try (InputStream in = CodeRewardTest.class.getResourceAsStream("/glia/reason/reward/" + name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static Stream<String> parts(String name) throws IOException {
        return Stream.of(file(name).split("# --\n"));
    }

    static Stream<String> refusedTests() throws IOException {
        return parts("tests-that-are-refused.py");
    }

    /// Special methods, attributes, iteration, further types of data, enumerations, generators, coroutines, exceptions,
    /// output: what tests of classes use.
    @Test
    void objectsOfTheProgramCanBeTested() throws IOException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "no python3");
        assertEquals(1, score(Map.of("seconds", 60), file("program.py"), file("tests-that-pass.py")));
        assertEquals(1, score(Map.of("seconds", 60), file("program.py"), file("tests-that-fail.py")));
        for (String tests : List.of("def test_f(): assert f(3) == 8",
                "class TestF:\n    def test_it(self): assert f(3) == 8",
                "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): self.assertEqual(f(3), 8)")) {
            assertEquals(0, score(Map.of("seconds", 60), file("program.py"), tests), tests);
        }
    }

    /// What cannot work apart from the program is said, and no right program gets 0.
    @ParameterizedTest
    @MethodSource("refusedTests")
    void testsThatCannotWorkApartAreRefused(String tests) throws IOException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "no python3");
        String program = file("program.py");
        String message = assertThrows(IllegalArgumentException.class,
                () -> score(Map.of("seconds", 60), program, tests)).getMessage();
        assertTrue(message.startsWith("the sample's tests cannot be run: "), message);
    }

    /// No test passes where objects of the program say that they equal everything. All programs run as one, with names
    /// of their own.
    @Test
    void objectsDoNotDecideTheirScore() throws IOException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "no python3");
        StringBuilder programs = new StringBuilder();
        StringBuilder tests = new StringBuilder();
        int number = 0;
        for (String program : parts("attacks.py").toList()) {
            String name = "$1" + ++number;
            programs.append(program.replaceAll("\\b(f|Solution|[EILX])\\b", name)).append('\n');
            tests.append(file("tests-of-attacks.py").replaceAll("\\b(f|Solution)\\b", name));
        }
        assertEquals(1, score(Map.of("seconds", 60), programs.toString(), tests.toString()));
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
        "print(open('main').read())\nimport os; os._exit(0)"})
    void programsThatEndEarlyFail(String program) {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "no python3");
        assertEquals(0, score(Map.of("seconds", 3), "```python\n" + program + "\n```", "assert add(2, 3) == 5"));
    }
}
