package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.option.ComputeOptions;
import glia.cli.option.SteeringFlags;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.engine.Chat;
import glia.engine.Generator;
import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.steer.ControlVector;
import glia.engine.steer.Steering;
import glia.io.hub.ModelLocation;
import glia.io.jsonl.JsonLine;
import glia.io.jsonl.JsonLines;
import glia.lab.lens.PairDirections.Method;
import glia.lab.lens.PairDirections.Pair;
import glia.lab.lens.PairDirections.Tokens;
import glia.lab.lens.PairDirections;
import glia.tensor.Precision;
import glia.text.template.ChatMessage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Makes a control vector of pairs of texts.
public final class SteerCommand implements Command {
    private static final Option<String> PAIRS = Option.text("FILE", "JSONL of {\"positive\": \"…\", \"negative\": "
            + "\"…\"}: texts, or lists of messages, which the chat template renders", "--pairs");
    private static final Option<String> OUT = Option.text("FILE", "control vector (default: vector.gguf)", "--output",
            "-o");
    private static final Option<Method> METHOD = Option.choice("METHOD", Method.class, "mean of the differences of the "
            + "hidden states, or their first principal component (default: mean)", "--method");
    private static final Option<Tokens> TOKENS = Option.choice("TOKENS", Tokens.class, "hidden states of a text: the "
            + "mean of all tokens after those with which both texts begin, or the last token's (default: all)",
            "--tokens");
    private static final Option<String> LAYERS = Option.parsed("FROM-TO", List.of(), word -> {
        SteeringFlags.range(word);
        return word;
    }, "layers, from 1 (default: the middle third)", "--layers");
    private static final Option<Boolean> UNIT = Option.flag("directions of length 1, as llama.cpp's tool writes them",
            "--unit");
    private static final Option<String> HTML = Option.text("FILE", "write a web page that needs no other file",
            "--html");
    private static final Option<String> PROMPT = Option.text("TEXT", "prompt whose answers at several scales are shown",
            "--prompt", "-p");
    private static final Option<Integer> MAX_TOKENS = Option.integer("N", 1, 4096,
            "most tokens of these answers (default: 40)", "--max-tokens", "-n");
    private static final double[] SCALES = {-2, -1, 0, 1, 2};
    private static final int MOST_PAIRS = 10_000;

    /// For [glia.cli.Cli].
    public SteerCommand() {}

