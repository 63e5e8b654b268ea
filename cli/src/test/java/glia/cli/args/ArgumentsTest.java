package glia.cli.args;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.Console;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ArgumentsTest {
    enum Mode { EXACT, FAST_ENOUGH, Q8_0 }

    private static final Option<String> PROMPT = Option.text("TEXT", "a text", "--prompt", "-p");
    private static final Option<Integer> THREADS =
            Option.integer("N", 1, 64, "a number", "--threads", "-t").elsewhere("--cores");
    private static final Option<Float> TEMPERATURE =
            Option.number("X", 0, Float.MAX_VALUE, "warm", "--temperature", "--temp").in("Sampling");
    private static final Option<Float> TOP_P = Option.numberAbove("P", 0, 1, "nucleus", "--top-p");
    private static final Option<Float> MIN_P = Option.numberBelow("P", 0, 1, "min", "--min-p");
    private static final Option<Float> PENALTY = Option.numberAbove("X", 0, Float.MAX_VALUE, "penalty", "--penalty");
    private static final Option<String> NAME = Option.text("MODEL", "the same as MODEL", "--model", "-m");
    private static final Option<Long> SEED = Option.longInteger("N", "a seed", "--seed");
    private static final Option<Mode> MODE = Option.choice("MODE", Mode.class, "a mode", "--mode");
    private static final Option<Boolean> JSON = Option.flag("a flag", "--json");
    private static final Option<String> STOP = Option.text("TEXT", "a stop", "--stop").repeated();
    private static final Syntax SYNTAX = new Syntax("run", "Run",
            List.of(new Positional("MODEL", "a model", true, Optional.of(NAME)),
                    new Positional("FILE", "a file", false)),
            List.of(PROMPT, THREADS, TEMPERATURE, TOP_P, MIN_P, PENALTY, SEED, MODE, JSON, STOP))
            .aliases("go").examples("$ glia run x\ny").notes("A note.");
    private static final Program PROGRAM = new Program(new Syntax("glia", "All", List.of(), List.of()),
            List.of(SYNTAX, new Syntax("models", "List", List.of(), List.of()),
                    new Syntax("models remove", "Remove", List.of(new Positional("NAME", "a name", true)), List.of())
                            .aliases("rm", "remove")), Map.of(), () -> "1");

    private static Arguments parse(String... words) {
        List<String> line = new ArrayList<>(List.of("run"));
        line.addAll(List.of(words));
        return PROGRAM.parse(line, new TestConsole("").console()).orElseThrow().arguments();
    }

    @Test
    void optionsAndPositionalsMayBeMixed() {
        Arguments a = parse("-p", "hello", "model", "--threads=3", "--json", "file", "--seed", "-9");
        assertEquals("model", a.required(0));
        assertEquals(Optional.of("file"), a.optional(1));
        assertEquals(Optional.of("hello"), a.get(PROMPT));
        assertEquals(Optional.of(3), a.get(THREADS));
        assertEquals(Optional.of(-9L), a.get(SEED));
        assertTrue(a.has(JSON));
        assertFalse(a.has(MODE));
        assertEquals(Optional.empty(), a.get(TEMPERATURE));
    }

    @Test
    void aValueMayLookLikeAnOptionOrBeEmpty() {
        assertEquals(Optional.of("--json"), parse("m", "-p", "--json").get(PROMPT));
        assertEquals(Optional.of(""), parse("m", "--prompt=").get(PROMPT));
        assertEquals(Optional.of("a=b"), parse("m", "--prompt=a=b").get(PROMPT));
        assertEquals(Optional.of(""), parse("m", "-p", "").get(PROMPT));
    }

    @Test
    void afterTwoDashesNothingIsAnOption() {
        assertEquals("--json", parse("--", "--json").required(0));
        assertEquals("-", parse("-").required(0));
    }

    @Test
    void onlyRepeatableOptionsMayBeRepeated() {
        assertEquals(List.of("a", "b"), parse("m", "--stop", "a", "--stop", "b").all(STOP));
        assertMessage("--threads is given twice", "m", "--threads", "1", "--threads", "1");
        assertMessage("--prompt is given twice", "m", "--prompt", "1", "-p", "1");
    }

    @Test
    void choicesAreWrittenInAnyCase() {
        for (String word : List.of("fast-enough", "FAST_ENOUGH", "Fast-Enough")) {
            assertEquals(Optional.of(Mode.FAST_ENOUGH), parse("m", "--mode", word).get(MODE));
        }
        for (String word : List.of("q8_0", "q8-0", "Q8_0")) {
            assertEquals(Optional.of(Mode.Q8_0), parse("m", "--mode", word).get(MODE));
        }
        assertMessage("--mode: 'FAST' is not exact, fast-enough or q8_0",
                "m", "--mode", "FAST");
        assertEquals(List.of("exact", "fast-enough", "q8_0"), MODE.choices());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "--threads 0          | --threads: 0 is not between 1 and 64",
        "-t 65                | -t (--threads): 65 is not between 1 and 64",
        "-t65                 | -t (--threads): 65 is not between 1 and 64",
        "--threads=1.5        | --threads: '1.5' is not a whole number",
        "--threads 4294967297 | --threads: 4294967297 is not between 1 and 64",
        "--seed 9999999999999999999 | --seed: '9999999999999999999' is not a whole number",
        "--temperature NaN    | --temperature: NaN is not a finite number",
        "--temperature 1e99   | --temperature: 1e99 is not a finite number",
        "--temperature -1     | --temperature: -1 is not at least 0",
        "--temp -1            | --temp (--temperature): -1 is not at least 0",
        "--temperature x      | --temperature: 'x' is not a number",
        "--top-p 1.5          | --top-p: 1.5 is not between 0 (exclusive) and 1",
        "--top-p 0            | --top-p: 0 is not between 0 (exclusive) and 1",
        "--min-p 1            | --min-p: 1 is not between 0 and 1 (exclusive)",
        "--penalty 0          | --penalty: 0 is not above 0",
        "--threads            | --threads needs a value: N",
        "-t                   | -t (--threads) needs a value: N",
        "--json=yes           | option '--json' should be specified without 'yes' parameter",
        "--temprature 1       | glia run has no option '--temprature'; did you mean --temperature?",
        "--tempera=1          | glia run has no option '--tempera=1'; did you mean --temperature?",
        "--cores 1            | glia run has no option '--cores'; did you mean --threads?",
        "--cores=1            | glia run has no option '--cores=1'; did you mean --threads?",
        "--color              | glia run has no option '--color'",
        "-x                   | glia run has no option '-x'",
        "a b                  | 'b' is one word too many; use: glia run [OPTIONS] MODEL [FILE]",
        "a -m b               | 'a' is one word too many: --model gives MODEL; use: glia run [OPTIONS] [FILE]"})
    void sayWhatIsWrong(String words, String message) {
        assertMessage(message, ("model " + words).split(" +"));
    }

    @Test
    void unknownWordsAreNamedBeforeMissingOnes() {
        assertMessage("glia run has no option '--jsn'; did you mean --json?", "--jsn");
    }

    @Test
    void wordsAreNotExpanded() {
        assertEquals(Optional.of("@file"), parse("m", "-p", "@file").get(PROMPT));
        assertEquals("${sys:user.home} %n @|bold x|@", parse("${sys:user.home} %n @|bold x|@").required(0));
    }

    @Test
    void anOptionMayGiveAPositional() {
        Arguments a = parse("-m", "model", "file");
        assertEquals("model", a.required(0));
        assertEquals(Optional.of("file"), a.optional(1));
        assertEquals("model", parse("--model=model").required(0));
    }

    @Test
    void aliasesCallTheirCommand() {
        for (List<String> words : List.of(List.of("rm", "x"), List.of("remove", "x"), List.of("--debug", "rm", "x"),
                List.of("models", "remove", "x"))) {
            Program.Call call = PROGRAM.parse(words, new TestConsole("").console()).orElseThrow();
            assertEquals("models remove", call.syntax().name());
            assertEquals("x", call.arguments().required(0));
        }
        assertEquals("rm", PROGRAM.parse(List.of("models", "remove", "rm"), new TestConsole("").console())
                .orElseThrow().arguments().required(0), "only the first word is a command");
    }

    @Test
    void helpTextsShowWhatIsDeclared() {
        assertEquals("""
                Run

                Usage: glia run [OPTIONS] MODEL [FILE]
                Also: glia go

                Arguments:
                  MODEL                        a model
                  [FILE]                       a file

                Options:
                  -m, --model MODEL            the same as MODEL
                  -p, --prompt TEXT            a text
                  -t, --threads N              a number
                      --top-p P                nucleus
                      --min-p P                min
                      --penalty X              penalty
                      --seed N                 a seed
                      --mode MODE              a mode: exact, fast-enough or q8_0
                      --json                   a flag
                      --stop TEXT              a stop
                  -h, --help                   show this help
                      --debug                  show the stack trace of an error (also: GLIA_DEBUG=1)

                Sampling:
                      --temperature, --temp X  warm

                Examples:
                  $ glia run x
                  y

                A note.
                """, helpText(0, false));
        assertFalse(helpText(0, false).contains("\033"));
        assertTrue(helpText(0, true).contains("\033[1mOptions:\033[0m\n"), helpText(0, true));
    }

    @Test
    void helpTextsFitNarrowTerminals() {
        for (int width : new int[] {40, 59, 60, 80}) {
            String text = helpText(width, false);
            assertTrue(text.lines().allMatch(line -> line.length() <= width), text);
        }
        assertTrue(helpText(40, false).contains("\n  MODEL   a model\n"), helpText(40, false));
        assertTrue(helpText(40, false).contains("\n  --debug\n      show the stack trace of an error\n"
                + "      (also: GLIA_DEBUG=1)\n"), helpText(40, false));
    }

    private static String helpText(int width, boolean color) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(text, true, StandardCharsets.UTF_8);
        Console console = new Console(new ByteArrayInputStream(new byte[0]), out, out, false, width > 0, false, width,
                color);
        assertEquals(Optional.empty(), PROGRAM.parse(List.of("run", "--help"), console));
        return text.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
    }

    @Test
    void missingPositionalsAreNamed() {
        assertMessage("MODEL is missing: a model", "--json");
    }

    private static void assertMessage(String message, String... words) {
        assertEquals(message, assertThrows(UsageException.class, () -> parse(words)).getMessage());
    }
}
