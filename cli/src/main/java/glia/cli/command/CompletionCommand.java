package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Completion;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.terminal.Console;
import java.util.List;
import java.util.function.Supplier;

/// Prints a script that teaches the user's shell the commands and options.
public final class CompletionCommand implements Command {
    private final Supplier<List<Syntax>> syntaxes;

    /// @param syntaxes the words of all commands
    public CompletionCommand(Supplier<List<Syntax>> syntaxes) {
        this.syntaxes = syntaxes;
    }

    @Override
    public String name() {
        return "completion";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Print a completion script for bash, zsh or fish",
                List.of(new Positional("SHELL", "bash, zsh or fish", true)), List.of(),
                List.of("bash: add to ~/.bashrc   source <(glia completion bash)",
                        "zsh:  add to ~/.zshrc    source <(glia completion zsh)",
                        "fish: glia completion fish > ~/.config/fish/completions/glia.fish"));
    }

    @Override
    public int run(Arguments arguments, Console console) {
        Completion completion = new Completion(syntaxes.get());
        console.out().print(switch (arguments.required(0)) {
            case "bash" -> completion.bash();
            case "zsh" -> completion.zsh();
            case "fish" -> completion.fish();
            default -> throw new UsageException("SHELL '" + arguments.required(0) + "': bash, zsh or fish is expected");
        });
        return ExitCode.OK;
    }
}
