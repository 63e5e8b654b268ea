package glia.cli.command;

import glia.check.CaseTree;
import glia.check.processor.ProcessorCases;
import glia.check.training.TrainingReplay;
import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.command.CaseReport.Comparisons;
import glia.cli.option.ComputeOptions;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.engine.LanguageModel;
import glia.engine.grammar.GrammarVocabulary;
import glia.engine.load.LoadOptions;
import glia.engine.load.LoadedModel;
import glia.engine.load.TextLoader;
import glia.engine.pass.Engine;
import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.hub.HubException;
import glia.io.hub.Progress;
import glia.io.load.Checkpoints;
import glia.lab.check.CheckLine;
import glia.lab.check.ModelCheck;
import glia.lab.check.StructuredCheck.Outcome.Kind;
import glia.lab.check.StructuredCheck;
import glia.lab.check.StructuredReport;
import glia.lab.check.TextCheck;
import glia.lab.check.VoiceCheck;
import glia.kernels.KernelBackends;
import glia.tensor.Precision;
import glia.tensor.kernel.Workers;
import glia.text.template.TemplateCheck;
import glia.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Compares Glia's results with those of a reference implementation.
public final class CheckCommand implements Command {
    private static final Option<String> MODEL = Option.text("MODEL",
            "model, if it is not in DIR; for --structured, its tokenizer",
            "--model", "-m");
    private static final Option<String> TEMPLATES = Option.text("DIR", "folder of chat templates to render",
            "--templates");
    private static final Option<String> CASES = Option.text("DIR",
            "folder of cases: one folder for each group, such as optim or rope; base checkpoints are in the folder "
                    + "golden beside it", "--cases");
    private static final Option<String> PROCESSORS = Option.text("DIR",
            "folder of cases of picture processors: one folder for each family, pictures in the folder media",
            "--processors");
    private static final Option<String> STRUCTURED = Option.text("FILE",
            "JSON schemas with instances, .jsonl or .jsonl.gz: check structured output with the tokenizer of --model "
                    + "(default: the default model)", "--structured");
    private static final Option<Clock> NOW = Option.parsed("TIME", List.of(), CheckCommand::clock,
            "local time for templates, such as 2026-01-31T12:00:00 (default: now)", "--now");

    /// For [glia.cli.Cli].
    public CheckCommand() {}

