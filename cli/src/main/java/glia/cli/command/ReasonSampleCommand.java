package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.option.ComputeOptions;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.engine.LanguageModel;
import glia.io.hub.ModelLocation;
import glia.reason.run.WilsonInterval;
import glia.reason.search.RejectionSampling;
import glia.reason.search.RejectionSampling.Result;
import glia.reason.search.SampleData;
import glia.reason.search.Strategy;
import glia.reason.search.StrategyBench;
import glia.reason.task.Split;
import glia.tensor.Precision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Writes a model's own right answers as chats for fine-tuning.
public final class ReasonSampleCommand implements Command {
    private static final Option<String> OUTPUT = Option.text("FILE", "write the chats to a JSONL file", "--output",
            "-o").elsewhere("--jsonl", "--out");
    private static final Option<Integer> SAMPLES = Option.integer("N", 1, 4096,
            "answers of a question (default: 4)", "--samples").elsewhere("--group");
    private static final Option<Integer> KEEP = Option.integer("N", 1, 4096,
            "most answers that are kept of a question (default: 1)", "--keep");
    private static final Option<String> STRATEGY = Option.text("STRATEGY",
            "how an answer is made, such as single, low or high (default: single)", "--strategy");
    private static final Option<Float> DIRECT = Option.number("SHARE", 0, 1,
            "share of the chats that have the answer alone, without its thoughts (default: 0)", "--direct");
    private static final int DEFAULT_SAMPLES = 4;

    /// For [glia.cli.Cli].
    public ReasonSampleCommand() {}

    @Override
    public String name() {
        return "reason sample";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Write a model's own right answers as training data", List.of(Models.MODEL),
                Syntax.join(List.of(ReasonQuestions.TASK, OUTPUT, ReasonQuestions.LIMIT, SAMPLES, KEEP, STRATEGY,
                        DIRECT, ReasonQuestions.MAX_TOKENS, ReasonQuestions.TEMPERATURE, ReasonQuestions.SEED,
                        ReasonQuestions.BATCH, TextFiles.FORCE, Json.OPTION), ComputeOptions.ALL,
                        List.of(ComputeOptions.KV_CACHE_TYPE)))
                .examples("""
                        $ glia reason sample model/ --task countdown --limit 1000 --temperature 1 -o right.jsonl
                        $ glia train sft data.train=right.jsonl model.path=base/""")
                .notes("Rejection sampling: answers that the verifier accepts are kept, others dropped. Lines are chats"
                        + " for task: sft, with thoughts between <think> and </think>. Problems of a task are of its "
                        + "train split.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        Path file = Path.of(arguments.required(OUTPUT));
        TextFiles.checkWritable(file, arguments);
        Strategy strategy;
        try {
            strategy = Strategy.parse(arguments.get(STRATEGY).orElse("single"));
        } catch (IllegalArgumentException e) {
            throw new UsageException("--strategy: " + e.getMessage());
        }
        ReasonQuestions questions = ReasonQuestions.of(arguments, Split.TRAIN).noted(arguments, console);
        int samples = arguments.get(SAMPLES).orElse(DEFAULT_SAMPLES);
        ModelLocation choice = Models.locate(Optional.of(arguments.required(0)), arguments, console);
        Result result;
        try (LanguageModel model = Models.load(choice.path(), ComputeOptions.of(arguments, Precision.FAST), arguments,
                console)) {
            StrategyBench bench = new StrategyBench(model, questions.options(arguments, model), questions.verifier(),
                    ReasonQuestions.parallel(arguments));
            result = new RejectionSampling(bench, strategy).run(questions.items(), samples,
                    arguments.get(KEEP).orElse(1), ReasonQuestions.seed(arguments), done -> ReasonReport.progress(
                            console, strategy.text(), done, questions.items().size() * samples));
        }
        List<String> lines = SampleData.lines(result, arguments.get(DIRECT).orElse(0f),
                ReasonQuestions.seed(arguments));
        TextFiles.writeLines(file, lines.size(), lines::get);
        report(result, lines.size(), file, arguments, console);
        return ExitCode.OK;
    }

    private static void report(Result result, int kept, Path file, Arguments arguments, Console console) {
        long solved = result.kept().stream().filter(k -> k.numRight() > 0).count();
        int questions = result.kept().size();
        WilsonInterval right = WilsonInterval.of((double) result.numRight() / result.samples() * questions, questions);
        if (arguments.has(Json.OPTION)) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("file", file.toString());
            document.put("questions", questions);
            document.put("solved", solved);
            document.put("samples", result.samples());
            document.put("right", result.numRight());
            document.put("kept", kept);
            document.put("tokens", result.tokens());
            Json.print(console, document);
            return;
        }
        console.printText(String.format(Locale.ROOT, "%.1f %% of %d answers were right (95 %% interval %.1f to %.1f"
                + "), %d of %d questions solved", 100 * right.share(), result.samples(), 100 * right.low(),
                100 * right.high(), solved, questions));
        console.out().println("Wrote " + kept + " chats to " + file);
    }
}
