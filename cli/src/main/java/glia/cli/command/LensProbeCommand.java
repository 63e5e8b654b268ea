package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.option.ComputeOptions;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.engine.LanguageModel;
import glia.engine.inspect.LayerStates;
import glia.io.hub.ModelLocation;
import glia.io.jsonl.JsonLine;
import glia.io.jsonl.JsonLines;
import glia.lab.lens.PairDirections.Tokens;
import glia.tensor.Precision;
import glia.train.interpret.Probe;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Fits linear probes to the hidden states of each layer.
public final class LensProbeCommand implements Command {
    static final Option<Tokens> TOKENS = Option.choice("TOKENS", Tokens.class,
            "hidden states of a text: the mean of all tokens, or the last token's (default: last)", "--tokens");
    private static final Option<Long> SEED = Option.longInteger("N", "random seed of the split and of the controls "
            + "(default: 1)", "--seed", "-s");
    private static final int MOST_EXAMPLES = 20_000;

    /// For [glia.cli.Cli].
    public LensProbeCommand() {}

    @Override
    public String name() {
        return "lens probe";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Fit a linear probe to each layer", List.of(Models.MODEL, new Positional("FILE",
                "JSONL of {\"text\": \"…\", \"label\": \"…\"}", true,
                Optional.of(Option.text("FILE", "the same as FILE", "--file", "-f")))),
                Syntax.join(List.of(TOKENS, SEED, LensCommand.HTML, TextFiles.FORCE, Json.OPTION), ComputeOptions.ALL))
                .examples("""
                        $ glia lens probe SmolLM2-135M-Instruct sentiment.jsonl --html probe.html""")
                .notes("A probe is a logistic regression on standardized hidden states. 30 % of the examples are held "
                        + "out. The control is the same probe on shuffled labels, the mean of three: only accuracy "
                        + "above it shows that the layer has the property.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        Optional<Path> page = TextFiles.output(LensCommand.HTML, arguments);
        List<String> texts = new ArrayList<>();
        List<String> labels = new ArrayList<>();
        read(Path.of(arguments.required(1)), texts, labels);
        List<String> names = labels.stream().distinct().sorted().toList();
        ModelLocation choice = Models.locate(Optional.of(arguments.required(0)), arguments, console);
        try (LanguageModel model = Models.load(choice.path(), ComputeOptions.of(arguments, Precision.EXACT), arguments,
                console)) {
            LensCommand.requireLayers(model);
            Map<Integer, float[][]> states = states(model, texts, arguments.get(TOKENS).orElse(Tokens.LAST), console);
            int[] classes = labels.stream().mapToInt(names::indexOf).toArray();
            Map<Integer, Probe.Accuracy> layers = new TreeMap<>();
            try {
                for (Map.Entry<Integer, float[][]> e : states.entrySet()) {
                    layers.put(e.getKey(), Probe.measure(e.getValue(), classes, arguments.get(SEED).orElse(1L)));
                    LensCommand.progress(console, "probes: layer " + e.getKey());
                }
            } catch (IllegalArgumentException e) {
                throw new UsageException(arguments.required(1) + ": " + e.getMessage(), e);
            }
            LensCommand.progress(console, "");
            Map<String, Object> document = document(layers, names, texts.size());
            if (arguments.has(Json.OPTION)) {
                Json.print(console, document);
            } else {
                print(layers, names, texts.size(), console);
            }
            if (page.isPresent()) {
                new LensPage(choice.path().getFileName().toString(), "Linear probes").add("probe", document)
                        .write(page.get());
            }
        }
        return ExitCode.OK;
    }

    private static void read(Path file, List<String> texts, List<String> labels) throws IOException {
        try (JsonLines lines = new JsonLines(file, "{\"text\": \"…\", \"label\": \"…\"}")) {
            for (JsonLine line = lines.next(); line != null; line = lines.next()) {
                texts.add(line.text("text"));
                Object label = line.values().get("label");
                if (label == null || label instanceof List || label instanceof Map) {
                    throw label == null ? line.missing("label", "a string or a number")
                            : line.place().error("label", "found " + JsonLine.shown(label) + ", expected a string or "
                            + "a number");
                }
                labels.add(label.toString());
                if (texts.size() > MOST_EXAMPLES) {
                    throw line.place().error("found more than " + MOST_EXAMPLES + " examples, expected fewer");
                }
            }
        }
    }

    private static Map<Integer, float[][]> states(LanguageModel model, List<String> texts, Tokens tokens,
            Console console) {
        Map<Integer, float[][]> states = new TreeMap<>();
        for (int n = 0; n < texts.size(); n++) {
            int number = n;
            int[] ids = model.tokenizer().encode(texts.get(n), true);
            if (ids.length == 0 || ids.length > model.contextLength()) {
                throw new UsageException("example " + (n + 1) + " has " + Units.counted(ids.length, "token")
                        + ", expected 1 to " + model.contextLength());
            }
            LayerStates.read(model.engine(), ids, (layer, hidden, _) -> {
                int from = tokens == Tokens.LAST ? ids.length - 1 : 0;
                float[] mean = new float[hidden.cols()];
                for (int t = from; t < ids.length; t++) {
                    float[] row = hidden.rows(t, t + 1).toArray();
                    for (int i = 0; i < mean.length; i++) {
                        mean[i] += row[i] / (ids.length - from);
                    }
                }
                states.computeIfAbsent(layer, _ -> new float[texts.size()][])[number] = mean;
            });
            LensCommand.progress(console, "texts: " + (n + 1) + " of " + texts.size());
        }
        return states;
    }

    private static Map<String, Object> document(Map<Integer, Probe.Accuracy> layers, List<String> names,
            int examples) {
        List<Object> rows = new ArrayList<>();
        layers.forEach((layer, a) -> {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("layer", layer);
            row.put("held_out", LensPage.number(a.heldOut()));
            row.put("training", LensPage.number(a.training()));
            row.put("control", LensPage.number(a.control()));
            row.put("chance", LensPage.number(a.chance()));
            rows.add(row);
        });
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("labels", names);
        document.put("examples", examples);
        document.put("layers", rows);
        return document;
    }

    private static void print(Map<Integer, Probe.Accuracy> layers, List<String> names, int examples,
            Console console) {
        console.printText(Units.counted(examples, "example") + " of the labels " + String.join(", ", names)
                + "; accuracy on the held-out ones");
        Table table = new Table("lrrrr").head("layer", "accuracy", "control", "most frequent", "training");
        layers.forEach((layer, a) -> table.row(layer < 0 ? "embed" : layer, percent(a.heldOut()), percent(a.control()),
                percent(a.chance()), percent(a.training())));
        table.print(console);
    }

    static String percent(double share) {
        return Double.isNaN(share) ? "" : String.format(Locale.ROOT, "%.1f %%", 100 * share);
    }
}
