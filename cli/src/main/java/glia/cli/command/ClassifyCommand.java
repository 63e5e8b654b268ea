package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.option.ComputeOptions;
import glia.cli.option.PictureFlags;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.engine.LanguageModel;
import glia.engine.embedding.PictureEmbedder;
import glia.engine.score.Classifier.Prediction;
import glia.engine.score.Classifier;
import glia.io.hub.ModelLocation;
import glia.io.picture.Picture;
import glia.model.spec.Classes.Outcome;
import glia.tensor.Precision;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/// Classifies a text or a picture.
public final class ClassifyCommand implements Command {
    private static final int BAR_CELLS = 20;
    private static final String PLACE = "{}";
    private static final Option<String> IMAGE = Option.text("FILE", "picture to classify by texts, with CLIP or SigLIP",
            "--image");
    private static final Option<String> LABELS = Option.text("A,B", "labels of the picture, separated by commas",
            "--labels", "--candidate-labels");
    private static final Option<String> TEMPLATE = Option.text("TEXT",
            "text that a label becomes in the place of {} (default: This is a photo of {}.)", "--template");

    /// For [glia.cli.Cli].
    public ClassifyCommand() {}

    @Override
    public String name() {
        return "classify";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Classify a text or a picture, or score a text with a reward model",
                List.of(Models.MODEL, new Positional("TEXT", "text (default: standard input)", false)),
                Syntax.join(List.of(IMAGE, LABELS, TEMPLATE, Json.OPTION), ComputeOptions.ALL,
                        List.of(ComputeOptions.ADAPTER)))
                .examples("""
                        $ glia classify MODEL "What a lovely day."
                          positive  98.2 %  ████████████████████
                          negative   1.8 %
                        $ glia classify openai/clip-vit-base-patch32 --image pet.jpg --labels "a cat,a dog"
                          a cat  99.3 %  ████████████████████
                          a dog   0.7 %""")
                .notes("MODEL is a sequence classifier: its class in config.json ends with ForSequenceClassification. "
                        + "With --adapter it may be a language model for which a classifier's adapter was trained. A "
                        + "model with one label prints its score.\n"
                        + "With --image and --labels MODEL compares texts with pictures (CLIP, SigLIP), and no "
                        + "training for the labels is needed (zero-shot). CLIP's probabilities add up to 1, "
                        + "SigLIP judges each label alone.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        if (arguments.has(IMAGE) || arguments.has(LABELS)) {
            return picture(arguments, console);
        }
        String text = arguments.optional(1).isPresent() ? arguments.optional(1).get()
                : new String(console.in().readAllBytes(), StandardCharsets.UTF_8).stripTrailing();
        ModelLocation choice = Models.locate(Optional.of(arguments.required(0)), arguments, console);
        try (LanguageModel model = Models.load(choice.path(), ComputeOptions.of(arguments, Precision.FAST), arguments,
                console)) {
            Classifier classifier = new Classifier(model);
            List<Prediction> predictions = classifier.classify(text);
            boolean isNumber = classifier.classes().outcome() == Outcome.NUMBER;
            print(predictions, isNumber, arguments, console);
        }
        return ExitCode.OK;
    }

    private static int picture(Arguments arguments, Console console) throws IOException {
        if (!arguments.has(IMAGE) || !arguments.has(LABELS) || arguments.optional(1).isPresent()) {
            throw new UsageException("a picture is classified by --image FILE and --labels A,B, without a TEXT");
        }
        List<String> labels = Arrays.stream(arguments.required(LABELS).split(",")).map(String::strip)
                .filter(label -> !label.isEmpty()).distinct().toList();
        String template = arguments.get(TEMPLATE).orElse("This is a photo of {}.");
        if (labels.isEmpty() || !template.contains(PLACE)) {
            throw new UsageException(labels.isEmpty() ? "--labels: expected labels separated by commas"
                    : "--template: found '" + template + "', expected a text with {} in the place of the label");
        }
        ModelLocation choice = Models.locate(Optional.of(arguments.required(0)), arguments, console);
        try (LanguageModel model = Models.load(choice.path(), ComputeOptions.of(arguments, Precision.FAST), arguments,
                console)) {
            PictureEmbedder embedder = PictureEmbedder.of(model);
            Picture picture = PictureFlags.read(arguments.required(IMAGE), model, arguments);
            double[] probabilities = embedder.classify(picture,
                    labels.stream().map(label -> template.replace(PLACE, label)).toList());
            print(IntStream.range(0, labels.size()).mapToObj(i -> new Prediction(labels.get(i), probabilities[i]))
                    .sorted(Comparator.comparingDouble(Prediction::probability).reversed()).toList(), false, arguments,
                    console);
        }
        return ExitCode.OK;
    }

    private static void print(List<Prediction> predictions, boolean isNumber, Arguments arguments, Console console) {
        if (arguments.has(Json.OPTION)) {
            Json.print(console, Map.of("classes", predictions.stream().map(p -> Map.of("label", p.label(),
                    isNumber ? "score" : "probability", p.probability())).toList()));
            return;
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
}
