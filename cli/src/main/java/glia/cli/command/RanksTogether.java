package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.UsageException;
import glia.cli.option.ComputeOptions;
import glia.cli.terminal.Console;
import glia.cluster.Launch;
import glia.engine.load.LoadOptions;
import glia.tensor.Precision;
import glia.train.recipe.RunRanks;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;

/// Runs a command that generates text on several ranks, each with a part of the model (tensor parallelism): all compute
/// the same passes, and rank 0 prints.
final class RanksTogether {
    private static final PrintStream NOTHING = new PrintStream(OutputStream.nullOutputStream());

    private RanksTogether() { }

    /// What each rank does.
    interface Program {
        /// @param console prints nothing but on rank 0
        /// @return an exit code
        int run(LoadOptions options, RunRanks ranks, Console console) throws IOException;
    }

    /// @param version of this program, which all ranks must have
    /// @return an exit code
    static int run(Arguments arguments, Console console, String version, Program program) throws IOException {
        int size = arguments.get(ComputeOptions.TENSOR).orElseThrow();
        int processes = Launch.processes();
        if (Integer.bitCount(size) > 1 || processes > 1 && processes != size) {
            throw new UsageException("--tensor: found " + size + ", expected " + (processes > 1 ? "the " + processes
                    + " processes of the job" : "1, 2, 4 or 8"));
        }
        boolean drafts = !arguments.get(ComputeOptions.DRAFT).orElse("none").equals("none");
        if (drafts || arguments.has(ComputeOptions.ADAPTER)) {
            throw new UsageException("--tensor takes neither --draft nor --adapter");
        }
        LoadOptions plain = ComputeOptions.of(arguments, Precision.FAST);
        int sharers = processes > 1 ? Launch.processesHere() : size;
        return Launch.<IOException>run(size, plain.kernels(), version, console.err(), ranks -> program.run(
                plain.among(ranks.members(), sharers), ranks, ranks.rank() == 0 ? console
                        : Console.plain(console.in(), NOTHING, NOTHING)));
    }
}
