package glia.cli.command;

import glia.cli.terminal.Console;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.plan.choose.Choice;
import glia.plan.choose.Needs;
import glia.plan.choose.Planner;
import glia.plan.choose.Services;
import glia.plan.data.Quality;
import glia.plan.data.Quality.Score;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/// Shows a plan.
final class PlanReport {
    private static final int MOST_ROWS = 12;

    private PlanReport() { }

    /// @param markdown whether tables and headings are Markdown
    static void print(Needs needs, Planner.Plan plan, boolean markdown, Console console) {
        Consumer<Table> show = table -> show(table, markdown, console);
        if (markdown) {
            console.out().println("# Plan for " + needs.task().text() + "\n");
        }
        String benchmark = needs.benchmarks().getFirst();
        List<Choice> front = Planner.front(plan.choices(), benchmark);
        if (plan.choices().isEmpty()) {
            console.printText("Nothing meets all needs." + (plan.nearest().isEmpty() ? " " + plan.largest() : ""));
        } else {
            boolean hasPrices = plan.choices().getFirst().price().dollars() > 0;
            console.printText((front.isEmpty() ? "No candidate has a published score in " + benchmark
                    + "; ranked by cost alone:" : "Cost against quality: each row is better in " + benchmark
                    + " than every " + (hasPrices ? "cheaper one."
                    : "one on a smaller device, or as large and faster.")));
            show.accept(table(front.isEmpty() ? plan.choices() : front, benchmark));
            console.out().println();
            if (front.stream().anyMatch(Choice::thinks)) {
                console.printText("Thinking costs " + Units.count((long) thinking(needs)) + " tokens an answer"
                        + (needs.traffic().thinking().isPresent() ? "." : " (" + Quality.known().thinking(benchmark)
                        .source() + "); --thinking-tokens sets another number."));
                console.out().println();
            }
            console.printText(Units.counted(plan.choices().size(), "model") + " meet"
                    + (plan.choices().size() == 1 ? "s" : "") + " all needs; --json shows each.");
        }
        if (!plan.services().isEmpty()) {
            console.out().println();
            console.printText("Services by token price; their times are not published. Own hardware is cheaper from "
                    + "the break-even rate on:");
            show.accept(services(plan.services(), benchmark));
        }
        if (!plan.ruledOut().isEmpty()) {
            console.out().println();
            Table reasons = new Table("rl").head("ruled out", "because");
            plan.ruledOut().entrySet().stream().sorted(Map.Entry.<String, Integer>comparingByValue().reversed())
                    .forEach(e -> reasons.row(e.getValue(), e.getKey()));
            show.accept(reasons);
        }
        if (!plan.nearest().isEmpty()) {
            console.out().println();
            console.printText(plan.choices().isEmpty() ? "Needs that conflict, and what comes nearest:"
                    : "The cheapest that miss one need only:");
            Table nearest = new Table("llllr").head("misses", "model", "hardware", "that is", "a month");
            plan.nearest().forEach((need, c) -> nearest.row(need, model(c), hardware(c), missed(need, c), month(c)));
            show.accept(nearest);
        }
    }

    private static double thinking(Needs needs) {
        return needs.traffic().thinking().orElseGet(() -> Quality.known().thinking(needs.benchmarks().getFirst())
                .tokens());
    }

    /// Prints a table, or the same in Markdown.
    static void show(Table table, boolean markdown, Console console) {
        if (markdown) {
            console.out().print("\n" + table.markdown());
        } else {
            table.print(console);
        }
    }

    private static String missed(String needs, Choice c) {
        return Arrays.stream(needs.split(Planner.AND)).map(need -> need.contains("first token")
                ? seconds(c.firstToken()) : need.contains("slowly") ? seconds(c.betweenTokens()) + " a token"
                : need.contains("licence") ? c.licence().name() : need.contains("score") ? score(c, need)
                : need.contains("context") ? Units.count(c.context()) + " tokens" : "")
                .filter(text -> !text.isEmpty()).collect(Collectors.joining(", "));
    }

    private static String score(Choice c, String need) {
        return c.scores().entrySet().stream().filter(e -> need.contains(e.getKey()))
                .map(e -> String.format(Locale.ROOT, "%.1f", e.getValue().points())).findFirst().orElse("none");
    }

    private static Table table(List<Choice> choices, String benchmark) {
        Table table = new Table("llrrrrrrrrll").head("model", "hardware", "sequences", "memory", "tokens/s",
                "first token", "a token", "an answer", "a month", benchmark, "bound by", "licence");
        choices.stream().limit(MOST_ROWS).forEach(c -> table.row(model(c), hardware(c), c.batch(),
                Units.bytes((long) total(c)), Units.rate(c.rate()), seconds(c.firstToken()), seconds(c.betweenTokens()),
                seconds(c.answer()), month(c), score(c, benchmark), c.bound(), c.licence().name()));
        return table;
    }

