package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.option.ComputeOptions;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.engine.LanguageModel;
import glia.engine.load.LoadOptions;
import glia.io.CheckpointException;
import glia.io.hub.ModelLocation;
import glia.lab.eval.EvalItem;
import glia.lab.eval.EvalResult;
import glia.lab.eval.EvalTask;
import glia.lab.eval.Evaluation;
import glia.lab.eval.Ruler;
import glia.lab.eval.TaskFile;
import glia.reason.reward.Reward;
import glia.reason.task.CaptionTask;
import glia.reason.task.Problem;
import glia.reason.task.Split;
import glia.reason.task.TaskMix;
import glia.tensor.Precision;
import glia.train.recipe.RunRanks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Evaluates a model on tasks, alone or compared with another one.
public final class EvalCommand implements Command {
    private static final int DEFAULT_BATCH = 16;
    private static final int GENERATED = 200;
    /// Captions of the task captions, to be drawn.
    private static final String DRAWINGS = "drawings";
    private static final int MAX_TOKENS = 1024;
    private static final Option<Integer> LIMIT = Option.integer("N", 1, Integer.MAX_VALUE,
            "only the first N items of each task (default: all; " + GENERATED + " of a task of glia tasks, "
            + Ruler.ITEMS + " of ruler)",
            "--limit", "-l");
    private static final Option<Integer> SHOTS = Option.integer("N", 0, Integer.MAX_VALUE,
            "examples before each item (default: the task's)", "--shots").elsewhere("--num-fewshot", "--n-shot");
    private static final Option<Split> SPLIT = Option.parsed("SPLIT", Split.words(), Split::of,
            "split of the problems of a task of glia tasks (default: held-out)", "--split");
    private static final Option<Long> SEED = Option.longInteger("N",
            "random seed of generated problems, the choice of examples and bootstrap intervals (default: 0)",
            "--seed", "-s");
    private static final Option<Integer> BATCH = Option.integer("N", 1, 4096,
            "answers that are generated at a time (default: " + DEFAULT_BATCH + ")", "--batch", "-b")
            .elsewhere("--batch-size", "--parallel");
    private static final Option<String> AGAINST = Option.text("MODEL",
            "a second model to compare with, item by item", "--against").elsewhere("--baseline", "--compare");
    private static final Option<String> SAMPLES = Option.text("FILE",
            "write the result of each item to a JSONL file", "--samples").elsewhere("--log-samples", "--output-path");

    private final Supplier<String> version;

    /// For [glia.cli.Cli].
    ///
    /// @param version of this program, which all ranks must have
    public EvalCommand(Supplier<String> version) {
        this.version = version;
    }

