package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.UsageException;
import glia.cli.option.ComputeOptions;
import glia.cli.terminal.Console;
import glia.cluster.Launch;
import glia.engine.load.LoadOptions;
import glia.model.Division;
import glia.tensor.Precision;
import glia.train.recipe.RunRanks;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Runs a command on several ranks, of which rank 0 prints: each has a part of the model or of its KV cache and all
/// compute the same passes (tensor, expert, pipeline and context parallelism), or each has the whole model and does a
/// part of the work (data parallelism).
final class RanksTogether {
    private static final Map<Option<Integer>, Division> DIVISIONS = Map.of(ComputeOptions.TENSOR, Division.TENSOR,
            ComputeOptions.EXPERT, Division.EXPERT, ComputeOptions.PIPELINE, Division.PIPELINE,
            ComputeOptions.CONTEXT_PARALLEL, Division.CONTEXT);
    private static final PrintStream NOTHING = new PrintStream(OutputStream.nullOutputStream());

    private RanksTogether() { }

    /// What each rank does.
    interface Program {
        /// @param console prints nothing but on rank 0
        /// @return an exit code
        int run(LoadOptions options, RunRanks ranks, Console console) throws IOException;
    }

    /// Divides the work: the program says how.
    ///
    /// @param usual the precision if none is given
    /// @param version of this program, which all ranks must have
    /// @return an exit code
    static int sharing(Arguments arguments, Console console, Precision usual, String version, Program program)
            throws IOException {
        int processes = Launch.processes();
        int size = arguments.get(ComputeOptions.DATA).orElse(processes);
        if (processes > 1 && processes != size) {
            throw new UsageException("--data-parallel: found " + size + ", expected the " + processes
                    + " processes of the job; leave the option out");
        }
        LoadOptions options = ComputeOptions.of(arguments, usual).sharedBy(sharers(size));
        return Launch.<IOException>run(size, options.kernels(), version, console.err(), ranks -> program.run(options,
                ranks, printing(ranks, console)));
    }

    private static int sharers(int size) {
        return Launch.processes() > 1 ? Launch.processesHere() : size;
    }

    private static Console printing(RunRanks ranks, Console console) {
        return ranks.rank() == 0 ? console : Console.plain(console.in(), NOTHING, NOTHING);
    }

    /// The option that divides the model among ranks, if there is one.
    ///
    /// @throws UsageException if there are several
    static Optional<Option<Integer>> division(Arguments arguments) {
        List<Option<Integer>> given = DIVISIONS.keySet().stream().filter(arguments::has).toList();
        if (given.size() > 1 || given.size() == 1 && arguments.has(ComputeOptions.DATA)) {
            throw new UsageException(given.getFirst().name() + " and " + (given.size() > 1 ? given.get(1)
                    : ComputeOptions.DATA).name() + " divide ranks in two ways; leave one of them out");
        }
        return given.stream().findFirst();
    }

    /// Divides the model.
    ///
    /// @param option that says how
    /// @param version of this program, which all ranks must have
    /// @return an exit code
    static int run(Option<Integer> option, Arguments arguments, Console console, String version, Program program)
            throws IOException {
        int size = arguments.get(option).orElseThrow();
        int processes = Launch.processes();
        if (option == ComputeOptions.TENSOR && Integer.bitCount(size) > 1 || processes > 1 && processes != size) {
            throw new UsageException(option.name() + ": found " + size + ", expected " + (processes > 1 ? "the "
                    + processes + " processes of the job" : "1, 2, 4 or 8"));
        }
        boolean drafts = !arguments.get(ComputeOptions.DRAFT).orElse("none").equals("none");
        List<Option<?>> parts = List.of(ComputeOptions.CACHE_POLICY, ComputeOptions.PREFILL, ComputeOptions.ATTENTION);
        Optional<Option<?>> some = parts.stream().filter(arguments::has).findFirst();
        if (option == ComputeOptions.CONTEXT_PARALLEL && some.isPresent()) {
            throw new UsageException(option.name() + " does not take " + some.get().name() + ": each rank attends to "
                    + "all of its part of the KV cache");
        }
        if (drafts || arguments.has(ComputeOptions.ADAPTER)) {
            throw new UsageException(option.name() + " takes neither --draft nor --adapter");
        }
        LoadOptions plain = ComputeOptions.of(arguments, Precision.FAST);
        return Launch.<IOException>run(size, plain.kernels(), version, console.err(), ranks -> program.run(
                plain.among(new LoadOptions.Ranks(DIVISIONS.get(option), ranks.members()), sharers(size)), ranks,
                printing(ranks, console)));
    }
}
