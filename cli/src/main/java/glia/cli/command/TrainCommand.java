package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.option.ComputeOptions;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cluster.Launch;
import glia.engine.load.LoadOptions;
import glia.io.CheckpointException;
import glia.kernels.KernelBackends;
import glia.tensor.Precision;
import glia.tensor.kernel.Workers;
import glia.train.recipe.RankLayout;
import glia.train.recipe.RecipeRun.Existing;
import glia.train.recipe.RecipeKeys;
import glia.train.recipe.RecipeStage;
import glia.train.recipe.RunTogether;
import glia.train.recipe.ShippedRecipes;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/// Trains a model by a recipe.
public final class TrainCommand implements Command {
    private static final Option<Boolean> LIST = Option.flag("list the recipes that come with the program", "--list");
    private static final Option<Boolean> EXPLAIN =
            Option.flag("explain all keys of recipes, those of the sections after it, or those that a recipe sets, "
                    + "with its values", "--explain");
    private static final Option<Boolean> DRY_RUN =
            Option.flag("show parameters, memory, tokens and estimated time, and train nothing", "--dry-run");
    private static final Option<Boolean> RESUME =
            Option.flag("continue the run in the output folder from its last checkpoint", "--resume");
    private static final Option<Boolean> FORCE = Option.flag("replace the run in the output folder", "--force");

    private static final Option<Integer> RANKS = Option.integer("N", 1, 1024, "ranks that train together, threads of "
            + "this process, in the fastest layout that fits where the recipe has no parallel: block (under mpiexec "
            + "its processes)", "--ranks");

    private static final PrintStream NOTHING = new PrintStream(OutputStream.nullOutputStream());

    private final Supplier<String> version;

    /// @param version of the program, which all ranks that train together must have
    public TrainCommand(Supplier<String> version) {
        this.version = version;
    }

    @Override
    public String name() {
        return "train";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Train, fine-tune or distill a model by a recipe",
                List.of(new Positional("RECIPE", "YAML file, or the name of a recipe that --list shows", false),
                        new Positional("KEY=VALUE", "override, such as steps=100; of one of several stages "
                                + "STAGE.steps=100", false).repeated()),
                Syntax.join(List.of(LIST, EXPLAIN, DRY_RUN, RESUME, FORCE, RANKS, Json.OPTION),
                        ComputeOptions.TRAINING))
                .examples("""
                        $ glia train nano data.train=input.txt
                        $ glia train recipe.yaml steps=500 optimizer.learning_rate=1e-4
                        $ glia train recipe.yaml --resume""")
                .notes("Ctrl-C saves a checkpoint; --resume continues from it with the same losses. Of a recipe with "
                        + "stages, those that are complete are skipped.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        if (arguments.has(LIST)) {
            TrainHelp.list(arguments, console);
            return ExitCode.OK;
        }
        if (arguments.has(EXPLAIN)) {
            TrainHelp.explain(arguments, console);
            return ExitCode.OK;
        }
        String name = arguments.optional(0).orElseThrow(() -> new UsageException("RECIPE is missing: a YAML file, or "
                + "one of " + String.join(", ", ShippedRecipes.all().stream().map(r -> r.name()).toList())));
        if (arguments.has(RESUME) && arguments.has(FORCE)) {
            throw new UsageException("--resume continues a run and --force replaces it: give one of them");
        }
        List<RecipeStage> stages = RecipeStage.read(name, arguments.repeated());
        LoadOptions options = ComputeOptions.of(arguments, Precision.EXACT);
        Existing existing = arguments.has(RESUME) ? Existing.RESUME
                : arguments.has(FORCE) ? Existing.REPLACE : Existing.REFUSE;
        boolean isDryRun = arguments.has(DRY_RUN);
        boolean isOpen = stages.stream().allMatch(stage -> RankLayout.isOpen(stage.recipe()));
        int processes = Launch.processes();
        int ranks = isOpen ? arguments.get(RANKS).orElse(1) : isDryRun || processes > 1 ? 1 : ranks(stages);
        if (arguments.has(RANKS) && arguments.get(RANKS).orElseThrow() != (processes > 1 ? processes : ranks)) {
            throw new UsageException("--ranks: found " + arguments.get(RANKS).orElseThrow() + ", expected "
                    + (processes > 1 ? "the " + processes + " processes of the job"
                    : "the " + ranks + " ranks of the recipe") + "; leave the option out");
        }
        return Launch.<IOException>run(ranks, options.kernels(), version.get(), console.err(), rank -> {
            Console own = rank.rank() == 0 ? console : Console.plain(console.in(), NOTHING, NOTHING);
            int sharers = Launch.processes() > 1 ? Launch.processesHere() : ranks;
            try (Workers workers = new Workers(Math.max(1, options.numThreads() / sharers))) {
                KernelBackends.Choice kernels = KernelBackends.choose(options.kernels(), workers);
                if (!kernels.note().isEmpty()) {
                    own.err().println("glia: " + kernels.note());
                }
                Optional<TrainLayouts> layouts = isOpen && rank.size() > 1
                        ? Optional.of(TrainLayouts.measure(rank, sharers, workers.count())) : Optional.empty();
                if (isDryRun && isOpen && rank.rank() > 0) {
                    return ExitCode.OK;
                }
                TrainStages runs = new TrainStages(stages, kernels.kernels(), arguments, own, rank, layouts);
                return isDryRun ? runs.summarize() : runs.run(existing);
            }
        });
    }

    /// The ranks that train together, unless the processes of a job do.
    private static int ranks(List<RecipeStage> stages) throws CheckpointException {
        long ranks = RunTogether.size(stages.getFirst().recipe());
        for (RecipeStage stage : stages) {
            if (RunTogether.size(stage.recipe()) != ranks) {
                throw stage.recipe().error(RecipeKeys.DATA_PARALLEL, "differs between the stages; give all the same");
            }
        }
        return Math.toIntExact(ranks);
    }
}
