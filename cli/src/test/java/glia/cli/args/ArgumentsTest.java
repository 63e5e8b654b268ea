package glia.cli.args;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
    enum Mode { EXACT, FAST_ENOUGH }

    private static final Option<String> PROMPT = Option.text("TEXT", "a text", "--prompt", "-p");
    private static final Option<Integer> THREADS = Option.integer("N", 1, 64, "a number", "--threads");
    private static final Option<Float> TEMPERATURE = Option.number("X", 0, Float.MAX_VALUE, "warm", "--temperature");
    private static final Option<Long> SEED = Option.longInteger("N", "a seed", "--seed");
    private static final Option<Mode> MODE = Option.choice("MODE", Mode.class, "a mode", "--mode");
    private static final Option<Boolean> JSON = Option.flag("a flag", "--json");
    private static final Option<String> STOP = Option.text("TEXT", "a stop", "--stop").repeated();
    private static final Syntax SYNTAX = new Syntax("run", "Run",
            List.of(new Positional("MODEL", "a model", true), new Positional("FILE", "a file", false)),
            List.of(PROMPT, THREADS, TEMPERATURE, SEED, MODE, JSON, STOP));
    private static final Program PROGRAM = new Program(new Syntax("glia", "All", List.of(), List.of()),
            List.of(SYNTAX), Map.of(), () -> "1");

    private static Arguments parse(String... words) {
        List<String> line = new ArrayList<>(List.of("run"));
        line.addAll(List.of(words));
        return PROGRAM.parse(line, System.out, 0, false).orElseThrow().arguments();
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
        assertMessage("option '--threads' (N) should be specified only once", "m", "--threads", "1", "--threads", "1");
        assertMessage("option '--prompt' (TEXT) should be specified only once", "m", "--prompt", "1", "-p", "1");
    }

    @Test
    void choicesAreWrittenInSmallLetters() {
        assertEquals(Optional.of(Mode.FAST_ENOUGH), parse("m", "--mode", "fast-enough").get(MODE));
        assertMessage("Invalid value for option '--mode': exact or fast-enough is expected, not 'FAST'",
                "m", "--mode", "FAST");
        assertEquals(List.of("exact", "fast-enough"), MODE.choices());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "--threads 0          | Invalid value for option '--threads': a number from 1 to 64 is expected, not '0'",
        "--threads 65         | Invalid value for option '--threads': a number from 1 to 64 is expected, not '65'",
        "--threads 1.5        | Invalid value for option '--threads': a whole number is expected, not '1.5'",
        "--threads 4294967297 | Invalid value for option '--threads': a number from 1 to 64 is expected, "
                + "not '4294967297'",
        "--seed 9999999999999999999 | Invalid value for option '--seed': a whole number is expected, not "
                + "'9999999999999999999'",
        "--temperature NaN    | Invalid value for option '--temperature': a finite number is expected, not 'NaN'",
        "--temperature 1e99   | Invalid value for option '--temperature': a finite number is expected, not '1e99'",
        "--temperature -1     | Invalid value for option '--temperature': at least 0 is expected, not '-1'",
        "--temperature x      | Invalid value for option '--temperature': a number is expected, not 'x'",
        "--threads            | Missing required parameter for option '--threads' (N)",
        "--json=yes           | option '--json' should be specified without 'yes' parameter",
        "--temprature 1       | glia run has no option '--temprature'; did you mean --temperature?",
        "--temp 1             | glia run has no option '--temp'; did you mean --temperature?",
        "--color              | glia run has no option '--color'",
        "-x                   | glia run has no option '-x'",
        "a b                  | 'b' is one word too many; use: glia run [OPTIONS] MODEL [FILE]"})
    void sayWhatIsWrong(String words, String message) {
        assertMessage(message, ("model " + words).split(" +"));
    }

    @Test
    void unknownWordsAreNamedBeforeMissingOnes() {
        assertMessage("glia run has no option '--jsn'; did you mean --json?", "--jsn");
    }

    @Test
    void nothingIsReadOutOfAWord() {
        assertEquals(Optional.of("@file"), parse("m", "-p", "@file").get(PROMPT));
        assertEquals("${sys:user.home} %n @|bold x|@", parse("${sys:user.home} %n @|bold x|@").required(0));
    }

    @Test
    void helpTextsShowWhatIsDeclared() {
        assertEquals("""
                Run

                Usage: glia run [OPTIONS] MODEL [FILE]

                Parameters:
                      MODEL             a model
                      [FILE]            a file

                """, helpText(false).split("Options:")[0]);
        assertTrue(helpText(false).contains("\n  -p, --prompt=TEXT     a text\n"), helpText(false));
        assertTrue(helpText(false).contains("\n      --mode=MODE       a mode: exact or fast-enough\n"),
                helpText(false));
        assertFalse(helpText(false).contains("\033"));
        assertTrue(helpText(true).contains("\033[33m--mode\033[39m\033[0m"), helpText(true));
    }

    private static String helpText(boolean color) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(text, true, StandardCharsets.UTF_8);
        assertEquals(Optional.empty(), PROGRAM.parse(List.of("run", "--help"), out, 0, color));
        return text.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
    }

    @Test
    void missingPositionalsAreNamed() {
        assertMessage("Missing required parameter: 'MODEL'", "--json");
    }

    private static void assertMessage(String message, String... words) {
        assertEquals(message, assertThrows(UsageException.class, () -> parse(words)).getMessage());
    }
}
