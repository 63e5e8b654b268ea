package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Syntax;
import glia.cli.option.ComputeOptions;
import glia.cli.terminal.Console;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.lab.Bench;
import glia.engine.LoadOptions;
import glia.engine.LoadedModel;
import glia.io.hub.Choice;
import glia.tensor.Precision;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Supplier;

/// Measures how fast a model runs.
public final class BenchCommand implements Command {
    private static final int PROMPT_TOKENS = 512;
    private static final int GENERATED_TOKENS = 64;
    private static final List<Integer> STREAMS = List.of(1, 16);
    private static final Option<Integer> PROMPT =
            Option.integer("N", 1, Integer.MAX_VALUE,
                    "tokens of the prompt (default: 512, or the context if it is smaller)",
                    "--prompt");
    private static final Option<Integer> DEPTH = Option.integer("N", 1, Integer.MAX_VALUE,
            "measure one stream of 64 tokens after N of context instead", "--depth");

    /// For [glia.cli.Cli].
    public BenchCommand() {}

    @Override
    public String name() {
        return "bench";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Measure how fast a model runs", List.of(Models.MODEL),
                Syntax.join(List.of(PROMPT, DEPTH, Json.OPTION, ComputeOptions.DRAFT,
                        ComputeOptions.KV_CACHE_TYPE), ComputeOptions.ALL),
                List.of("A prompt, and 64 tokens after 64 of context in 1 and in 16 streams together. Each is warmed",
                        "up until it is steady, 30 s at most, then measured five times: median, least, most.",
                        "With --draft also a text of 64 tokens, the likeliest each; how fast depends on how many",
                        "drafts are right."));
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        LoadOptions options = ComputeOptions.of(arguments, Precision.FAST);
        Choice choice = Models.locate(Optional.of(arguments.required(0)), arguments, console);
        try (LoadedModel model = Models.loadWithoutText(choice.path(), options, arguments, console)) {
            Bench bench = new Bench(model.engine());
            int numPrompt = arguments.get(PROMPT).orElse(Math.min(PROMPT_TOKENS, model.contextLength()));
            Optional<Integer> depth = arguments.get(DEPTH);
            int longest = depth.isPresent() ? Math.addExact(depth.get(), GENERATED_TOKENS)
                    : Math.max(numPrompt, Bench.CONTEXT_TOKENS + GENERATED_TOKENS);
            if (longest > model.contextLength()) {
                throw new IllegalArgumentException("texts of " + longest + " tokens are measured; the context has "
                        + model.contextLength());
            }
            Map<String, Supplier<Bench.Rate>> work = new LinkedHashMap<>();
            if (depth.isPresent()) {
                work.put("generate_" + GENERATED_TOKENS + "_after_" + depth.get(),
                        () -> bench.generateAfter(depth.get(), GENERATED_TOKENS));
            } else {
                work.put("prompt_" + numPrompt, () -> bench.prompt(numPrompt));
                for (int streams : STREAMS) {
                    work.put("generate_" + GENERATED_TOKENS + "_x" + streams,
                            () -> bench.generate(GENERATED_TOKENS, streams));
                }
            }
            if (options.drafts()) {
                work.put("draft_" + GENERATED_TOKENS + "_x1", () -> bench.drafted(GENERATED_TOKENS));
            }
            Map<String, Bench.Rate> rates = new LinkedHashMap<>();
            work.forEach((name, measure) -> {
                if (console.errIsTerminal()) {
                    console.err().print("\r\033[Kmeasuring " + name + " ...");
                    console.err().flush();
                }
                rates.put(name, measure.get());
            });
            if (console.errIsTerminal()) {
                console.err().print("\r\033[K");
            }
            OptionalDouble accepted = options.drafts()
                    ? OptionalDouble.of(bench.acceptedShare(GENERATED_TOKENS)) : OptionalDouble.empty();
            if (arguments.has(Json.OPTION)) {
                Map<String, Object> document = document(choice, options, rates);
                accepted.ifPresent(share -> document.put("accepted_drafts", share));
                Json.print(console, document);
            } else {
                table(rates).print(console);
                accepted.ifPresent(share -> console.out().println(Math.round(100 * share) + " % of drafts right"));
            }
        }
        return ExitCode.OK;
    }

    private static Map<String, Object> document(Choice choice, LoadOptions options, Map<String, Bench.Rate> rates) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("model", choice.path().getFileName().toString());
        document.put("threads", options.numThreads());
        rates.forEach((name, rate) -> document.put(name, document(rate)));
        return document;
    }

    private static Map<String, Object> document(Bench.Rate rate) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("median", rounded(rate.median()));
        document.put("min", rounded(rate.min()));
        document.put("max", rounded(rate.max()));
        return document;
    }

    private static double rounded(double rate) {
        return Math.round(rate * 10) / 10.0;
    }

    private static Table table(Map<String, Bench.Rate> rates) {
        Table table = new Table("lrrr").head("tokens/s", "median", "least", "most");
        rates.forEach((name, rate) -> table.row(name, Units.rate(rate.median()), Units.rate(rate.min()),
                Units.rate(rate.max())));
        return table;
    }
}