    @Override
    public String name() {
        return "steer";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Make a control vector of pairs of texts", List.of(Models.MODEL),
                Syntax.join(List.of(PAIRS, OUT, METHOD, TOKENS, LAYERS, UNIT, PROMPT, MAX_TOKENS, HTML,
                        TextFiles.FORCE, Json.OPTION), ComputeOptions.ALL))
                .examples("""
                        $ glia steer SmolLM2-135M-Instruct --pairs happy.jsonl -o happy.gguf --html happy.html \
                        --prompt "How was your day?"
                        $ glia run SmolLM2-135M-Instruct "How was your day?" --control-vector happy.gguf:1.5""")
                .notes("run, chat and serve take the file with --control-vector, and so does llama.cpp. Layers count "
                        + "from 0. A scale of 1 moves the residual stream about as far as from the negative texts to "
                        + "the positive ones; with --unit the length of each direction is 1. \"Pairs separated\" is "
                        + "the share of pairs whose difference points along the direction of the other pairs.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        Path pairs = Path.of(arguments.get(PAIRS).orElseThrow(() -> new UsageException("--pairs is missing: a JSONL "
                + "file of lines such as {\"positive\": \"I am happy\", \"negative\": \"I am sad\"}")));
        Path out = Path.of(arguments.get(OUT).orElse("vector.gguf"));
        TextFiles.checkWritable(out, arguments);
        Optional<Path> page = TextFiles.output(HTML, arguments);
        ModelLocation choice = Models.locate(Optional.of(arguments.required(0)), arguments, console);
        try (LanguageModel model = Models.load(choice.path(), ComputeOptions.of(arguments, Precision.EXACT), arguments,
                console)) {
            LensCommand.requireLayers(model);
            int layers = model.model().spec().numLayers();
            int[] range = arguments.get(LAYERS).map(SteeringFlags::range)
                    .orElse(new int[] {Math.max(1, layers / 3), Math.max(1, 2 * layers / 3)});
            List<Pair> read = read(pairs, model);
            PairDirections found;
            ControlVector vector;
            try {
                found = PairDirections.of(model.engine(), read, arguments.get(METHOD).orElse(Method.MEAN),
                        arguments.get(TOKENS).orElse(Tokens.ALL));
                vector = found.vector(SteeringFlags.name(out), range[0], range[1], arguments.has(UNIT));
            } catch (IllegalArgumentException e) {
                throw new UsageException(pairs + ": " + e.getMessage(), e);
            }
            vector.write(out, model.model().spec().modelType());
            double unit = !arguments.has(UNIT) ? 1 : found.layers().stream()
                    .filter(l -> vector.directions().containsKey(l.layer()))
                    .mapToDouble(PairDirections.Layer::difference).average().orElseThrow()
                    / vector.directions().size();
            List<Map<String, Object>> samples = samples(model, vector, unit, arguments);
            Map<String, Object> document = document(found, vector, read.size(), samples);
            if (arguments.has(Json.OPTION)) {
                Json.print(console, document);
            } else {
                print(found, vector, samples, console);
                console.printText(String.format(Locale.ROOT, "%s: layers %d to %d of %s; try glia run %s PROMPT "
                        + "--control-vector %s:%.3g", out, vector.directions().firstKey(),
                        vector.directions().lastKey(), Units.counted(read.size(), "pair"), arguments.required(0), out,
                        unit));
            }
            if (page.isPresent()) {
                new LensPage(choice.path().getFileName().toString(), "Control vector " + vector.name())
                        .add("steer", document).write(page.get());
            }
        }
        return ExitCode.OK;
    }

    private static List<Pair> read(Path file, LanguageModel model) throws IOException {
        List<Pair> pairs = new ArrayList<>();
        try (JsonLines lines = new JsonLines(file, "{\"positive\": \"…\", \"negative\": \"…\"}")) {
            for (JsonLine line = lines.next(); line != null; line = lines.next()) {
                pairs.add(new Pair(encode(line, "positive", model), encode(line, "negative", model)));
                if (pairs.size() > MOST_PAIRS) {
                    throw line.place().error("found more than " + MOST_PAIRS + " pairs, expected fewer");
                }
            }
        }
        return pairs;
    }

    private static int[] encode(JsonLine line, String key, LanguageModel model) throws IOException {
        int[] ids;
        if (line.values().get(key) instanceof List<?> list) {
            List<ChatMessage> messages = new ArrayList<>();
            for (Object one : list) {
                if (!(one instanceof Map<?, ?> message && message.get("role") instanceof String role
                        && message.get("content") instanceof String content)) {
                    throw line.place().error(key + "[" + messages.size() + "]", "found " + JsonLine.shown(one)
                            + ", expected an object with a role and a content");
                }
                messages.add(new ChatMessage(role, content));
            }
            ids = model.template().orElseThrow(() -> new UsageException(line.place() + ": the model has no chat "
                    + "template; give texts in place of messages"))
                    .encode(messages, model.renderOptions(), model.tokenizer());
        } else {
            ids = model.tokenizer().encode(line.text(key), true);
        }
        if (ids.length == 0 || ids.length > model.contextLength()) {
            throw line.place().error(key, "has " + Units.counted(ids.length, "token") + ", expected 1 to "
                    + model.contextLength());
        }
        return ids;
    }

    /// The answers to the prompt at several scales; none without a prompt.
    ///
    /// @param unit the scale that moves from negative to positive texts
    private static List<Map<String, Object>> samples(LanguageModel model, ControlVector vector, double unit,
            Arguments arguments) {
        List<Map<String, Object>> samples = new ArrayList<>();
        for (int i = 0; arguments.get(PROMPT).isPresent() && i < SCALES.length; i++) {
            String prompt = arguments.get(PROMPT).get();
            double scale = SCALES[i] * unit;
            GenerationOptions options = model.options().withMaxTokens(arguments.get(MAX_TOKENS).orElse(40))
                    .withSteering(Steering.of(List.of(new Steering.Part(vector, scale))));
            options = options.withSampling(options.sampling().withTemperature(0));
            Map<String, Object> sample = new LinkedHashMap<>();
            sample.put("scale", LensPage.number(scale));
            if (model.template().isPresent()) {
                try (Chat chat = model.chat()) {
                    chat.options(options);
                    sample.put("text", chat.stream(prompt, _ -> { }).text());
                }
            } else {
                try (Generator generator = model.generator()) {
                    sample.put("text", generator.generate(model.tokenizer().encode(prompt, true), options, false,
                            _ -> { }).text());
                }
            }
            samples.add(sample);
        }
        return samples;
    }

    private static Map<String, Object> document(PairDirections found, ControlVector vector, int pairs,
            List<Map<String, Object>> samples) {
        List<Object> rows = new ArrayList<>();
        for (PairDirections.Layer layer : found.layers()) {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("layer", layer.layer());
            row.put("difference", LensPage.number(layer.difference()));
            row.put("norm", LensPage.number(layer.norm()));
            row.put("separated", LensPage.number(layer.separated()));
            row.put("written", vector.directions().containsKey(layer.layer()));
            rows.add(row);
        }
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("pairs", pairs);
        document.put("layers", rows);
        document.put("samples", samples);
        return document;
    }

    private static void print(PairDirections found, ControlVector vector, List<Map<String, Object>> samples,
            Console console) {
        Table table = new Table("rrrrl").head("layer", "difference", "norm", "pairs separated", "");
        for (PairDirections.Layer layer : found.layers()) {
            table.row(layer.layer(), String.format(Locale.ROOT, "%.3g", layer.difference()),
                    String.format(Locale.ROOT, "%.3g", layer.norm()), LensProbeCommand.percent(layer.separated()),
                    vector.directions().containsKey(layer.layer()) ? "written" : "");
        }
        table.print(console);
        for (Map<String, Object> sample : samples) {
            console.out().println();
            console.printText("scale " + sample.get("scale") + ": " + sample.get("text"));
        }
    }
}
