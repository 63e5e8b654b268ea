package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Syntax;
import glia.cli.option.ComputeOptions;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.engine.load.LoadOptions;
import glia.engine.load.LoadedModel;
import glia.engine.schedule.Scheduler;
import glia.engine.schedule.SchedulerOptions;
import glia.io.hub.ModelLocation;
import glia.lab.Bench;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Supplier;

/// Measures the speed of prefill and decode.
public final class BenchCommand implements Command {
    private static final int PROMPT_TOKENS = 512;
    private static final int GENERATED_TOKENS = 64;
    private static final List<Integer> STREAMS = List.of(1, 16);
    private static final Option<Integer> PROMPT =
            Option.integer("N", 1, Integer.MAX_VALUE,
                    "prompt tokens (default: 512, or the context length if that is less)",
                    "--prompt").formerly("-p").elsewhere("--n-prompt");
    private static final Option<Integer> DEPTH = Option.integer("N", 1, Integer.MAX_VALUE,
            "decode 64 tokens after N tokens of context, in place of the other measurements", "--depth").formerly("-d");

    /// For [glia.cli.Cli].
    public BenchCommand() {}

    @Override
    public String name() {
        return "bench";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Measure the speed of prefill and decode", List.of(Models.MODEL),
                Syntax.join(List.of(PROMPT, DEPTH, Json.OPTION), ComputeOptions.ALL,
                        List.of(ComputeOptions.KV_CACHE_TYPE, ComputeOptions.ATTENTION, ComputeOptions.PREFILL,
                                ComputeOptions.KV_MEMORY,
                                ComputeOptions.DRAFT)))
                .examples("""
                        $ glia bench model.gguf
                        tokens/s         median   min   max
                        prompt_512         1042  1033  1050
                        generate_64_x1     87.3  86.9  87.9
                        generate_64_x16     512   508   515""")
                .notes("Prefill of a prompt, and decode of 64 tokens after 64 tokens of context, alone and in a batch "
                        + "of 16. Each is warmed up for at most 30 s and then measured five times. With --draft also "
                        + "greedy speculative decoding of 64 tokens, whose speed depends on the acceptance rate.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        LoadOptions options = Models.generating(arguments, "none", console);
        ModelLocation choice = Models.locate(Optional.of(arguments.required(0)), arguments, console);
        try (LoadedModel model = Models.loadWithoutText(choice.path(), options, arguments, console)) {
            Bench bench = new Bench(model.engine());
            int numPrompt = arguments.get(PROMPT).orElse(Math.min(PROMPT_TOKENS, model.contextLength()));
            Optional<Integer> depth = arguments.get(DEPTH);
            int longest = depth.isPresent() ? Math.addExact(depth.get(), GENERATED_TOKENS)
                    : Math.max(numPrompt, Bench.CONTEXT_TOKENS + GENERATED_TOKENS);
            if (longest > model.contextLength()) {
                throw new IllegalArgumentException("the measurement needs a context of " + longest
                        + " tokens; the model's has " + model.contextLength());
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
            Supplier<Scheduler> drafting = () -> model.newScheduler(SchedulerOptions.defaults().withoutPrefixCache());
            if (options.drafting().isOn()) {
                work.put("draft_" + GENERATED_TOKENS + "_x1", () -> bench.drafted(GENERATED_TOKENS, drafting));
            }
            Map<String, Bench.Rate> rates = new LinkedHashMap<>();
            work.forEach((name, measure) -> {
                if (console.errIsTerminal()) {
                    console.clearProgress();
                    console.err().print("measuring " + name + " ...");
                    console.err().flush();
                }
                rates.put(name, measure.get());
            });
            if (console.errIsTerminal()) {
                console.clearProgress();
            }
            OptionalDouble accepted = options.drafting().isOn()
                    ? OptionalDouble.of(bench.acceptedShare(GENERATED_TOKENS, drafting)) : OptionalDouble.empty();
            if (arguments.has(Json.OPTION)) {
                Map<String, Object> document = document(choice.path().getFileName().toString(), options.numThreads(),
                        rates);
                accepted.ifPresent(share -> document.put("accepted_drafts", share));
                Json.print(console, document);
            } else {
                table(rates).print(console);
                accepted.ifPresent(share -> console.out().println(Math.round(100 * share) + " % of drafts accepted"));
            }
        }
        return ExitCode.OK;
    }

    static Map<String, Object> document(String model, int threads, Map<String, Bench.Rate> rates) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("model", model);
        document.put("threads", threads);
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

    static Table table(Map<String, Bench.Rate> rates) {
        Table table = new Table("lrrr").head("tokens/s", "median", "min", "max");
        rates.forEach((name, rate) -> table.row(name, Units.rate(rate.median()), Units.rate(rate.min()),
                Units.rate(rate.max())));
        return table;
    }
}