    @Override
    public String name() {
        return "check";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Compare results with those of a reference implementation",
                List.of(new Positional("DIR", "folder with expected.safetensors, train.json, "
                        + "tokens.json or greedy.json", false)),
                Syntax.join(List.of(MODEL, TEMPLATES, NOW, CASES, PROCESSORS, STRUCTURED, Json.OPTION),
                        ComputeOptions.ALL, List.of(ComputeOptions.KV_CACHE_TYPE)))
                .examples("""
                        $ glia check engine/src/test/resources/golden/llama
                        pass  logits, full sequence                                     2.4e-07, at most 1.0e-04
                        ...
                        $ glia check --structured maskbench.jsonl.gz
                        2160 schemas: 2080 passing, 80 compile errors, 0 validation errors, 0 invalidation errors
                        ...
                        $ glia check --cases golden-training
                        pass  optim/adamw: w                                            1.2e-07, at most 1.0e-05
                        ...""")
                .notes("A line for each comparison: pass or FAIL, largest difference, tolerance. Precision exact and "
                        + "an f32 KV cache are the defaults. The exit code is 1 if a comparison fails.\n"
                        + "--structured: a schema passes if each valid instance is accepted token by token and each "
                        + "invalid one refused. Unsupported schemas are compile errors, which do not fail.\n"
                        + "With train.json the training run of the reference is repeated: the loss and the gradient "
                        + "norm (relative difference) of each step.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        if (arguments.optional(0).isEmpty() && !arguments.has(TEMPLATES) && !arguments.has(CASES)
                && !arguments.has(PROCESSORS) && !arguments.has(STRUCTURED)) {
            throw new UsageException("DIR is missing: a folder to check, --cases DIR, --processors DIR, "
                    + "--templates DIR or --structured FILE");
        }
        boolean json = arguments.has(Json.OPTION);
        List<CheckLine> lines = new ArrayList<>();
        Results results = line -> {
            lines.add(line);
            if (!json) {
                console.out().println(Comparisons.line(line.passed(), line.what(), line.difference(), line.tolerance(),
                        line.detail(), console.width()));
                console.out().flush();
            }
        };
        if (arguments.optional(0).isPresent()) {
            checkModel(Path.of(arguments.required(0)), arguments, console, results);
        }
        if (arguments.has(TEMPLATES)) {
            checkTemplates(Path.of(arguments.get(TEMPLATES).orElseThrow()),
                    arguments.get(NOW).orElseGet(Clock::systemDefaultZone), results);
        }
        boolean passed = lines.stream().allMatch(CheckLine::passed);
        Map<String, Object> document = document(lines);
        for (Option<String> trees : List.of(CASES, PROCESSORS)) {
            if (!arguments.has(trees)) {
                continue;
            }
            CaseReport report = new CaseReport(line -> {
                if (!json) {
                    console.out().println(line);
                    console.out().flush();
                }
            }, console.width());
            passed &= report.run(Path.of(arguments.get(trees).orElseThrow()), options(arguments),
                    trees == PROCESSORS ? ProcessorCases::find : folder -> CaseTree.find(
                            folder.getFileName().toString()));
            document.putAll(report.document());
        }
        if (arguments.has(STRUCTURED)) {
            StructuredView view = new StructuredView(console, json);
            passed &= view.run(Path.of(arguments.get(STRUCTURED).orElseThrow()), arguments.get(MODEL), arguments);
            document.putAll(view.document());
        }
        if (json) {
            document.put("passed", passed);
            Json.print(console, document);
        }
        return passed ? ExitCode.OK : ExitCode.FAILED;
    }

    /// Receives each result when it is known.
    private interface Results {
        void accept(CheckLine line);
    }

    private static void checkModel(Path folder, Arguments arguments, Console console, Results results)
            throws IOException {
        boolean numbers = Files.exists(folder.resolve("expected.safetensors"));
        boolean texts = TextCheck.applies(folder);
        if (!numbers && !texts) {
            throw new CheckpointException(folder, "", "holds none of expected.safetensors, tokens.json and "
                    + "greedy.json, which a reference computes");
        }
        LoadOptions options = options(arguments);
        Path path = model(folder, arguments, console);
        if (VoiceCheck.applies(path)) {
            try (Workers workers = new Workers(options.numThreads())) {
                VoiceCheck.run(folder, path, KernelBackends.choose(options.kernels(), workers).kernels(),
                        results::accept);
            }
            return;
        }
        if (!texts) {
            checkNumbers(folder, path, options, results);
            return;
        }
        try (LanguageModel model = LanguageModel.load(path, options)) {
            if (numbers) {
                checkNumbers(folder, path, model.engine(), results);
            }
            TextCheck.run(folder, model.tokenizer(), model.engine(), options.precision(), results::accept);
        }
    }

    private static LoadOptions options(Arguments arguments) {
        LoadOptions asked = ComputeOptions.of(arguments, Precision.EXACT);
        // The backend that computes after the start, not the one that the program begins with.
        return asked.kernels().equals("auto") ? asked.withKernels("best") : asked;
    }

    /// The model in the folder, or the one that --model names.
    private static Path model(Path folder, Arguments arguments, Console console) throws HubException {
        try {
            return Models.locate(Optional.of(arguments.get(MODEL).orElse(folder.toString())), arguments, console)
                    .path();
        } catch (HubException e) {
            boolean missing = e.kind() == HubException.Kind.NOT_FOUND && !arguments.has(MODEL);
            throw missing ? new HubException(e.kind(), e.getMessage() + " --model names a model elsewhere.", e) : e;
        }
    }

    /// Checks a model without its tokenizer, which such folders may lack.
    private static void checkNumbers(Path folder, Path path, LoadOptions options, Results results)
            throws CheckpointException {
        try (LoadedModel model = LoadedModel.load(path, options, Progress.NONE)) {
            checkNumbers(folder, path, model.engine(), results);
        }
    }

    private static void checkNumbers(Path folder, Path path, Engine engine, Results results)
            throws CheckpointException {
        ModelCheck.run(folder, engine, results::accept);
        if (TrainingReplay.applies(folder)) {
            TrainingReplay.run(folder, path, engine.ops().kernels(), result -> results.accept(new CheckLine(
                    "training " + result.id() + ", " + result.quantity(), result.difference(), result.tolerance(),
                    "")));
        }
    }

    private static void checkTemplates(Path folder, Clock clock, Results results) {
        for (TemplateCheck.Result result : TemplateCheck.run(folder, clock)) {
            results.accept(new CheckLine(result.numCases() + " cases of template " + result.template(),
                    result.numCases() == 0 ? Double.NaN : result.numCases() - result.numPassed(), 0,
                    result.firstDifference().orElse("")));
        }
    }

    private static Map<String, Object> document(List<CheckLine> lines) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("passed", lines.stream().allMatch(CheckLine::passed));
        document.put("checks", lines.stream().map(line -> {
            Map<String, Object> check = new LinkedHashMap<>();
            check.put("what", line.what());
            check.put("difference", line.difference());
            check.put("tolerance", line.tolerance());
            check.put("passed", line.passed());
            check.put("detail", line.detail());
            return check;
        }).toList());
        return document;
    }

    private static Clock clock(String time) {
        try {
            ZoneId zone = ZoneId.systemDefault();
            return Clock.fixed(LocalDateTime.parse(time).atZone(zone).toInstant(), zone);
        } catch (DateTimeParseException e) {
            throw new IllegalArgumentException("'" + time + "' is not a time such as 2026-01-31T12:00:00", e);
        }
    }

    /// Runs a [StructuredCheck] and prints its counts and times.
    static final class StructuredView {
        private final Console console;
        private final boolean json;
        private final Map<String, Object> document = new LinkedHashMap<>();

        StructuredView(Console console, boolean json) {
            this.console = console;
            this.json = json;
        }

        /// Checks the schemas of a file.
        ///
        /// @param model whose tokenizer is used; empty for the default model
        /// @return whether no instance was wrongly accepted or refused
        boolean run(Path file, Optional<String> model, Arguments arguments) throws IOException {
            Tokenizer tokenizer = tokenizer(model, arguments);
            StructuredCheck check = new StructuredCheck(tokenizer, GrammarVocabulary.of(tokenizer));
            StructuredReport report = check.run(file, outcome -> {
                if (!json && outcome.kind() != Kind.PASSING) {
                    console.out().println(outcome.kind().name().toLowerCase(Locale.ROOT).replace('_', ' ') + "  "
                            + outcome.name() + ": " + outcome.detail());
                }
            });
            document.put("schemas", report.schemas());
            document.put("passing", report.count(Kind.PASSING));
            document.put("compile_errors", report.count(Kind.COMPILE_ERROR));
            document.put("validation_errors", report.count(Kind.VALIDATION_ERROR));
            document.put("invalidation_errors", report.count(Kind.INVALIDATION_ERROR));
            document.put("vocabulary", tokenizer.vocabSize());
            document.put("mask_us", report.maskMicros());
            document.put("first_mask_us", report.firstMaskMicros());
            if (!json) {
                print(report);
            }
            return report.schemas() > 0 && report.count(Kind.VALIDATION_ERROR) + report.count(Kind.INVALIDATION_ERROR)
                    == 0;
        }

        /// A folder needs no weights: only its tokenizer is loaded.
        private Tokenizer tokenizer(Optional<String> model, Arguments arguments) throws IOException {
            if (model.isPresent() && Files.isRegularFile(Path.of(model.get()).resolve("tokenizer.json"))) {
                return Tokenizer.load(Path.of(model.get()));
            }
            Path path = Models.files(model, arguments, console).base();
            try (Checkpoint checkpoint = Checkpoints.open(path)) {
                return TextLoader.start(path, checkpoint).tokenizer();
            }
        }

        private void print(StructuredReport report) {
            int schemas = Math.max(1, report.schemas());
            console.out().printf(Locale.ROOT,
                    "%d schemas: %d passing (%.1f %%), %d compile errors, %d validation errors, "
                    + "%d invalidation errors%n", report.schemas(), report.count(Kind.PASSING),
                    100.0 * report.count(Kind.PASSING) / schemas, report.count(Kind.COMPILE_ERROR),
                    report.count(Kind.VALIDATION_ERROR), report.count(Kind.INVALIDATION_ERROR));
            Table table = new Table("lrrrrrr").row("microseconds", "mean", "p50", "p90", "p99", "p99.9", "most");
            add(table, "mask", report.maskMicros());
            add(table, "compile, first mask", report.firstMaskMicros());
            table.print(console);
        }

        private static void add(Table table, String name, Map<String, Double> micros) {
            table.row(name, tenths(micros, "mean"), tenths(micros, "p50"), tenths(micros, "p90"), tenths(micros, "p99"),
                    tenths(micros, "p999"), tenths(micros, "max"));
        }

        private static String tenths(Map<String, Double> micros, String name) {
            return String.format(Locale.ROOT, "%.1f", micros.get(name));
        }

        Map<String, Object> document() {
            return document;
        }
    }
}
