package glia.cli;

import glia.cli.terminal.Console;
import glia.cli.terminal.Output;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// A console with a given input, whose output is kept.
public final class TestConsole {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final Console console;

    /// No terminal.
    ///
    /// @param input standard input
    public TestConsole(String input) {
        this(input, 0);
    }

    /// Standard output and standard error are a terminal of this many columns; 0 for none.
    public TestConsole(String input, int width) {
        boolean isTerminal = width > 0;
        PrintStream results = Output.to(out, StandardCharsets.UTF_8, isTerminal);
        console = new Console(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)), results,
                Output.to(err, StandardCharsets.UTF_8, isTerminal), false, isTerminal, false, width, false);
    }

    /// The console itself.
    public Console console() {
        return console;
    }

    /// Runs one command line in this process.
    public int run(String... words) {
        return new Cli(console).run(List.of(words));
    }

    /// The text on standard output.
    public String out() {
        console.out().flush();
        return out.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
    }

    /// The text on standard error.
    public String err() {
        console.err().flush();
        return err.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
    }
}
