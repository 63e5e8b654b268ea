package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.option.ComputeOptions;
import glia.cli.terminal.Console;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.engine.LanguageModel;
import glia.engine.reading.Embedder;
import glia.engine.reading.Pooling;
import glia.engine.reading.PoolingConfig;
import glia.io.hub.Choice;
import glia.tensor.Precision;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;

/// Turns texts into vectors.
public final class EmbedCommand implements Command {
    private static final int MOST_COMPARED = 12;
    private static final int SHOWN_CHARACTERS = 40;

    private static final Option<String> FILE =
            Option.text("FILE", "embed each line of a file (- for standard input) but blank ones", "--file", "-f");
    private static final Option<Pooling> POOLING = Option.choice("HOW", Pooling.class,
            "which hidden states stand for a text (default: what the model was made for)", "--pooling");
    private static final Option<Boolean> RAW = Option.flag("do not scale vectors to length 1", "--raw");

    /// For [glia.cli.Cli].
    public EmbedCommand() {}

    @Override
    public String name() {
        return "embed";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Turn texts into vectors whose directions tell their meanings",
                List.of(Models.MODEL, new Positional("TEXT", "the text (default: each line of standard input)", false)),
                Syntax.join(List.of(FILE, POOLING, RAW, Json.OPTION), ComputeOptions.ALL),
                List.of("On a terminal, texts are compared: the cosines of the angles between them. Elsewhere each",
                        "line is the vector of a text, as a JSON array."));
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        List<String> texts = texts(arguments, console);
        Choice choice = Models.locate(Optional.of(arguments.required(0)), arguments, console);
        try (LanguageModel model = Models.load(choice.path(), ComputeOptions.of(arguments, Precision.HALF), arguments,
                console)) {
            Pooling pooling = arguments.has(POOLING) ? arguments.get(POOLING).orElseThrow()
                    : PoolingConfig.of(choice.path(), model.model());
            Embedder embedder = new Embedder(model, pooling, !arguments.has(RAW));
            List<int[]> ids = texts.stream().map(text -> model.tokenizer().encode(text, true)).toList();
            long numCut = ids.stream().filter(text -> text.length > model.contextLength()).count();
            if (numCut > 0) {
                console.err().println("glia: " + Units.counted((int) numCut, "text") + " cut to the "
                        + model.contextLength() + " tokens that the model reads");
            }
            print(console, arguments.has(Json.OPTION), pooling, texts, embedder.embed(ids));
        }
        return ExitCode.OK;
    }

    private static List<String> texts(Arguments arguments, Console console) throws IOException {
        Optional<String> file = arguments.get(FILE);
        if (file.isPresent() && arguments.optional(1).isPresent()) {
            throw new UsageException("give a TEXT or a --file, not both");
        }
        if (arguments.optional(1).isPresent()) {
            return List.of(arguments.optional(1).get());
        }
        String all = file.isPresent() && !file.get().equals("-") ? TextFiles.read(Path.of(file.get()))
                : new String(console.in().readAllBytes(), StandardCharsets.UTF_8);
        List<String> lines = all.lines().filter(line -> !line.isBlank()).toList();
        if (lines.isEmpty()) {
            throw new UsageException("there is no text: give a TEXT, or lines by --file or on standard input");
        }
        return lines;
    }

    private static void print(Console console, boolean json, Pooling pooling, List<String> texts, float[][] vectors) {
        if (json) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("pooling", pooling.name().toLowerCase(Locale.ROOT));
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

    private static void compare(Console console, Pooling pooling, List<String> texts, float[][] vectors) {
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
                row.add(String.format(Locale.ROOT, "%.2f", cosine(vectors[i], other)));
            }
            table.row(row.toArray());
        }
        table.print(console);
        console.out().println(console.dim(vectors[0].length + " numbers each, pooled by "
                + pooling.name().toLowerCase(Locale.ROOT) + "; cosines of the angles between"));
    }

    private static double cosine(float[] a, float[] b) {
        double dot = 0;
        double squareA = 0;
        double squareB = 0;
        for (int i = 0; i < a.length; i++) {
            dot += (double) a[i] * b[i];
            squareA += (double) a[i] * a[i];
            squareB += (double) b[i] * b[i];
        }
        return dot / Math.max(Double.MIN_NORMAL, Math.sqrt(squareA * squareB));
    }
}
