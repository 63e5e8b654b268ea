package glia.cli;

import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import java.util.List;

/// The entry point, started by `glia` and `glia.cmd`.
public final class Main {
    private Main() {}

    /// Runs one command line and ends the process with its exit code.
    public static void main(String[] words) {
        EarlyInitialization.begin();
        int exitCode = new Cli(Console.ofProcess()).run(List.of(words));
        // `System.exit` first looks for loggers, which takes longer than printing a help text.
        if (exitCode != ExitCode.OK) {
            System.exit(exitCode);
        }
    }
}
