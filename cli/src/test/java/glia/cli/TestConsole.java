package glia.cli;

import glia.cli.terminal.Console;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// A console whose input is given and whose output is kept.
public final class TestConsole {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final Console console;

    /// No terminal.
    ///
    /// @param input what is typed
    public TestConsole(String input) {
        this(input, 0);
    }

    /// A terminal of this many columns for the results; 0 for none.
    public TestConsole(String input, int width) {
        console = new Console(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
                new PrintStream(out, false, StandardCharsets.UTF_8),
                new PrintStream(err, false, StandardCharsets.UTF_8), false, width > 0, false, width, false);
    }

    /// The console itself.
    public Console console() {
        return console;
    }

    /// Runs one command line in this process.
    public int run(String... words) {
        return new Cli(console).run(List.of(words));
    }

    /// What came on standard output.
    public String out() {
        console.out().flush();
        return out.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
    }

    /// What came on standard error.
    public String err() {
        console.err().flush();
        return err.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
    }
}
