package glia.reason.program;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.jsonl.JsonLine;
import glia.io.jsonl.JsonLines;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PythonSubsetTest {
    static Stream<JsonLine> cases() throws Exception {
        List<JsonLine> all = new ArrayList<>();
        try (JsonLines lines = new JsonLines(Path.of("cpython.jsonl"),
                PythonSubsetTest.class.getResourceAsStream("cpython.jsonl"))) {
            for (JsonLine line = lines.next(); line != null; line = lines.next()) {
                all.add(line);
            }
        }
        assertTrue(all.size() > 60);
        return all.stream();
    }

    /// Programs print what CPython 3 printed, and fail where it failed.
    @ParameterizedTest
    @MethodSource("cases")
    void programsPrintWhatPythonPrints(JsonLine example) throws Exception {
        Execution execution = PythonSubset.run(example.text("source"), Limits.DEFAULT);
        assertEquals(example.text("output"), execution.output(), () -> example.values() + ": " + execution.error());
        assertEquals(example.values().get("fails"), execution.error().isPresent(), execution::toString);
    }

    private static String error(String source) {
        long start = System.nanoTime();
        Optional<String> error = PythonSubset.run(source, Limits.DEFAULT).error();
        assertTrue(System.nanoTime() - start < 5_000_000_000L, source);
        return error.orElse("no error");
    }

    @ParameterizedTest
    @ValueSource(strings = {"while True: pass", "x = 'a'\nwhile True: x += x", "x = 9\nwhile True: x *= x",
        "x = []\nwhile True: x.append(x)", "x = [1]\nwhile True: x += x", "print('a' * 10 ** 9)", "x = 9 ** 9 ** 9",
        "x = [0] * 10 ** 12", "def f(): f()\nf()", "while True: print('abc')", "for i in range(10 ** 11): pass",
        "a = []\nfor i in range(9999): a = [a]\nprint(a)", "a = [1]\nfor i in range(40): a = [a, a]\nprint(a)",
        "a = []\na.append(a)\nprint(a == [a])", "a = []\na.append(a)\nprint(a)", "print(sum(range(10 ** 9)))",
        "x = 'a'\nfor i in range(60): x = x.replace('a', 'aa')", "x = 'a' * 9999\nfor i in range(999): x.count('b')",
        "x = 2\nfor i in range(40): x = x ** 2", "print('x' * -10 ** 5000)", "a = [0] * 9999\nfor x in a: a.sort()"})
    void limitsStopProgramsSoon(String source) {
        assertTrue(!error(source).equals("no error"), source);
    }

    @Test
    void hostileTextsAreErrors() {
        for (String part : List.of("(", "[", "not ", "-", "1+", "x.", "if 1:\n", "a,", "a=", "**", "1**", "f(", "\n ",
                "elif", "\uD800", "\u0000", "'", "\t", "1 if 1 else ", "a[", "[[", "1 and ", "1<", "def f():\n",
                "if 1: pass\nelif 1: pass\n", "(" + "1+".repeat(20))) {
            assertTrue(!error(part.repeat(19_000 / part.length())).isEmpty());
            assertTrue(error(part.repeat(100_000)).contains("at most 20000 are run"));
        }
        assertEquals("line 1: found an expression nested more than 60 deep", error("(".repeat(9_000)));
        assertEquals("line 1: found more than 500 nested expressions and calls", error("print(1" + "+1".repeat(9_000)
                + ")"));
    }

    @Test
    void errorsNameLineAndReason() {
        assertEquals("line 2: name 'y' is not defined", error("x = 1\nprint(y)"));
        assertEquals("line 1: integer division or modulo by zero", error("print(1 % 0)"));
        assertEquals("line 1: found '/', which gives a number with a fraction; use '//'", error("print(1 / 2)"));
        assertEquals("line 2: found the end of the line, expected an expression", error("if 1:\n  x =\ny = 2"));
        assertEquals("line 1: found 'import', expected a name", error("import os"));
        assertEquals("line 1: name 'open' is not defined", error("open('f')"));
        assertEquals("line 1: name 'eval' is not defined", error("eval('1')"));
        assertEquals("line 4: stopped after 100000 steps", error("\n\nx = 0\nwhile x < 1: x -= 1"));
    }
}
