package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.terminal.Console;
import java.util.List;

/// The group of commands for computation at test time.
public final class ReasonCommand implements Command {
    /// For [glia.cli.Cli].
    public ReasonCommand() {}

    @Override
    public String name() {
        return "reason";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Measure and choose how much a model thinks", List.of(), List.of())
                .examples("""
                        $ glia reason bench MODEL --task countdown --strategies instant,low,high,majority:8@low
                        $ glia reason router MODEL --task countdown
                        $ glia reason sample MODEL --task countdown --temperature 1 -o right.jsonl
                        $ glia run MODEL "Use 3, 7 and 11 to make 32." --effort auto""");
    }

    @Override
    public int run(Arguments arguments, Console console) {
        throw new UsageException("reason needs a command: bench, router or sample");
    }
}
