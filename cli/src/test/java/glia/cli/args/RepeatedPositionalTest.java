package glia.cli.args;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.cli.terminal.Console;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RepeatedPositionalTest {
    private static final Option<String> MODEL = Option.text("MODEL", "the model", "--model", "-m");
    private static final Syntax SYNTAX = new Syntax("eval", "Evaluate", List.of(
            new Positional("MODEL", "model", true, Optional.of(MODEL)),
            new Positional("TASK", "task", true).repeated()), List.of());

    private static Arguments parse(String... words) {
        Program program = new Program(new Syntax("glia", "Glia", List.of(), List.of(Syntax.VERSION)), List.of(SYNTAX),
                Map.of(), () -> "1");
        return program.parse(List.of(words), Console.ofProcess()).orElseThrow().arguments();
    }

    @Test
    void theLastPositionalTakesAllWordsThatAreLeft() {
        Arguments arguments = parse("eval", "m", "a", "b", "c");
        assertEquals("m", arguments.required(0));
        assertEquals(List.of("a", "b", "c"), arguments.repeated());
        assertEquals(List.of("a"), parse("eval", "m", "a").repeated());
    }

    @Test
    void anOptionMayGiveTheFirst() {
        Arguments arguments = parse("eval", "-m", "m", "a", "b");
        assertEquals("m", arguments.required(0));
        assertEquals(List.of("a", "b"), arguments.repeated());
    }

    @Test
    void oneIsNeededIfItIsRequired() {
        assertThrows(UsageException.class, () -> parse("eval", "m"));
    }
}
