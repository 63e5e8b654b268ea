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
import glia.io.hub.ModelLocation;
import glia.lab.lens.ActivationPatching;
import glia.lab.lens.LogitLens;
import glia.tensor.Precision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Shows what each layer of a model predicts (logit lens), and which activations decide between two prompts
/// (activation patching).
public final class LensCommand implements Command {
    /// Tokens of a prompt at the most: a page holds a cell for each layer and token.
    private static final int MOST_TOKENS = 256;
    private static final int DEFAULT_TOP = 5;

    static final Option<String> HTML = Option.text("FILE", "write a web page that needs no other file",
            "--html").elsewhere("--output");
    private static final Option<Integer> TOP = Option.integer("N", 1, 50,
            "tokens of each prediction (default: " + DEFAULT_TOP + ")", "--top");
    private static final Option<Integer> TOKEN = Option.integer("N", -MOST_TOKENS, MOST_TOKENS,
            "token whose predictions the terminal shows, from 0, or from the end, -1 being the last (default: -1)",
            "--token");
    private static final Option<String> PATCH = Option.text("TEXT", "second prompt, of as many tokens: each activation "
            + "of PROMPT is put into it, and the recovered difference of the answers' logits is measured", "--patch");
    private static final Option<String> ANSWER = Option.text("TEXT", "first token of the answer to PROMPT and, given "
            + "again, to the second prompt (default: the most probable ones)", "--answer").repeated();
    private static final Option<ActivationPatching.Part> PART = Option.choice("PART", ActivationPatching.Part.class,
            "activations to patch; may be given several times (default: all)", "--part").repeated();

    /// For [glia.cli.Cli].
    public LensCommand() {}

    @Override
    public String name() {
        return "lens";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Show what each layer predicts (logit lens), and patch activations",
                List.of(Models.MODEL, new Positional("PROMPT", "text, without a chat template", true,
                        Optional.of(Option.text("TEXT", "the same as PROMPT", "--prompt", "-p")))),
                Syntax.join(List.of(PATCH, ANSWER, PART, TOP, TOKEN, HTML, TextFiles.FORCE, Json.OPTION),
                        ComputeOptions.ALL))
                .examples("""
                        $ glia lens stories260K "Once upon a time, there was a little"
                        $ glia lens SmolLM2-135M-Instruct "The capital of France is" --html lens.html
                        $ glia lens SmolLM2-135M-Instruct "The capital of France is" --patch "The capital of Italy is" \
                        --html patch.html""")
                .notes("The logit lens reads the residual stream after each layer with the final norm and the head. "
                        + "KL is the divergence of that distribution from the last layer's. Patching recovers 0 where "
                        + "an activation has no influence on the answers and 1 where it decides them.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        Optional<Path> page = TextFiles.output(HTML, arguments);
        ModelLocation choice = Models.locate(Optional.of(arguments.required(0)), arguments, console);
        try (LanguageModel model = Models.load(choice.path(), ComputeOptions.of(arguments, Precision.EXACT), arguments,
                console)) {
            requireLayers(model);
            int[] ids = encode(model, arguments.required(1));
            int token = arguments.get(TOKEN).orElse(-1);
            token += token < 0 ? ids.length : 0;
            if (token < 0 || token >= ids.length) {
                throw new UsageException("--token: the prompt has the tokens 0 to " + (ids.length - 1));
            }
            List<LogitLens.Layer> layers = LogitLens.of(model.engine(), ids, arguments.get(TOP).orElse(DEFAULT_TOP));
            Optional<int[]> others = arguments.get(PATCH).isPresent()
                    ? Optional.of(encode(model, arguments.get(PATCH).get())) : Optional.empty();
            Optional<ActivationPatching> patching = others.isPresent()
                    ? Optional.of(patch(model, ids, others.get(), arguments, console)) : Optional.empty();
            String name = choice.path().getFileName().toString();
            LensPage result = new LensPage(name, "Logit lens").add("lens", lens(model, ids, layers));
            patching.ifPresent(p -> result.add("patch", patch(model, ids, others.orElseThrow(), p)));
            if (arguments.has(Json.OPTION)) {
                Map<String, Object> document = new LinkedHashMap<>(lens(model, ids, layers));
                patching.ifPresent(p -> document.put("patch", patch(model, ids, others.orElseThrow(), p)));
                Json.print(console, document);
            } else {
                print(model, ids, token, layers, console);
                patching.ifPresent(p -> print(model, ids, p, console));
            }
            if (page.isPresent()) {
                result.write(page.get());
                console.err().println("glia: " + page.get() + ": " + Units.counted(ids.length, "token") + ", "
                        + Units.counted(layers.size() - 1, "layer"));
            }
        }
        return ExitCode.OK;
    }

