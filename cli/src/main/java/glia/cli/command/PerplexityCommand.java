package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.option.ComputeOptions;
import glia.cli.terminal.Console;
import glia.cli.terminal.Units;
import glia.engine.LanguageModel;
import glia.lab.Perplexity;
import glia.io.hub.Choice;
import glia.tensor.Precision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Measures how well a model foresees a text.
public final class PerplexityCommand implements Command {
    private static final Option<Integer> WINDOWS =
            Option.integer("N", 1, Integer.MAX_VALUE, "windows of 512 tokens at most (default: all)", "--windows");

    /// For [glia.cli.Cli].
    public PerplexityCommand() {}

    @Override
    public String name() {
        return "perplexity";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Measure how well a model foresees a text",
                List.of(Models.MODEL, new Positional("FILE", "a text in UTF-8", true)),
                Syntax.join(List.of(WINDOWS, Json.OPTION, ComputeOptions.KV_CACHE_TYPE), ComputeOptions.ALL),
                List.of("The text is cut into windows of 512 tokens; the second half of each is scored."));
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        Path file = Path.of(arguments.required(1));
        String text = TextFiles.read(file);
        Choice choice = Models.locate(Optional.of(arguments.required(0)), arguments, console);
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
                    console.err().printf(Locale.ROOT, "\r\033[K%d of %d windows, %.3f so far", done, total, soFar);
                    console.err().flush();
                }
            });
            if (console.errIsTerminal()) {
                console.err().print("\r\033[K");
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