    /// Services on the Pareto front of cost and quality; without scores the cheapest.
    private static Table services(List<Services.Offer> offers, String benchmark) {
        Table table = new Table("llrrrrl").head("model", "service", "input", "output", "a month", benchmark,
                "own hardware from");
        double highest = 0;
        int rows = 0;
        boolean hasScores = offers.stream().anyMatch(o -> o.scores().containsKey(benchmark));
        for (Services.Offer o : offers) {
            double points = o.scores().containsKey(benchmark) ? o.scores().get(benchmark).points() : -1;
            if (hasScores && points <= highest || rows++ >= MOST_ROWS) {
                continue;
            }
            highest = Math.max(highest, points);
            table.row(o.tokens().item() + (o.thinks() ? ", thinking" : ""), o.tokens().provider(),
                    dollars(o.tokens().input()), dollars(o.tokens().output()), wholeDollars(o.month()),
                    points < 0 ? "none"
                    : String.format(Locale.ROOT, "%.1f", points), o.own().map(c -> o.breakEven().isPresent()
                    ? String.format(Locale.ROOT, "%.2f requests/s: ", o.breakEven().getAsDouble()) + model(c)
                    : "never: " + model(c)).orElse(""));
        }
        return table;
    }

    private static String dollars(double of) {
        return String.format(Locale.ROOT, "$%.3g", of);
    }

    private static double total(Choice c) {
        return c.memory().values().stream().mapToDouble(Double::doubleValue).sum();
    }

    private static String model(Choice c) {
        return c.label() + " " + c.weights() + (c.cacheBytes() == 1 ? ", cache FP8" : "");
    }

    private static String hardware(Choice c) {
        return c.allDevices() + " × " + c.device().name() + (c.copies() > 1 && c.devices() > 1 ? " (" + c.copies()
                + " copies)" : "");
    }

    private static String seconds(double seconds) {
        if (seconds == 0) {
            return "-";
        }
        return seconds < 1 ? String.format(Locale.ROOT, "%.0f ms", seconds * 1e3)
                : String.format(Locale.ROOT, "%.1f s", seconds);
    }

    private static String wholeDollars(double of) {
        return String.format(Locale.ROOT, "$%,.0f", of);
    }

    private static String month(Choice c) {
        return c.price().dollars() == 0 ? "no price" : wholeDollars(c.month());
    }

    static Map<String, Object> document(Needs needs, Planner.Plan plan) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("benchmark", needs.benchmarks().getFirst());
        document.put("choices", plan.choices().stream().map(PlanReport::document).toList());
        document.put("front", Planner.front(plan.choices(), needs.benchmarks().getFirst()).stream().map(Choice::id)
                .toList());
        document.put("services", plan.services().stream().map(PlanReport::document).toList());
        document.put("ruled_out", plan.ruledOut());
        Map<String, Object> nearest = new LinkedHashMap<>();
        plan.nearest().forEach((need, c) -> nearest.put(need, document(c)));
        document.put("nearest", nearest);
        return document;
    }

    private static Map<String, Object> document(Services.Offer o) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("model", o.model().orElse(o.tokens().item()));
        document.put("item", o.tokens().item());
        document.put("thinking", o.thinks());
        document.put("provider", o.tokens().provider());
        document.put("usd_per_million_input_tokens", o.tokens().input());
        document.put("usd_per_million_output_tokens", o.tokens().output());
        document.put("usd_per_month", o.month());
        document.put("price_date", o.tokens().date());
        document.put("price_source", o.tokens().source());
        o.own().ifPresent(c -> document.put("compared_with", model(c) + " on " + hardware(c)));
        document.put("break_even_requests_per_second", o.breakEven().isPresent() ? o.breakEven().getAsDouble() : null);
        Map<String, Object> scores = new LinkedHashMap<>();
        o.scores().forEach((benchmark, score) -> scores.put(benchmark, document(score)));
        document.put("scores", scores);
        return document;
    }

    static Map<String, Object> document(Choice c) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("model", c.id());
        document.put("name", c.name());
        document.put("parameters", c.shape().parameters());
        document.put("active_parameters", c.shape().active());
        document.put("thinking", c.thinks());
        document.put("weights", c.weights().name().toLowerCase(Locale.ROOT));
        document.put("kv_cache", c.cacheBytes() == 1 ? "fp8" : "bf16");
        document.put("device", c.device().name());
        document.put("device_source", c.device().source());
        document.put("devices_per_copy", c.devices());
        document.put("parallelism", c.devices() == 1 ? "none" : "tensor");
        document.put("copies", c.copies());
        document.put("sequences_per_copy", c.batch());
        document.put("memory_bytes_per_copy", c.memory());
        document.put("output_tokens_per_second", c.rate());
        document.put("first_token_seconds_p95", c.firstToken());
        document.put("between_tokens_seconds", c.betweenTokens());
        document.put("answer_seconds", c.answer());
        document.put("usd_per_month", c.month());
        document.put("usd_per_million_tokens", c.millionTokens());
        document.put("usd_per_device_hour", c.price().dollars());
        document.put("price_date", c.price().date());
        document.put("price_source", c.price().source());
        document.put("joules_per_output_token", c.energy());
        document.put("bound_by", c.bound());
        document.put("licence", c.licence().name());
        document.put("context", c.context());
        Map<String, Object> scores = new LinkedHashMap<>();
        c.scores().forEach((benchmark, score) -> scores.put(benchmark, document(score)));
        document.put("scores", scores);
        return document;
    }

    private static Map<String, Object> document(Score score) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("points", score.points());
        document.put("mode", score.mode());
        document.put("setting", score.setting());
        document.put("reported_by", score.reporter());
        document.put("source", score.source());
        return document;
    }
}
