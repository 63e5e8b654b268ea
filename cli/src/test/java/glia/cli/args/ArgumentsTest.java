package glia.cli.args;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
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

    private static Arguments parse(String... words) {
        return Arguments.parse(SYNTAX, List.of(words));
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
        assertMessage("--threads was given twice", "m", "--threads", "1", "--threads", "1");
        assertMessage("--prompt was given twice", "m", "--prompt", "1", "-p", "1");
    }

    @Test
    void choicesAreWrittenInSmallLetters() {
        assertEquals(Optional.of(Mode.FAST_ENOUGH), parse("m", "--mode", "fast-enough").get(MODE));
        assertMessage("--mode 'FAST': exact or fast-enough is expected", "m", "--mode", "FAST");
        assertEquals(List.of("exact", "fast-enough"), MODE.choices());
    }

    @Test
    void helpNeedsNothingElse() {
        assertTrue(parse("--help").has(Syntax.HELP));
        assertTrue(parse("-h").has(Syntax.HELP));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--threads 0          | --threads '0': a number from 1 to 64 is expected",
        "--threads 65         | --threads '65': a number from 1 to 64 is expected",
        "--threads 1.5        | --threads '1.5': a whole number is expected",
        "--threads 99999999999999999999 | --threads '99999999999999999999': a whole number is expected",
        "--temperature NaN    | --temperature 'NaN': at least 0.0 is expected",
        "--temperature 1e99   | --temperature '1e99': at least 0.0 is expected",
        "--temperature -1     | --temperature '-1': at least 0.0 is expected",
        "--temperature x      | --temperature 'x': a number is expected",
        "--threads            | --threads needs a value: --threads N",
        "--json=yes           | --json takes no value",
        "--tmperature 1       | glia run has no option '--tmperature'; did you mean --temperature?",
        "--temp 1             | glia run has no option '--temp'; did you mean --temperature?",
        "--color              | glia run has no option '--color'",
        "-x                   | glia run has no option '-x'",
        "a b                  | 'b' is one word too many; use: glia run MODEL [FILE] [options]"})
    void sayWhatIsWrong(String words, String message) {
        assertMessage(message, ("model " + words).split(" +"));
    }

    @Test
    void missingPositionalsAreNamed() {
        assertMessage("MODEL is missing (a model)", "--json");
    }

    private static void assertMessage(String message, String... words) {
        assertEquals(message, assertThrows(UsageException.class, () -> parse(words)).getMessage());
    }
}
