package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.option.ComputeOptions;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Units;
import glia.engine.LanguageModel;
import glia.io.hub.ModelLocation;
import glia.lab.Perplexity;
import glia.tensor.Precision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Measures the perplexity of a text under a model.
public final class PerplexityCommand implements Command {
    private static final Option<Integer> WINDOWS =
            Option.integer("N", 1, Integer.MAX_VALUE, "most windows of 512 tokens (default: all)", "--windows")
                    .elsewhere("--chunks");

    /// For [glia.cli.Cli].
    public PerplexityCommand() {}

    @Override
    public String name() {
        return "perplexity";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Measure the perplexity of a text under a model",
                List.of(Models.MODEL, new Positional("FILE", "text file in UTF-8", true,
                        Optional.of(Option.text("FILE", "the same as FILE", "--file", "-f")))),
                Syntax.join(List.of(WINDOWS, Json.OPTION), ComputeOptions.ALL, ComputeOptions.ROPE,
                        List.of(ComputeOptions.KV_CACHE_TYPE, ComputeOptions.KV_MEMORY, ComputeOptions.ADAPTER)))
                .examples("""
                        $ glia perplexity HuggingFaceTB/SmolLM2-135M-Instruct wiki.txt --windows 20
                        perplexity 39.1810 over 20 windows""")
                .notes("The text is split into windows of 512 tokens; the second half of each is scored.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        Path file = Path.of(arguments.required(1));
        String text = TextFiles.read(file);
        ModelLocation choice = Models.locate(Optional.of(arguments.required(0)), arguments, console);
        try (LanguageModel model = Models.load(choice.path(), ComputeOptions.of(arguments, Precision.FAST), arguments,
                console)) {
            int[] tokens = model.tokenizer().encode(text, true);
            int limit = arguments.get(WINDOWS).orElse(0);
            int numWindows = Perplexity.numWindows(tokens.length, limit);
            if (numWindows == 0) {
                throw new IOException(file + ": has " + tokens.length + " tokens, and one window needs "
                        + Perplexity.WINDOW_TOKENS);
            }
            int bos = model.tokenizer().addsBos() ? model.tokenizer().bos().orElseThrow() : -1;
            double perplexity = Perplexity.of(model.engine(), tokens, bos, limit, (done, total, soFar) -> {
                if (console.errIsTerminal()) {
                    console.clearProgress();
                    console.err().printf(Locale.ROOT, "%d of %d windows, %.3f so far", done, total, soFar);
                    console.err().flush();
                }
            });
            if (console.errIsTerminal()) {
                console.clearProgress();
            }
            print(arguments, console, perplexity, numWindows);
        }
        return ExitCode.OK;
    }

    private static void print(Arguments arguments, Console console, double perplexity, int numWindows) {
        if (arguments.has(Json.OPTION)) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("perplexity", perplexity);
            document.put("windows", numWindows);
            document.put("scored_tokens", numWindows * Perplexity.SCORED_TOKENS);
            Json.print(console, document);
        } else {
            console.out().printf(Locale.ROOT, "perplexity %.4f over %s%n", perplexity,
                    Units.counted(numWindows, "window"));
        }
    }
}
