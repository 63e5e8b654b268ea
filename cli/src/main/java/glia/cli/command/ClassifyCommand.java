package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.option.ComputeOptions;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.engine.LanguageModel;
import glia.engine.score.Classifier.Prediction;
import glia.engine.score.Classifier;
import glia.io.hub.ModelLocation;
import glia.model.spec.Classes.Outcome;
import glia.tensor.Precision;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Classifies a text.
public final class ClassifyCommand implements Command {
    private static final int BAR_CELLS = 20;

    /// For [glia.cli.Cli].
    public ClassifyCommand() {}

    @Override
    public String name() {
        return "classify";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Classify a text, or score it with a reward model",
                List.of(Models.MODEL, new Positional("TEXT", "text (default: standard input)", false)),
                Syntax.join(List.of(Json.OPTION), ComputeOptions.ALL, List.of(ComputeOptions.ADAPTER)))
                .examples("""
                        $ glia classify MODEL "What a lovely day."
                          positive  98.2 %  ████████████████████
                          negative   1.8 %""")
                .notes("MODEL is a sequence classifier: its class in config.json ends with ForSequenceClassification. "
                        + "With --adapter it may be a language model for which a classifier's adapter was trained. A "
                        + "model with one label prints its score.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        String text = arguments.optional(1).isPresent() ? arguments.optional(1).get()
                : new String(console.in().readAllBytes(), StandardCharsets.UTF_8).stripTrailing();
        ModelLocation choice = Models.locate(Optional.of(arguments.required(0)), arguments, console);
        try (LanguageModel model = Models.load(choice.path(), ComputeOptions.of(arguments, Precision.FAST), arguments,
                console)) {
            Classifier classifier = new Classifier(model);
            List<Prediction> predictions = classifier.classify(text);
            boolean isNumber = classifier.classes().outcome() == Outcome.NUMBER;
            if (arguments.has(Json.OPTION)) {
                Json.print(console, Map.of("classes", predictions.stream().map(p -> Map.of("label", p.label(),
                        isNumber ? "score" : "probability", p.probability())).toList()));
                return ExitCode.OK;
            }
            Table table = new Table("lrl");
            for (Prediction p : predictions) {
                if (isNumber) {
                    table.row(p.label(), String.format(Locale.ROOT, "%.4f", p.probability()), "");
                } else {
                    table.row(p.label(), String.format(Locale.ROOT, "%.1f %%", 100 * p.probability()),
                            "█".repeat((int) Math.round(BAR_CELLS * p.probability())));
                }
            }
            table.print(console);
        }
        return ExitCode.OK;
    }
}
