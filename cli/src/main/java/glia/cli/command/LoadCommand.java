package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.serve.load.LoadGenerator.LoadException;
import glia.serve.load.LoadGenerator;
import glia.serve.load.LoadPlan;
import glia.serve.load.LoadPrompts;
import glia.serve.load.LoadResult.Latency;
import glia.serve.load.LoadResult;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Generates load on an OpenAI-compatible server.
public final class LoadCommand implements Command {
    private static final Positional SERVER = new Positional("URL",
            "address of an OpenAI-compatible server, such as http://localhost:8080; with or without /v1", true);
    private static final Option<Integer> CLIENTS = Option.integer("N", 1, 100_000,
            "closed loop: clients, each with one request at a time; with --rate: the most requests at a time "
                    + "(default: 16)", "--clients").formerly("-c").elsewhere("--concurrency", "--users");
    private static final Option<Float> RATE = Option.numberAbove("N", 0, 1e6f,
            "open loop: requests a second, at random times (a Poisson process)", "--rate").elsewhere("--request-rate");
    private static final Option<Integer> SECONDS = Option.integer("SECONDS", 1, 1_000_000,
            "send no further requests after this time (default: 30)", "--seconds").elsewhere("--duration");
    private static final Option<Integer> REQUESTS = Option.integer("N", 1, Integer.MAX_VALUE, "the most requests",
            "--requests").formerly("-n").elsewhere("--num-prompts");
    private static final Option<Integer> PROMPT = Option.integer("WORDS", 1, 1_000_000,
            "random words of each prompt (default: 100, fewer for a model with a small context)", "--prompt")
            .formerly("-p").elsewhere("--input-len");
    private static final Option<Integer> SHARED = Option.integer("WORDS", 0, 1_000_000,
            "words of a system prompt that all requests share (default: 0)", "--shared").elsewhere("--prefix-len");
    private static final Option<Integer> MAX_TOKENS = Option.integer("N", 1, 1_000_000,
            "tokens of each answer (default: 64)", "--max-tokens").elsewhere("--output-len");
    private static final Option<Float> TEMPERATURE = Option.number("X", 0, 2, "sampling temperature (default: 0.8)",
            "--temp").elsewhere("--temperature");
    private static final Option<Boolean> WHOLE = Option.flag("request whole answers instead of streams",
            "--no-stream");
    private static final Option<Boolean> END = Option.flag("let answers end at an end-of-generation token",
            "--stop-at-end");
    private static final Option<String> MODEL = Option.text("NAME",
            "the model's name (default: the first that the server lists)", "--model", "-m");
    private static final Option<String> KEY = Option.text("KEY", "API key", "--key").elsewhere("--api-key");
    private static final Option<Integer> SEED = Option.integer("N", 0, Integer.MAX_VALUE, "random seed (default: 1)",
            "--seed", "-s");
    private static final String MIX = "Clients that behave badly";
    private static final Option<Float> SLOW = share("slow clients, which read 25 pieces a second", "--slow");
    private static final Option<Float> VANISHING = share("clients that close the connection while they are answered",
            "--vanishing");
    private static final Option<Float> HOSTILE = share("clients that send a body which is to be refused", "--hostile");
    private static final Option<String> SVG = Option.text("FILE", "write the chart as SVG", "--svg");
    private static final Option<String> HTML = Option.text("FILE", "write a page with the chart and the figures",
            "--html");

    /// For [glia.cli.Cli].
    public LoadCommand() {}

    private static Option<Float> share(String what, String name) {
        return Option.number("SHARE", 0, 1, "share of " + what + ", 0 to 1 (default: 0)", name).in(MIX);
    }

