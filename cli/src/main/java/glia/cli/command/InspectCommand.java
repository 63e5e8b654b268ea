package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.option.ComputeOptions;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.engine.LanguageModel;
import glia.engine.ModelScope;
import glia.engine.inspect.ModelSummary;
import glia.engine.load.TextLoader;
import glia.engine.voice.Speaker;
import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.Folders;
import glia.io.load.Checkpoints;
import glia.io.picture.Pixels;
import glia.lab.RoutingStatistics;
import glia.lab.catalogue.Catalogue;
import glia.lab.catalogue.CatalogueEntry;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.adapter.AdaptedModel;
import glia.model.adapter.AdapterHead;
import glia.model.adapter.Adapters;
import glia.model.cost.LayerKind;
import glia.model.picture.MmprojSettings;
import glia.model.picture.PictureProcessor;
import glia.model.picture.PreparedPicture;
import glia.model.spec.Classes;
import glia.model.spec.ModelSpec;
import glia.tensor.Precision;
import glia.text.template.TemplateException;
import glia.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Shows a model's architecture, parameters and memory.
public final class InspectCommand implements Command {
    private static final Option<Boolean> CATALOGUE = Option.flag("show published models, by their configs without "
            + "weights: all, or those whose name begins with MODEL", "--catalogue").elsewhere("--catalog");
    private static final Option<Boolean> EXPERTS = Option.flag("show how often a text is routed to each expert",
            "--experts");
    private static final Option<String> PROMPT = Option.text("TEXT", "text for --experts", "--prompt", "-p");
    private static final Option<String> OUT =
            Option.text("FILE", "SVG file for a heat map of --experts", "--output", "-o");
    private static final int MOST_LABELS = 10;
    private static final LayerTable.Cache ALLOCATED = new LayerTable.Cache() {
        @Override
        public long perToken(LayerKind kind) {
            return ModelSummary.cacheBytesPerToken(kind);
        }

        @Override
        public long at(LayerKind kind, int length) {
            return ModelSummary.cacheBytes(kind, length);
        }
    };

    /// For [glia.cli.Cli].
    public InspectCommand() {}