    /// @throws UsageException if the model does not read one text
    static void requireLayers(LanguageModel model) {
        if (model.model().spec().encoder().isPresent()) {
            throw new UsageException("the family '" + model.model().spec().modelType() + "' reads one text and writes "
                    + "another; the layers of models with an encoder and a decoder cannot be shown");
        }
    }

    private static int[] encode(LanguageModel model, String text) {
        int[] ids = model.tokenizer().encode(text, true);
        if (ids.length == 0 || ids.length > MOST_TOKENS) {
            throw new UsageException("the text has " + Units.counted(ids.length, "token") + ", expected 1 to "
                    + MOST_TOKENS);
        }
        return ids;
    }

    private static ActivationPatching patch(LanguageModel model, int[] ids, int[] others, Arguments arguments,
            Console console) {
        List<String> words = arguments.all(ANSWER);
        if (words.size() != 0 && words.size() != 2) {
            throw new UsageException("--answer: found " + words.size() + ", expected two: of PROMPT, and of the second "
                    + "prompt");
        }
        int[] answers = words.stream().mapToInt(word -> first(model, arguments.required(1), word)).toArray();
        List<ActivationPatching.Part> parts = arguments.all(PART);
        try {
            ActivationPatching patching = ActivationPatching.of(model.engine(), ids, others, answers,
                    parts.isEmpty() ? List.of(ActivationPatching.Part.values()) : parts.stream().distinct().toList(),
                    (done, total) -> progress(console, "patched: " + done + " of " + total));
            progress(console, "");
            return patching;
        } catch (IllegalArgumentException e) {
            throw new UsageException("--patch: " + e.getMessage() + (ids.length == others.length ? " with --answer"
                    : ". The tokens are " + LensPage.texts(model, ids) + " and " + LensPage.texts(model, others)), e);
        }
    }

    static void progress(Console console, String text) {
        if (console.errIsTerminal()) {
            console.clearProgress();
            console.err().print(text);
            console.err().flush();
        }
    }

    /// The first token of an answer after the prompt, with the space before it unless it has one.
    private static int first(LanguageModel model, String prompt, String word) {
        int[] ids = model.tokenizer().encode(prompt, true);
        int[] whole = model.tokenizer().encode(prompt + (word.startsWith(" ") ? word : " " + word), true);
        int at = Arrays.mismatch(ids, whole);
        if (word.isEmpty() || at < 0 || at >= whole.length) {
            throw new UsageException("--answer: found '" + word + "', expected a text that can follow the prompt");
        }
        return whole[at];
    }

    private static Map<String, Object> lens(LanguageModel model, int[] ids, List<LogitLens.Layer> layers) {
        List<Object> rows = new ArrayList<>();
        for (LogitLens.Layer layer : layers) {
            List<Object> cells = new ArrayList<>();
            for (LogitLens.Prediction p : layer.tokens()) {
                Map<String, Object> cell = new LinkedHashMap<>();
                cell.put("top", LensPage.texts(model, p.top()));
                cell.put("p", Arrays.stream(p.probabilities()).mapToObj(LensPage::number).toList());
                cell.put("entropy", LensPage.number(p.entropy()));
                cell.put("kl", LensPage.number(p.divergence()));
                cell.put("final", LensPage.number(p.ofFinal()));
                cells.add(cell);
            }
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("layer", layer.layer());
            row.put("tokens", cells);
            rows.add(row);
        }
        Map<String, Object> lens = new LinkedHashMap<>();
        lens.put("tokens", LensPage.texts(model, ids));
        lens.put("layers", rows);
        return lens;
    }

