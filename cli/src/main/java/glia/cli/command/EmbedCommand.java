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
import glia.cli.terminal.Units;
import glia.engine.LanguageModel;
import glia.engine.embedding.Embedder;
import glia.engine.embedding.EmbeddingConfig;
import glia.engine.embedding.LateInteractionConfig;
import glia.engine.embedding.PictureEmbedder;
import glia.engine.embedding.SparseEmbedder;
import glia.engine.embedding.TokenEmbedder;
import glia.io.hub.ModelLocation;
import glia.io.picture.Picture;
import glia.model.layout.Pooling;
import glia.model.layout.SparsePooling;
import glia.tensor.Precision;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;

/// Computes text embeddings.
public final class EmbedCommand implements Command {
    private static final int MOST_COMPARED = 12;
    private static final int SHOWN_CHARACTERS = 40;

    private static final Option<String> FILE =
            Option.text("FILE", "file with a text in each line; - is standard input", "--file", "-f");
    private static final Option<Pooling> POOLING = Option.choice("HOW", Pooling.class,
            "pooling of the hidden states (default: the model's)", "--pooling");
    private static final Option<String> PROMPT = Option.text("NAME", "prompt of config_sentence_transformers.json that "
            + "goes before each text (default: the model's)", "--prompt-name");
    private static final Option<Boolean> SPARSE = Option.flag("sparse vectors of a masked language model (default for "
            + "SPLADE)", "--sparse");
    private static final Option<Boolean> QUERY = Option.flag("texts are queries, for ColBERT", "--query");
    private static final Option<Boolean> RAW = Option.flag("embeddings that are not normalized to length 1", "--raw");

    private static final Option<String> IMAGE = Option.text("FILE", "picture to embed beside the texts, for CLIP and "
            + "SigLIP; may be given several times", "--image").repeated();

    /// For [glia.cli.Cli].
    public EmbedCommand() {}

    @Override
    public String name() {
        return "embed";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Compute text embeddings",
                List.of(Models.MODEL, new Positional("TEXT", "text (default: each line of standard input)", false)),
                Syntax.join(List.of(FILE, IMAGE, POOLING, PROMPT, SPARSE, QUERY, RAW, Json.OPTION), ComputeOptions.ALL,
                        List.of(ComputeOptions.ADAPTER)))
                .examples("""
                        $ glia embed sentence-transformers/all-MiniLM-L6-v2 "A cat." | cut -c1-40
                        [0.07104204,0.05873214,-0.0215803,...""")
                .notes("Each line of the output is the embedding of a text, as a JSON array. On a terminal, several "
                        + "texts are compared instead: a table of cosine similarities. Pooling, the most tokens of a "
                        + "text and prompts are those of sentence-transformers' files beside the model, or of the GGUF "
                        + "file. ColBERT models give a vector for each token, SPLADE models weights of words. "
                        + "With --image CLIP and SigLIP embed pictures after the texts.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        List<String> texts = texts(arguments, console);
        ModelLocation choice = Models.locate(Optional.of(arguments.required(0)), arguments, console);
        try (LanguageModel model = Models.load(choice.path(), ComputeOptions.of(arguments, Precision.HALF), arguments,
                console)) {
            if (arguments.has(IMAGE) || PictureEmbedder.describes(model.model())) {
                printPictures(PictureEmbedder.of(model), model, texts, arguments, console);
                return ExitCode.OK;
            }
            if (LateInteractionConfig.describes(model.model())) {
                printTokens(new TokenEmbedder(model, LateInteractionConfig.of(choice.path(), model.model())), texts,
                        arguments, console);
                return ExitCode.OK;
            }
            Optional<SparsePooling> sparse = EmbeddingConfig.sparse(choice.path(), model.model());
            if (arguments.has(SPARSE) || sparse.isPresent()) {
                printSparse(new SparseEmbedder(model, sparse.orElse(SparsePooling.MAX),
                        EmbeddingConfig.ofTexts(choice.path(), model.model())), model, texts, arguments, console);
                return ExitCode.OK;
            }
            EmbeddingConfig config = config(choice, model, arguments, console);
            Embedder embedder = new Embedder(model, config);
            List<Embedder.Input> inputs = texts.stream().map(embedder::encode).toList();
            long numTruncated = inputs.stream().filter(Embedder.Input::isTruncated).count();
            if (numTruncated > 0) {
                console.err().println("glia: " + Units.counted((int) numTruncated, "text") + " truncated to the "
                        + embedder.maxTokens() + " tokens that the model reads");
            }
            print(console, arguments.has(Json.OPTION), Optional.of(config.pooling()), texts, embedder.embed(inputs));
        }
        return ExitCode.OK;
    }

    /// The embeddings of texts, then those of pictures.
    private static void printPictures(PictureEmbedder embedder, LanguageModel model, List<String> texts,
            Arguments arguments, Console console) throws IOException {
        List<String> names = new ArrayList<>(texts);
        List<float[]> vectors = new ArrayList<>();
        for (String text : texts) {
            vectors.add(embedder.embed(text));
        }
        for (String file : arguments.all(IMAGE)) {
            Picture picture = PictureFlags.read(file, model, arguments);
            vectors.add(embedder.embed(picture));
            names.add(file);
        }
        print(console, arguments.has(Json.OPTION), Optional.empty(), names, vectors.toArray(new float[0][]));
    }

