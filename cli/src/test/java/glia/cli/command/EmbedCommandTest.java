package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import org.junit.jupiter.api.Test;

/// What `glia embed` prints about pooling, truncation and prompts.
class EmbedCommandTest {
    private static TestConsole run(int code, String input, String... arguments) {
        TestConsole console = new TestConsole(input);
        assertEquals(code, console.run(arguments), console::err);
        return console;
    }

    @Test
    void aGuessedPoolingAndTruncatedTextsAreReported() {
        TestConsole console = run(ExitCode.OK, "A cat.\n" + "word ".repeat(600) + "\n", "embed", "stories260K");
        assertEquals(2, console.out().lines().count());
        assertTrue(console.err().contains("files name no pooling; taking last (change it with --pooling)\n"),
                console.err());
        assertTrue(console.err().contains("glia: 1 text truncated to the 512 tokens that the model reads\n"),
                console.err());
        assertEquals("", run(ExitCode.OK, "", "embed", "stories260K", "A cat.", "--pooling", "weighted-mean").err());
    }

    @Test
    void anUnknownPromptIsRefused() {
        assertTrue(run(ExitCode.USAGE, "", "embed", "stories260K", "A cat.", "--prompt-name", "query").err()
                .contains("there is no prompt 'query'; the model has none"));
    }
}
