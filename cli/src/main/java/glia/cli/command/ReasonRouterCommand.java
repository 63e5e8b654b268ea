package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Syntax;
import glia.cli.option.ComputeOptions;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.engine.EffortRouter;
import glia.engine.LanguageModel;
import glia.engine.thinking.ThinkingOptions;
import glia.io.hub.ModelLocation;
import glia.reason.search.RouterTraining;
import glia.reason.search.RouterTraining.Outcomes;
import glia.reason.search.RouterTraining.Trained;
import glia.reason.search.Strategy;
import glia.reason.search.StrategyBench;
import glia.reason.search.StrategyBench.Outcome;
import glia.reason.search.StrategyBench.Result;
import glia.tensor.Precision;
import glia.text.thinking.Effort;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Trains the router of `--effort auto` on a model's own outcomes.
public final class ReasonRouterCommand implements Command {
    private static final List<Effort> EFFORTS = List.of(Effort.INSTANT, Effort.LOW, Effort.MEDIUM, Effort.HIGH);
    private static final Option<Float> TOLERANCE = Option.number("POINTS", 0, 100,
            "points of accuracy that auto may lose against the best effort (default: 1)", "--tolerance");

    /// For [glia.cli.Cli].
    public ReasonRouterCommand() {}

    @Override
    public String name() {
        return "reason router";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Train the router of --effort auto", List.of(Models.MODEL),
                Syntax.join(List.of(ReasonQuestions.TASK, TaskOptions.SPLIT, ReasonQuestions.LIMIT,
                        ReasonQuestions.MAX_TOKENS, ReasonQuestions.ANSWER_TOKENS, ReasonQuestions.TEMPERATURE,
                        ReasonQuestions.SEED, ReasonQuestions.BATCH, TOLERANCE, TextFiles.FORCE, Json.OPTION),
                        ComputeOptions.ALL, List.of(ComputeOptions.KV_CACHE_TYPE)))
                .examples("""
                        $ glia reason router model/ --task countdown:1-5 --limit 4000
                        $ glia run model/ "Use 3, 7 and 11 to make 32." --effort auto""")
                .notes("The model answers the questions at each effort. For each effort a logistic probe on the "
                        + "prompt's hidden states learns which ones it gets right. The router is written as "
                        + EffortRouter.FILE + " beside the model. The figures of auto are of cross-validation. If "
                        + "the model was trained on problems of a task, it may have learned answers by heart, and the "
                        + "router learns of problems as they never come again: then take those of --split held-out.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        ReasonQuestions questions = ReasonQuestions.of(arguments, TaskOptions.split(arguments))
                .noted(arguments, console);
        ModelLocation choice = Models.locate(Optional.of(arguments.required(0)), arguments, console);
        Path file = EffortRouter.file(choice.path());
        TextFiles.checkWritable(file, arguments);
        List<Outcomes> outcomes = new ArrayList<>();
        List<float[]> features = new ArrayList<>();
        try (LanguageModel model = Models.load(choice.path(), ComputeOptions.of(arguments, Precision.FAST), arguments,
                console)) {
            model.thinking().template();
            StrategyBench bench = new StrategyBench(model, questions.options(arguments, model), questions.verifier(),
                    ReasonQuestions.parallel(arguments));
            for (Effort effort : EFFORTS) {
                outcomes.add(outcomes(effort, bench.run(new Strategy.Single(ThinkingOptions.of(effort)),
                        questions.items(), ReasonQuestions.seed(arguments), done -> ReasonReport.progress(console,
                                effort.word(), done, questions.items().size()))));
            }
            questions.items().forEach(item -> features.add(EffortRouter.features(model, item.question().prompt())));
        }
        Trained trained = RouterTraining.train(features, outcomes,
                arguments.get(TOLERANCE).orElse(1f) / 100.0);
        trained.router().write(file);
        if (arguments.has(Json.OPTION)) {
            Json.print(console, document(file, outcomes, trained));
        } else {
            table(outcomes, trained).print(console);
            console.out().println("Wrote " + file);
        }
        return ExitCode.OK;
    }

    private static Outcomes outcomes(Effort effort, Result result) {
        List<Outcome> all = result.outcomes();
        boolean[] right = new boolean[all.size()];
        long[] tokens = new long[all.size()];
        for (int i = 0; i < right.length; i++) {
            right[i] = all.get(i).isRight();
            tokens[i] = all.get(i).tokens().generated();
        }
        return new Outcomes(effort, right, tokens);
    }

    private static Table table(List<Outcomes> outcomes, Trained trained) {
        Table table = new Table("lrrr").head("effort", "accuracy", "tokens, mean", "chosen by auto");
        for (Outcomes one : outcomes) {
            table.row(one.effort().word(), Units.percent(one.accuracy()), tokens(one.meanTokens()),
                    chosen(trained, one.effort()));
        }
        return table.row("auto", Units.percent(trained.accuracy()), tokens(trained.tokens()), "");
    }

    private static int chosen(Trained trained, Effort effort) {
        for (int i = 0; i < trained.counts().length; i++) {
            if (trained.router().probes().get(i).effort() == effort) {
                return trained.counts()[i];
            }
        }
        return 0;
    }

    private static String tokens(double count) {
        return String.format(Locale.ROOT, "%.1f", count);
    }

    private static Map<String, Object> document(Path file, List<Outcomes> outcomes, Trained trained) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("file", file.toString());
        document.put("questions", outcomes.getFirst().right().length);
        List<Object> list = new ArrayList<>();
        for (Outcomes one : outcomes) {
            list.add(Map.of("effort", one.effort().word(), "accuracy", one.accuracy(), "mean_tokens",
                    one.meanTokens(), "chosen", chosen(trained, one.effort())));
        }
        document.put("efforts", list);
        document.put("auto", Map.of("accuracy", trained.accuracy(), "mean_tokens", trained.tokens(), "margin",
                trained.router().margin()));
        return document;
    }
}
