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
import glia.reason.search.Scorer;
import glia.reason.search.SearchOptions;
import glia.reason.search.Strategy;
import glia.reason.search.StrategyBench;
import glia.reason.task.Split;
import glia.tensor.Precision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// Measures accuracy and tokens of strategies of test-time computation.
public final class ReasonBenchCommand implements Command {
    private static final Option<String> STRATEGIES = Option.text("LIST",
            "strategies with commas between: instant, low, medium, high, auto, single, majority:8, best:8, beam:4x2, "
                    + "mcts:32x3, parallel:4; @EFFORT may follow, as in majority:8@low (default: single,majority:4)",
            "--strategies").elsewhere("--strategy");
    private static final Option<String> SCORER = Option.text("SCORER",
            "what best, beam and mcts maximize: likelihood, verifier, or a reward model, also the folder of an "
                    + "adapter (default: likelihood)",
            "--scorer").elsewhere("--reward-model", "--verifier");
    private static final Option<String> SVG = Option.text("FILE", "write the chart as SVG", "--svg");
    private static final Option<String> HTML = Option.text("FILE", "write a page with the chart and the figures",
            "--html");
    private static final Option<String> SAMPLES = Option.text("FILE",
            "write the result of each question to a JSONL file", "--samples").elsewhere("--log-samples");
    private static final String USUAL = "single,majority:4";

    /// For [glia.cli.Cli].
    public ReasonBenchCommand() {}

    @Override
    public String name() {
        return "reason bench";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Chart accuracy against tokens of strategies", List.of(Models.MODEL),
                Syntax.join(List.of(ReasonQuestions.TASK, STRATEGIES, SCORER, ReasonQuestions.LIMIT,
                        ReasonQuestions.MAX_TOKENS, ReasonQuestions.ANSWER_TOKENS, ReasonQuestions.TEMPERATURE,
                        ReasonQuestions.SEED, ReasonQuestions.BATCH, SVG, HTML, SAMPLES, TextFiles.FORCE, Json.OPTION),
                        ComputeOptions.ALL, List.of(ComputeOptions.KV_CACHE_TYPE, ComputeOptions.ADAPTER)))
                .examples("""
                        $ glia reason bench Qwen/Qwen3-0.6B --task arithmetic --strategies instant,low,high
                        $ glia reason bench model/ --task countdown --strategies single,majority:8,best:8 \\
                              --scorer verifier --html chart.html""")
                .notes("Problems of a task are of its held-out split, each once. Intervals are Wilson's with "
                        + "95 % confidence. Tokens are all that a strategy generates for a question. A verifier "
                        + "that reads the right answer gives best, beam and mcts what no user has: the result is an "
                        + "upper bound.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        List<Strategy> strategies = strategies(arguments);
        ReasonQuestions questions = ReasonQuestions.of(arguments, Split.HELD_OUT).noted(arguments, console);
        for (Option<String> file : List.of(SVG, HTML, SAMPLES)) {
            if (arguments.has(file)) {
                TextFiles.checkWritable(Path.of(arguments.get(file).orElseThrow()), arguments);
            }
        }
        ReasonReport report;
        ModelLocation choice = Models.locate(Optional.of(arguments.required(0)), arguments, console);
        try (LanguageModel model = Models.load(choice.path(), ComputeOptions.of(arguments, Precision.FAST), arguments,
                console)) {
            noteGreedy(strategies, questions.options(arguments, model), console);
            report = new ReasonReport(arguments.required(0), arguments.get(ReasonQuestions.TASK).orElseThrow(),
                    results(model, strategies, questions, arguments, console));
        }
        if (arguments.has(SVG)) {
            TextFiles.write(Path.of(arguments.get(SVG).orElseThrow()), report.svg());
        }
        if (arguments.has(HTML)) {
            TextFiles.write(Path.of(arguments.get(HTML).orElseThrow()), report.html());
        }
        if (arguments.has(SAMPLES)) {
            TextFiles.write(Path.of(arguments.get(SAMPLES).orElseThrow()), report.samples());
        }
        if (arguments.has(Json.OPTION)) {
            Json.print(console, report.document());
        } else {
            report.table().print(console);
        }
        return ExitCode.OK;
    }

    /// Greedy answers to a question are all the same.
    private static void noteGreedy(List<Strategy> strategies, SearchOptions options, Console console) {
        String several = strategies.stream().filter(strategy -> strategy.answers() > 1).map(Strategy::text)
                .collect(Collectors.joining(", "));
        if (options.sampling().temperature() == 0 && !several.isEmpty()) {
            console.err().println("glia: at temperature 0 all answers of " + several + " are the same; "
                    + "--temperature 0.8 varies them");
        }
    }

    private static List<Strategy> strategies(Arguments arguments) {
        List<Strategy> strategies = new ArrayList<>();
        for (String text : arguments.get(STRATEGIES).orElse(USUAL).split(",", -1)) {
            Strategy strategy;
            try {
                strategy = Strategy.parse(text.strip());
            } catch (IllegalArgumentException e) {
                throw new UsageException("--strategies: " + e.getMessage(), e);
            }
            if (strategies.contains(strategy)) {
                throw new UsageException("--strategies: " + strategy.text() + " is given twice");
            }
            strategies.add(strategy);
        }
        return strategies;
    }

    private static List<StrategyBench.Result> results(LanguageModel model, List<Strategy> strategies,
            ReasonQuestions questions, Arguments arguments, Console console) throws IOException {
        String scorer = arguments.get(SCORER).orElse("likelihood");
        return switch (scorer) {
            case "likelihood" -> results(model, Scorer.likelihood(), strategies, questions, arguments, console);
            case "verifier" -> results(model, Scorer.of(questions.verifier()), strategies, questions, arguments,
                    console);
            default -> {
                try (LanguageModel reward = Models.loadSecond(scorer, ComputeOptions.of(arguments, Precision.FAST),
                        arguments, console)) {
                    yield results(model, Scorer.of(reward), strategies, questions, arguments, console);
                }
            }
        };
    }

    private static List<StrategyBench.Result> results(LanguageModel model, Scorer scorer, List<Strategy> strategies,
            ReasonQuestions questions, Arguments arguments, Console console) {
        StrategyBench bench = new StrategyBench(model, questions.options(arguments, model).withScorer(scorer),
                questions.verifier(), ReasonQuestions.parallel(arguments));
        List<StrategyBench.Result> results = new ArrayList<>();
        for (Strategy strategy : strategies) {
            results.add(bench.run(strategy, questions.items(), ReasonQuestions.seed(arguments), done ->
                    ReasonReport.progress(console, strategy.text(), done, questions.items().size())));
        }
        return results;
    }
}
