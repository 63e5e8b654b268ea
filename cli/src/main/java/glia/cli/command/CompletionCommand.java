package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.terminal.Console;
import java.util.List;
import java.util.function.Supplier;

/// Prints a script that teaches the user's shell the commands and options.
public final class CompletionCommand implements Command {
    private final Supplier<String> script;

    /// @param script the one script that serves both shells
    public CompletionCommand(Supplier<String> script) {
        this.script = script;
    }

    @Override
    public String name() {
        return "completion";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Print a completion script for bash or zsh",
                List.of(new Positional("SHELL", "bash or zsh; there is none for other shells", true)), List.of(),
                List.of("bash: add to ~/.bashrc   source <(glia completion bash)",
                        "zsh:  add to ~/.zshrc    source <(glia completion zsh)"));
    }

    @Override
    public int run(Arguments arguments, Console console) {
        String shell = arguments.required(0);
        if (!shell.equals("bash") && !shell.equals("zsh")) {
            throw new UsageException("SHELL '" + shell + "': bash or zsh is expected");
        }
        console.out().print(script.get());
        return ExitCode.OK;
    }
}
