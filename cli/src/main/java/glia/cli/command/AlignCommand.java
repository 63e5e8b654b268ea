package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.terminal.Console;
import java.util.List;

/// The group of commands for constitutional AI.
public final class AlignCommand implements Command {
    /// For [glia.cli.Cli].
    public AlignCommand() {}

    @Override
    public String name() {
        return "align";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Constitutional AI: write training data by principles, measure adherence", List.of(),
                List.of())
                .examples("""
                        $ glia align check SmolLM2-135M-Instruct
                        $ glia align revise SmolLM2-135M-Instruct -o chats.jsonl
                        $ glia align label SmolLM2-135M-Instruct -o pairs.jsonl""")
                .notes("docs/alignment.md has the stages with results. glia train trains on the files: task: sft, dpo, "
                        + "reward, rl.");
    }

    @Override
    public int run(Arguments arguments, Console console) {
        throw new UsageException("align needs a command: check, revise or label");
    }
}