    private static void printTokens(TokenEmbedder embedder, List<String> texts, Arguments arguments,
            Console console) {
        List<float[][]> vectors = embedder.embed(texts.stream().map(text -> arguments.has(QUERY)
                ? embedder.query(text) : embedder.document(text)).toList(), "", () -> true);
        if (arguments.has(Json.OPTION)) {
            Json.print(console, Map.of("size", vectors.getFirst()[0].length, "embeddings", vectors));
            return;
        }
        vectors.forEach(v -> console.out().println(JsonMapper.shared().writeValueAsString(v)));
    }

    /// The weights of words, the largest first.
    private static void printSparse(SparseEmbedder embedder, LanguageModel model, List<String> texts,
            Arguments arguments, Console console) {
        List<Map<String, Float>> all = new ArrayList<>();
        embedder.embed(texts.stream().map(embedder::encode).toList(), "", () -> true).forEach(weights -> {
            Map<String, Float> words = new LinkedHashMap<>();
            weights.stream().sorted(Comparator.comparingDouble(SparseEmbedder.TokenWeight::weight).reversed())
                    .forEach(w -> words.put(model.tokenizer().piece(w.token()), w.weight()));
            all.add(words);
        });
        if (arguments.has(Json.OPTION)) {
            Json.print(console, Map.of("size", model.model().spec().vocabSize(), "embeddings", all));
            return;
        }
        all.forEach(words -> console.out().println(JsonMapper.shared().writeValueAsString(words)));
    }

    /// The model's config with the changes of the options.
    private static EmbeddingConfig config(ModelLocation choice, LanguageModel model, Arguments arguments,
            Console console) throws IOException {
        EmbeddingConfig config = EmbeddingConfig.of(choice.path(), model.model());
        if (arguments.has(POOLING)) {
            config = config.withPooling(arguments.get(POOLING).orElseThrow());
        } else if (!config.isStated()) {
            console.err().println("glia: the model's files name no pooling; taking "
                    + name(config.pooling()) + " (change it with --pooling)");
        }
        try {
            config = arguments.has(PROMPT) ? config.withPrompt(arguments.get(PROMPT).orElseThrow()) : config;
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
        return arguments.has(RAW) ? config.withNormalized(false) : config;
    }

    private static String name(Pooling pooling) {
        return pooling.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static List<String> texts(Arguments arguments, Console console) throws IOException {
        Optional<String> file = arguments.get(FILE);
        if (arguments.has(IMAGE) && file.isEmpty() && arguments.optional(1).isEmpty()) {
            return List.of();
        }
        if (file.isPresent() && arguments.optional(1).isPresent()) {
            throw new UsageException("give a TEXT or a --file, not both");
        }
        if (arguments.optional(1).isPresent()) {
            return List.of(arguments.optional(1).get());
        }
        String all = TextFiles.read(file.orElse(TextFiles.STANDARD), console);
        List<String> lines = all.lines().filter(line -> !line.isBlank()).toList();
        if (lines.isEmpty()) {
            throw new UsageException("there is no text: give a TEXT, or lines by --file or on standard input");
        }
        return lines;
    }

    /// @param pooling empty where texts and pictures have heads of their own
    private static void print(Console console, boolean json, Optional<Pooling> pooling, List<String> texts,
            float[][] vectors) {
        if (json) {
            Map<String, Object> document = new LinkedHashMap<>();
            pooling.ifPresent(how -> document.put("pooling", name(how)));
            document.put("size", vectors[0].length);
            document.put("embeddings", vectors);
            Json.print(console, document);
        } else if (console.outIsTerminal() && texts.size() > 1 && texts.size() <= MOST_COMPARED) {
            compare(console, pooling, texts, vectors);
        } else {
            for (float[] vector : vectors) {
                console.out().println(JsonMapper.shared().writeValueAsString(vector));
            }
        }
    }

    private static void compare(Console console, Optional<Pooling> pooling, List<String> texts, float[][] vectors) {
        Table table = new Table("rl" + "r".repeat(texts.size()));
        List<Object> head = new ArrayList<>(List.of("", ""));
        for (int i = 0; i < texts.size(); i++) {
            head.add(i + 1);
        }
        table.row(head.toArray());
        for (int i = 0; i < texts.size(); i++) {
            String text = texts.get(i);
            List<Object> row = new ArrayList<>(List.of(i + 1, text.length() <= SHOWN_CHARACTERS ? text
                    : text.substring(0, SHOWN_CHARACTERS - 1) + "…"));
            for (float[] other : vectors) {
                row.add(String.format(Locale.ROOT, "%.2f", Embedder.cosine(vectors[i], other)));
            }
            table.row(row.toArray());
        }
        table.print(console);
        console.printDim(console.out(), vectors[0].length + " numbers each"
                + pooling.map(how -> ", " + name(how) + " pooling").orElse("") + "; cosine similarities");
    }
}