    private static Map<String, Object> patch(LanguageModel model, int[] ids, int[] others, ActivationPatching p) {
        Map<String, Object> parts = new LinkedHashMap<>();
        for (int i = 0; i < p.parts().size(); i++) {
            List<Object> rows = new ArrayList<>();
            for (double[] row : p.recovered()[i]) {
                rows.add(Arrays.stream(row).mapToObj(LensPage::number).toList());
            }
            parts.put(p.parts().get(i).name().toLowerCase(Locale.ROOT), rows);
        }
        Map<String, Object> patch = new LinkedHashMap<>();
        patch.put("tokens", LensPage.texts(model, ids));
        patch.put("others", LensPage.texts(model, others));
        patch.put("answers", LensPage.texts(model, p.answers()));
        patch.put("layers", p.layers());
        patch.put("first", LensPage.number(p.first()));
        patch.put("second", LensPage.number(p.second()));
        patch.put("parts", parts);
        return patch;
    }

    private static void print(LanguageModel model, int[] ids, int token, List<LogitLens.Layer> layers,
            Console console) {
        console.out().println("predictions after token " + token + ", "
                + quoted(LensPage.texts(model, ids[token]).getFirst()));
        Table table = new Table("lrrl").head("layer", "KL", "entropy", "most probable tokens");
        for (LogitLens.Layer layer : layers) {
            LogitLens.Prediction p = layer.tokens().get(token);
            StringBuilder tops = new StringBuilder();
            for (int i = 0; i < p.top().length; i++) {
                tops.append(String.format(Locale.ROOT, "%s%s %.3f", i == 0 ? "" : "  ",
                        quoted(LensPage.texts(model, p.top()[i]).getFirst()), p.probabilities()[i]));
            }
            table.row(layer.layer() < 0 ? "embed" : layer.layer(), String.format(Locale.ROOT, "%.3f", p.divergence()),
                    String.format(Locale.ROOT, "%.3f", p.entropy()), tops);
        }
        table.print(console);
    }

    static String quoted(String token) {
        return "\"" + token.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + "\"";
    }

    private static void print(LanguageModel model, int[] ids, ActivationPatching p, Console console) {
        List<String> answers = LensPage.texts(model, p.answers()).stream().map(LensCommand::quoted).toList();
        console.out().println();
        console.printText(String.format(Locale.ROOT, "logit of %s minus logit of %s: %.3f after PROMPT, %.3f after the "
                + "second prompt; recovered by one activation of PROMPT in the second prompt, the most of each layer",
                answers.getFirst(), answers.getLast(), p.first(), p.second()));
        List<Object> head = new ArrayList<>(List.of("layer"));
        p.parts().forEach(part -> head.add(part.name().toLowerCase(Locale.ROOT)));
        Table table = new Table("l" + "l".repeat(p.parts().size())).head(head.toArray());
        for (int row = 0; row < p.layers().size(); row++) {
            List<Object> cells = new ArrayList<>(List.of(p.layers().get(row)));
            for (int part = 0; part < p.parts().size(); part++) {
                double[] values = p.recovered()[part][row];
                int best = 0;
                for (int t = 1; t < values.length; t++) {
                    best = values[t] > values[best] ? t : best;
                }
                cells.add(Double.isNaN(values[best]) ? "" : String.format(Locale.ROOT, "%.2f at %d %s", values[best],
                        best, quoted(LensPage.texts(model, ids[best]).getFirst())));
            }
            table.row(cells.toArray());
        }
        table.print(console);
    }
}