    @Override
    public String name() {
        return "eval";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Evaluate a model on tasks",
                List.of(Models.MODEL, new Positional("TASK", "built-in task ("
                        + String.join(", ", TaskFile.BUILT_IN) + "), task of glia tasks such as shapes:2, or task "
                        + "file in JSONL", true).repeated()),
                Syntax.join(List.of(LIMIT, SHOTS, SPLIT, SEED, BATCH, AGAINST, SAMPLES, TextFiles.FORCE, Json.OPTION),
                        ComputeOptions.ALL, ComputeOptions.ROPE,
                        List.of(ComputeOptions.KV_CACHE_TYPE, ComputeOptions.ATTENTION,
                                ComputeOptions.CACHE_POLICY, ComputeOptions.PREFILL, ComputeOptions.ADAPTER,
                                ComputeOptions.DATA, ComputeOptions.TENSOR, ComputeOptions.EXPERT,
                                ComputeOptions.PIPELINE,
                                ComputeOptions.CONTEXT_PARALLEL)))
                .examples("""
                        $ glia eval HuggingFaceTB/SmolLM2-135M-Instruct knowledge prose
                        $ glia eval tuned/ questions.jsonl --against base/ --samples answers.jsonl
                        $ glia eval base/ questions.jsonl --adapter adapter/ --against base/""")
                .notes("Tasks measure bits per byte and perplexity of texts, multiple choice by likelihood, or exact "
                        + "match of generated answers; the problems of glia tasks are scored by their verifier. "
                        + "docs/evaluation.md describes their files. Intervals have 95 % "
                        + "confidence: Wilson's for accuracies, bootstrap for means and differences. An adapter "
                        + "belongs to the first model.");
    }

    /// What is read before a model is loaded.
    private record Job(List<EvalTask> tasks, Optional<Path> samples, ModelLocation first,
            Optional<ModelLocation> second) {
        static Job of(Arguments arguments, Console console) throws IOException {
            List<EvalTask> tasks = read(arguments);
            Optional<Path> samples = TextFiles.output(SAMPLES, arguments);
            ModelLocation first = Models.locate(Optional.of(arguments.required(0)), arguments, console);
            return new Job(tasks, samples, first, !arguments.has(AGAINST) ? Optional.empty()
                    : Optional.of(Models.locate(arguments.get(AGAINST), arguments, console)));
        }
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        Optional<Option<Integer>> division = RanksTogether.division(arguments);
        return division.isPresent() ? RanksTogether.run(division.get(), arguments, console, version.get(),
                (options, ranks, own) -> run(arguments, own, options, ranks))
                : RanksTogether.sharing(arguments, console, Precision.FAST, version.get(), (options, ranks, own) ->
                run(arguments, own, options, ranks));
    }

    private static int run(Arguments arguments, Console console, LoadOptions options, RunRanks ranks)
            throws IOException {
        Job job = ranks.together(() -> Job.of(arguments, console), made -> { });
        String name = arguments.required(0)
                + arguments.get(ComputeOptions.ADAPTER).map(adapter -> " with " + adapter).orElse("");
        EvalReport report = new EvalReport(name, evaluate(job.first, true, job.tasks, arguments, console, options,
                ranks));
        if (job.second.isPresent()) {
            report.compareWith(arguments.get(AGAINST).orElseThrow(), evaluate(job.second.get(), false, job.tasks,
                    arguments, console, options, ranks), seed(arguments));
        }
        if (ranks.rank() > 0) {
            return ExitCode.OK;
        }
        if (job.samples.isPresent()) {
            TextFiles.write(job.samples.get(), report.samples());
        }
        if (arguments.has(Json.OPTION)) {
            Json.print(console, report.document(seed(arguments)));
        } else {
            report.print(console);
        }
        return ExitCode.OK;
    }

    private static long seed(Arguments arguments) {
        return arguments.get(SEED).orElse(0L);
    }

    /// Reads all tasks before the model is loaded.
    private static List<EvalTask> read(Arguments arguments) throws CheckpointException {
        List<EvalTask> tasks = new ArrayList<>();
        for (String name : arguments.repeated().stream().flatMap(n -> Ruler.names(n).stream()).toList()) {
            boolean isGenerated = (name.equals(DRAWINGS) || TaskMix.describes(name))
                    && !TaskFile.BUILT_IN.contains(name) && !Files.exists(Path.of(name));
            if (arguments.has(SPLIT) && !isGenerated) {
                throw new UsageException("--split is for the tasks of glia tasks, and " + name + " is none of them");
            }
            EvalTask task = isGenerated ? generated(name, arguments)
                    : TaskFile.read(name, arguments.get(LIMIT).orElse(Ruler.ITEMS));
            if (arguments.has(SHOTS) && task.kind() != EvalTask.Kind.TEXT) {
                task = task.withShots(arguments.get(SHOTS).orElseThrow());
            }
            tasks.add(task.limited(arguments.get(LIMIT).orElse(Integer.MAX_VALUE)));
        }
        return tasks;
    }

    /// Problems of a split, each once, scored by their verifier.
    private static EvalTask generated(String name, Arguments arguments) {
        boolean isDrawn = name.equals(DRAWINGS);
        TaskMix tasks = TaskMix.of(isDrawn ? "captions" : name, seed(arguments));
        Reward verifier = tasks.verifier();
        List<EvalItem> items = new ArrayList<>();
        for (Problem problem : tasks.distinct(arguments.get(SPLIT).orElse(Split.HELD_OUT),
                arguments.get(LIMIT).orElse(GENERATED))) {
            if (isDrawn) {
                items.add(new EvalItem.Drawing(problem.id(), problem.answer(), made -> CaptionTask.recognize(made)
                        .equals(problem.answer())));
                continue;
            }
            Predicate<String> isRight = text -> verifier.score(problem.sample(text, 1, true)).orElse(0) == 1;
            items.add(new EvalItem.Generation(problem.id(), problem.prompt(), List.of(problem.answer()),
                    problem.pictures(), Optional.of(isRight)));
        }
        EvalTask.Settings usual = EvalTask.Settings.DEFAULTS;
        return new EvalTask(name, EvalTask.Kind.GENERATE,
                new EvalTask.Settings(0, usual.delimiter(), usual.separator(), usual.score(), List.of(), MAX_TOKENS,
                        usual.normalize(), true, ""), items, List.of());
    }

    private static List<EvalResult> evaluate(ModelLocation location, boolean isFirst, List<EvalTask> tasks,
            Arguments arguments, Console console, LoadOptions options, RunRanks ranks) throws IOException {
        try (LanguageModel model = ranks.together(() -> isFirst
                ? Models.load(location.path(), options, arguments, console)
                : Models.loadWithoutAdapter(location.path(), options, arguments, console), LanguageModel::close)) {
            ranks.requireSame(location.path(), "kernels", model.engine().ops().kernels().name(), "choose one with "
                    + "--kernels");
            ranks.requireSame(location.path(), "files", files(location.path()), "give all the same model");
            // Ranks with parts of a model all compute the same, one answer after the other.
            boolean isDivided = options.ranks().isPresent();
            Evaluation evaluation = new Evaluation(model, seed(arguments), isDivided ? 1
                    : arguments.get(BATCH).orElse(DEFAULT_BATCH),
                    (task, done, total) -> {
                        if (console.errIsTerminal()) {
                            console.clearProgress();
                            console.err().print(task + ": " + done + " of " + total);
                            console.err().flush();
                        }
                    });
            List<EvalResult> results = new ArrayList<>();
            for (EvalTask task : tasks) {
                String part = ranks.together(() -> isDivided ? evaluation.part(task, 0, 1)
                        : evaluation.part(task, ranks.rank(), ranks.size()), made -> { });
                results.add(evaluation.result(task, isDivided ? List.of(part) : ranks.all(part)));
            }
            if (console.errIsTerminal()) {
                console.clearProgress();
            }
            return results;
        }
    }

    /// Names and sizes of a model's files.
    private static String files(Path model) throws IOException {
        try (Stream<Path> files = Files.list(Files.isDirectory(model) ? model : model.toAbsolutePath().getParent())) {
            return files.filter(file -> Files.isDirectory(model) ? Files.isRegularFile(file)
                    : file.endsWith(model.getFileName())).map(file -> file.getFileName() + " " + file.toFile().length())
                    .sorted().collect(Collectors.joining(", "));
        }
    }
}
