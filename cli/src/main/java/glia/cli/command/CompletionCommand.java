package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.terminal.Console;
import java.util.List;
import java.util.function.Supplier;

/// Prints a completion script for the user's shell.
public final class CompletionCommand implements Command {
    private final Supplier<String> script;

    /// @param script the script, for both shells
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
                List.of(new Positional("SHELL", "bash or zsh", true)), List.of())
                .examples("""
                        $ echo 'source <(glia completion bash)' >> ~/.bashrc
                        $ echo 'source <(glia completion zsh)' >> ~/.zshrc""");
    }

    @Override
    public int run(Arguments arguments, Console console) {
        String shell = arguments.required(0);
        if (!shell.equals("bash") && !shell.equals("zsh")) {
            throw new UsageException("SHELL: '" + shell + "' is not bash or zsh");
        }
        console.out().print(script.get());
        return ExitCode.OK;
    }
}