    @Override
    public String name() {
        return "inspect";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Show a model's architecture, parameters and memory",
                List.of(Models.MODEL.optional(Models.MODEL.description())),
                Syntax.join(List.of(CATALOGUE, EXPERTS, PROMPT, OUT, TextFiles.FORCE, Json.OPTION),
                        ComputeOptions.ALL, ComputeOptions.ROPE)).aliases("show")
                .examples("""
                        $ glia inspect stories260K
                        family             llama
                        layers             5
                        parameters         260.0 K (260032)
                        context            512 tokens
                        ...
                        $ glia inspect SmolLM2-135M-Instruct --context 1m
                        $ glia inspect --catalogue llama-3.1-8b""");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        Optional<String> named = arguments.optional(0);
        if (arguments.has(CATALOGUE)) {
            showCatalogue(named, arguments, console);
            return ExitCode.OK;
        }
        if (named.isEmpty()) {
            throw new UsageException("MODEL is missing: " + Models.MODEL.description() + ", or "
                    + CATALOGUE.name());
        }
        if (arguments.has(EXPERTS)) {
            showExperts(named, arguments, console);
            return ExitCode.OK;
        }
        if (arguments.has(PROMPT) || arguments.has(OUT)) {
            throw new UsageException((arguments.has(PROMPT) ? PROMPT : OUT).name() + " needs " + EXPERTS.name());
        }
        AdaptedModel files = Models.files(named, arguments, console);
        Path path = files.base();
        if (Speaker.describes(path) && !Speaker.describesOmni(path)) {
            showSpeaker(path, arguments, console);
            return ExitCode.OK;
        }
        Checkpoint checkpoint = Checkpoints.open(path);
        try (Model stored = ModelLoader.load(path, checkpoint)) {
            Model model = ComputeOptions.rope(arguments).map(stored::with).orElse(stored);
            Text text = text(path, checkpoint, model.spec());
            ModelSummary facts = ModelSummary.of(model);
            Map<String, Object> adapter = adapter(files);
            if (arguments.has(Json.OPTION)) {
                Map<String, Object> document = document(path, facts, text);
                if (!adapter.isEmpty()) {
                    document.put("adapter", adapter);
                }
                document.put("towers", towers(model, path));
                context(model, facts, arguments).ifPresent(view -> document.put("at_context", view.document()));
                Json.print(console, document);
            } else {
                table(path, facts, text, adapter, towers(model, path)).print(console);
                console.out().println();
                new LayerTable(facts.layers(), ALLOCATED).table().print(console);
                context(model, facts, arguments).ifPresent(view -> view.print(console));
            }
        }
        return ExitCode.OK;
    }

    /// The towers of a model, and the tokens of a picture of a usual size.
    private static List<String> towers(Model model, Path path) throws CheckpointException {
        List<String> towers = new ArrayList<>();
        for (int i = 0; i < model.spec().towers().size(); i++) {
            int number = i;
            long count = model.weights().all().entrySet().stream().filter(e -> model.spec().towerOf(e.getKey().place())
                    == number).mapToLong(e -> (long) e.getValue().rows() * e.getValue().cols()).sum();
            ModelSpec body = model.spec().towers().get(i).body();
            towers.add(Units.counted(body.numLayers(), "layer") + ", hidden size " + body.hiddenSize() + ", "
                    + Units.count(count) + " parameters");
        }
        if (!towers.isEmpty() && model.spec().towers().getFirst().chunks().isEmpty()) {
            Optional<PictureProcessor> processor = MmprojSettings.find(model.checkpoint(), Folders.ofModel(path));
            if (processor.isPresent()) {
                PreparedPicture usual = processor.get().prepare(Pixels.filled(1024, 768, 128, 128, 128));
                towers.add("a picture of 1024 x 768 pixels: " + Units.counted(usual.numPlaceholders(), "token"));
            }
        }
        return towers;
    }

    /// A model that speaks.
    private static void showSpeaker(Path path, Arguments arguments, Console console) throws IOException {
        try (Speaker speaker = Speaker.load(path, ComputeOptions.of(arguments, Precision.FAST))) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("family", Config.read(path.resolve("config.json")).text("model_type"));
            document.put("voices", speaker.voices());
            document.put("sample_rate", speaker.sampleRate());
            document.put("weight_bytes", speaker.bytes());
            if (arguments.has(Json.OPTION)) {
                Json.print(console, document);
                return;
            }
            new Table("ll").row("family", document.get("family")).row("voices", String.join(", ", speaker.voices()))
                    .row("sample rate", speaker.sampleRate() + " Hz")
                    .row("memory of weights", Units.bytes(speaker.bytes())).print(console);
        }
    }

    /// What the context of the command line costs, if there is one.
    private static Optional<ContextView> context(Model model, ModelSummary facts, Arguments arguments) {
        return ComputeOptions.context(arguments).map(length -> new ContextView(model, facts, length,
                ComputeOptions.of(arguments, Precision.FAST).numThreads()));
    }

    /// The adapter that was named in place of a model; empty if none was.
    private static Map<String, Object> adapter(AdaptedModel files) throws CheckpointException {
        Map<String, Object> document = new LinkedHashMap<>();
        if (files.adapter().isEmpty()) {
            return document;
        }
        try (Adapters adapters = AdapterHead.load(files.base(), files.adapter().get()); Model _ = adapters.base()) {
            document.put("path", files.adapter().get().toString());
            document.put("rank", adapters.config().rank());
            document.put("tensors", adapters.trainable().size());
            document.put("parameters", adapters.trainable().values().stream().mapToLong(w -> w.tensor().size()).sum());
            return document;
        }
    }

    private static void showExperts(Optional<String> named, Arguments arguments, Console console)
            throws IOException {
        String text = arguments.get(PROMPT).orElseThrow(() ->
                new UsageException(EXPERTS.name() + " needs a text: " + PROMPT.name() + " TEXT"));
        Optional<Path> out = TextFiles.output(OUT, arguments);
        Path path = Models.locate(named, arguments, console).path();
        try (LanguageModel model = LanguageModel.load(path, ComputeOptions.of(arguments, Precision.FAST))) {
            int[] tokens = model.tokenizer().encode(text, true);
            if (tokens.length == 0) {
                throw new UsageException("the text has no tokens");
            }
            RoutingStatistics statistics = RoutingStatistics.of(model.engine(), tokens);
            if (statistics.layers().isEmpty()) {
                throw new IOException(path + ": the model has no experts");
            }
            if (out.isPresent()) {
                TextFiles.write(out.get(),
                        ExpertMap.svg(statistics, path.getFileName().toString(), tokens.length));
            }
            if (arguments.has(Json.OPTION)) {
                Json.print(console, ExpertView.document(statistics, tokens.length));
            } else {
                ExpertView.print(statistics, tokens.length, console);
            }
        }
    }

    private static void showCatalogue(Optional<String> model, Arguments arguments, Console console)
            throws CheckpointException {
        Catalogue catalogue = Catalogue.load();
        List<CatalogueEntry> entries = model.isPresent() ? find(catalogue, model.get()) : catalogue.entries();
        if (entries.size() == 1) {
            CatalogueView.show(entries.getFirst(), arguments.has(Json.OPTION), console);
        } else {
            CatalogueView.list(entries, arguments.has(Json.OPTION), console);
        }
    }

    private static List<CatalogueEntry> find(Catalogue catalogue, String words) {
        try {
            return catalogue.find(words);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(e.getMessage() + "\nglia inspect --catalogue lists all", e);
        }
    }

    /// The tokenizer and chat template, or why they cannot be used, and what the model can do, if that is little.
    private record Text(String tokenizer, String template, Optional<ModelScope> scope) {}

    private static Text text(Path path, Checkpoint checkpoint, ModelSpec spec) throws CheckpointException {
        TextLoader loader = TextLoader.start(path, checkpoint);
        String tokenizer;
        String template;
        try {
            Tokenizer loaded = loader.tokenizer();
            tokenizer = loaded.vocabSize() + " tokens" + (loaded.addsBos() ? ", adds BOS" : "");
        } catch (CheckpointException e) {
            tokenizer = "cannot be used: " + e.getMessage();
        }
        try {
            template = loader.template().isPresent() ? "yes" : "none: the model " + (spec.looksAhead()
                    ? "is an encoder" : spec.encoder().isPresent() ? "answers the text as it is"
                    : "continues text");
        } catch (CheckpointException | TemplateException e) {
            template = "cannot be used: " + e.getMessage();
        }
        return new Text(tokenizer, template, ModelScope.of(path, checkpoint));
    }

    private static Table table(Path path, ModelSummary facts, Text text, Map<String, Object> adapter,
            List<String> towers) {
        Table table = new Table("ll");
        if (!adapter.isEmpty()) {
            long count = (Long) adapter.get("parameters");
            table.row("adapter", adapter.get("path")).row("  rank", adapter.get("rank"))
                    .row("  parameters", Units.count(count) + " (" + count + ")");
        }
        table.row("model", path).row("family", facts.family())
                .row("layers", facts.numLayers())
                .row("hidden size", facts.hiddenSize())
                .row("vocabulary", facts.vocabSize())
                .row("parameters", Units.count(facts.parameters().total()) + " (" + facts.parameters().total() + ")")
                .row("  active", Units.count(facts.parameters().active())
                        + " per token, without the embedding")
                .row("bytes on disk", Units.bytes(facts.diskBytes()))
                .row("weights in memory", Units.bytes(facts.weightBytes()));
        facts.dtypes().forEach((dtype, bytes) -> table.row("  " + dtype, Units.bytes(bytes)));
        facts.classes().ifPresent(c -> table.row("head", c.outcome() == Classes.Outcome.NUMBER && c.size() == 1
                ? "a score" : Units.counted(c.size(), "label") + ": " + shown(c.labels())));
        facts.senses().forEach(sense -> table.row("reads", sense));
        towers.forEach(tower -> table.row("  tower", tower));
        text.scope().ifPresent(scope -> table.row("scope", scope.summary()));
        return table.row("context", LayerTable.context(facts.layers(), facts.contextLength()))
                .row("tokenizer", text.tokenizer())
                .row("chat template", text.template());
    }

    private static String shown(List<String> labels) {
        return String.join(", ", labels.subList(0, Math.min(MOST_LABELS, labels.size())))
                + (labels.size() > MOST_LABELS ? ", …" : "");
    }

    private static Map<String, Object> document(Path path, ModelSummary facts, Text text) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("path", path.toString());
        document.put("family", facts.family());
        document.put("layers", facts.numLayers());
        document.put("hidden_size", facts.hiddenSize());
        document.put("vocabulary", facts.vocabSize());
        document.put("parameters", facts.parameters().total());
        document.put("active_parameters", facts.parameters().active());
        document.put("disk_bytes", facts.diskBytes());
        document.put("weight_bytes", facts.weightBytes());
        document.put("weight_bytes_by_type", facts.dtypes());
        facts.classes().ifPresent(c -> document.put("labels", c.labels()));
        document.put("reads", facts.senses());
        LayerTable layers = new LayerTable(facts.layers(), ALLOCATED);
        document.put("cache_bytes_per_token", layers.perToken());
        document.put("cache_bytes_at_128k", layers.atLongContext());
        document.put("layer_kinds", layers.document());
        document.put("context", facts.contextLength());
        document.put("tokenizer", text.tokenizer());
        document.put("chat_template", text.template());
        text.scope().ifPresent(scope -> document.put("scope", scope.summary()));
        return document;
    }
}