    @Override
    public String name() {
        return "load";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Generate load on a server and measure it", List.of(SERVER), List.of(CLIENTS, RATE,
                SECONDS, REQUESTS, PROMPT, SHARED, MAX_TOKENS, TEMPERATURE, WHOLE, END, MODEL, KEY, SEED, SLOW,
                VANISHING, HOSTILE, SVG, HTML, TextFiles.FORCE, Json.OPTION))
                .examples("""
                        $ glia load http://localhost:8080 --clients 64 --shared 1200
                        $ glia load http://localhost:8080 --rate 5 --seconds 120 --html load.html
                        $ glia load http://localhost:8080 --clients 200 --slow 0.1 --vanishing 0.1 --hostile 0.1""")
                .notes("Time to first token counts from when a request is sent, in an open loop from when it is due. "
                        + "Inter-token latency is the time between two pieces of a stream. Tokens are those of the "
                        + "server's usage, where it has them.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        LoadPlan plan = plan(arguments);
        for (Option<String> file : List.of(SVG, HTML)) {
            if (arguments.has(file)) {
                TextFiles.checkWritable(Path.of(arguments.get(file).orElseThrow()), arguments);
            }
        }
        LoadResult result;
        try {
            result = new LoadGenerator(plan, prompts(arguments)).run(soFar -> progress(console, soFar));
        } catch (LoadException e) {
            console.err().println("glia: " + e.getMessage());
            return ExitCode.NETWORK;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        }
        if (console.errIsTerminal()) {
            console.clearProgress();
        }
        LoadReport report = new LoadReport(plan, result);
        if (arguments.has(SVG)) {
            TextFiles.write(Path.of(arguments.get(SVG).orElseThrow()), LoadChart.svg(report.title(), result));
        }
        if (arguments.has(HTML)) {
            TextFiles.write(Path.of(arguments.get(HTML).orElseThrow()), report.html());
        }
        if (arguments.has(Json.OPTION)) {
            Json.print(console, report.document());
        } else {
            report.table().print(console);
            report.messages().forEach(line -> console.out().println(line));
        }
        return ExitCode.OK;
    }

    private static LoadPrompts prompts(Arguments arguments) {
        int shared = arguments.get(SHARED).orElse(0);
        return arguments.has(PROMPT) ? LoadPrompts.words(shared, arguments.get(PROMPT).orElseThrow())
                : LoadPrompts.fitting(shared);
    }

    private static LoadPlan plan(Arguments arguments) {
        try {
            String address = arguments.required(0);
            URI server = URI.create(address.contains("://") ? address : "http://" + address);
            if (server.getHost() == null) {
                throw new IllegalArgumentException("'" + address + "' is not an address such as http://localhost:8080");
            }
            return LoadPlan.of(server).withModel(arguments.get(MODEL).orElse(""), arguments.get(KEY))
                    .withClients(arguments.get(CLIENTS).orElse(arguments.has(RATE) ? 1000 : 16),
                            arguments.get(RATE).orElse(0f))
                    .withEnd(Duration.ofSeconds(arguments.get(SECONDS).orElse(30)),
                            arguments.get(REQUESTS).orElse(Integer.MAX_VALUE))
                    .withAnswers(arguments.get(MAX_TOKENS).orElse(64), arguments.get(TEMPERATURE).orElse(0.8f),
                            !arguments.has(WHOLE), !arguments.has(END))
                    .withMix(new LoadPlan.Mix(arguments.get(SLOW).orElse(0f), arguments.get(VANISHING).orElse(0f),
                            arguments.get(HOSTILE).orElse(0f)), arguments.get(SEED).orElse(1));
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
    }

    private static void progress(Console console, LoadResult soFar) {
        if (console.errIsTerminal()) {
            console.clearProgress();
            console.err().print(String.format(Locale.ROOT, "%.0f s: %d answers, %.1f tokens/s, %d errors",
                    soFar.seconds(), soFar.complete(), soFar.tokensPerSecond(), soFar.numErrors()));
            console.err().flush();
        }
    }

    /// The result of a load generator as a table, a JSON document and a page.
    record LoadReport(LoadPlan plan, LoadResult result) {
        private static final List<String> HEAD = List.of("", "count", "p50", "p95", "p99", "most");

        /// The plan in a line.
        String title() {
            return plan.server() + ", " + (plan.rate() > 0
                    ? String.format(Locale.ROOT, "%.3g requests a second", plan.rate()) : plan.clients() + " clients");
        }

        /// Times first, then counts.
        Table table() {
            Table table = new Table("lrrrrr").head(HEAD.toArray());
            rows().forEach(row -> table.row(row.toArray()));
            return table;
        }

        private List<List<Object>> rows() {
            List<List<Object>> rows = new ArrayList<>();
            rows.add(row("time to first token", result.firstToken()));
            rows.add(row("inter-token latency", result.betweenTokens()));
            rows.add(row("whole answer", result.whole()));
            rows.add(row("tokens a second", String.format(Locale.ROOT, "%.1f", result.tokensPerSecond())));
            rows.add(row("seconds", String.format(Locale.ROOT, "%.1f", result.seconds())));
            rows.add(row("requests", result.requests()));
            rows.add(row("complete answers", result.complete()));
            if (result.left() + result.refused() > 0) {
                rows.add(row("vanished clients", result.left()));
                rows.add(row("hostile requests refused", result.refused()));
            }
            rows.add(row("errors", result.numErrors()));
            result.errors().forEach((kind, count) -> rows.add(row("  " + kind, count)));
            return rows;
        }

        /// The first message of each kind of error.
        List<String> messages() {
            return result.messages().entrySet().stream().map(entry -> entry.getKey() + ": " + entry.getValue())
                    .toList();
        }

        private static List<Object> row(String name, Object value) {
            return List.of(name, value, "", "", "", "");
        }

        private static List<Object> row(String name, Latency times) {
            return times.count() == 0 ? row(name, 0) : List.of(name, times.count(), seconds(times.p50()),
                    seconds(times.p95()), seconds(times.p99()), seconds(times.max()));
        }

        private static String seconds(double seconds) {
            return seconds < 1 ? String.format(Locale.ROOT, "%.1f ms", seconds * 1000)
                    : String.format(Locale.ROOT, "%.2f s", seconds);
        }

        Map<String, Object> document() {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("server", plan.server().toString());
            document.put("clients", plan.clients());
            document.put("rate", plan.rate());
            document.put("seconds", result.seconds());
            document.put("requests", result.requests());
            document.put("complete", result.complete());
            document.put("vanished", result.left());
            document.put("refused", result.refused());
            document.put("tokens", result.tokens());
            document.put("tokens_per_second", result.tokensPerSecond());
            document.put("errors", result.errors());
            document.put("error_messages", result.messages());
            document.put("first_token_s", document(result.firstToken()));
            document.put("inter_token_s", document(result.betweenTokens()));
            document.put("whole_s", document(result.whole()));
            return document;
        }

        private static Map<String, Object> document(Latency times) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("count", times.count());
            document.put("p50", times.p50());
            document.put("p95", times.p95());
            document.put("p99", times.p99());
            document.put("max", times.max());
            return document;
        }

        /// A page in one file.
        String html() {
            List<List<String>> cells = new ArrayList<>();
            cells.add(HEAD);
            rows().forEach(row -> cells.add(row.stream().map(String::valueOf).toList()));
            messages().forEach(line -> cells.add(List.of(line, "", "", "", "", "")));
            return ChartPage.html("Load: " + title(), LoadChart.svg(title(), result), cells,
                    "Time to first token counts "
                    + "from when a request is sent, in an open loop from when it is due.");
        }
    }
}
