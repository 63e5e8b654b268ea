package glia.cli.command;

import glia.cli.terminal.Console;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.plan.choose.Choice;
import glia.plan.choose.Claims.Claim;
import glia.plan.choose.Decisions.Architecture;
import glia.plan.choose.Decisions.Equal;
import glia.plan.choose.Decisions.Kind;
import glia.plan.choose.Decisions.Thought;
import glia.plan.choose.Needs;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/// What an architecture decides: what it is best for, kinds of models at equal quality, thinking at equal cost, and
/// public claims beside the arithmetic.
///
/// @param knowledge needs that kinds of models are compared for
/// @param reasoning needs that thinking is compared for
record PlanDecisions(List<Architecture> architectures, Needs knowledge, List<Equal> equal, Needs reasoning,
        List<Thought> thoughts, List<Claim> claims) {
    private static final String NONE = "none";

    void print(boolean markdown, Console console) {
        console.printText("What an architecture costs: prompts of 1,000 tokens, answers of 300, 16 bits; a million "
                + "tokens of answers under full load; training on 10¹² tokens at 0.4 of the rate; weights and 32k "
                + "tokens of cache.");
        Table table = new Table("llrrrrrrl").head("architecture", "best for", "context", "first token", "a token",
                "a million tokens", "memory, devices", "training", "attention");
        architectures.forEach(a -> table.row(a.row().id(), a.uses().isEmpty() ? "-" : String.join(", ", a.uses()),
                a.context() / 1024 + "k", millis(a.firstToken()), millis(a.token()), dollars(a.millionTokens(), "%.2f"),
                Units.bytes((long) a.memory()) + ", " + a.devices(), dollars(a.training(), "%,.0f"),
                a.row().mixing()));
        PlanReport.show(table, markdown, console);
        console.out().println();
        String benchmark = knowledge.task().benchmark();
        console.printText("Kinds of models at equal quality: the cheapest that reaches a score in " + benchmark
                + ", USD a month at " + (int) knowledge.rate() + " requests per second.");
        Table kinds = new Table("rlll").head("score", Kind.DENSE.text(), Kind.EXPERTS.text(), Kind.RECURRENT.text());
        equal.forEach(row -> kinds.row(row.floor(), cheapest(row, Kind.DENSE), cheapest(row, Kind.EXPERTS),
                cheapest(row, Kind.RECURRENT)));
        PlanReport.show(kinds, markdown, console);
        console.out().println();
        console.printText("Thinking at equal cost: the best score in " + reasoning.task().benchmark()
                + " for a budget, at " + reasoning.rate() + " requests per second.");
        Table thinking = new Table("rll").head("a month", "answers at once", "thinks before");
        thoughts.forEach(t -> thinking.row(String.format(Locale.ROOT, "$%,d", t.budget()), best(t.direct()),
                best(t.thinking())));
        PlanReport.show(thinking, markdown, console);
        console.out().println();
        console.printText("Public claims beside the arithmetic:");
        Table said = new Table("lrrlll").head("claim", "said", "computed", "agrees", "because", "source");
        claims.forEach(c -> said.row(c.claim(), c.said(), c.computed(), c.holds() ? "yes" : "no", c.because(),
                c.source()));
        PlanReport.show(said, markdown, console);
    }

    private static String cheapest(Equal row, Kind kind) {
        Choice c = row.cheapest().get(kind);
        return c == null ? NONE : c.label() + " " + c.weights() + " " + dollars(OptionalDouble.of(c.month()), "%,.0f");
    }

    private String best(Optional<Choice> choice) {
        return choice.map(c -> String.format(Locale.ROOT, "%.1f: ", c.scores().get(reasoning.task().benchmark())
                .points()) + c.id() + " " + c.weights()).orElse(NONE);
    }

    private static String millis(double seconds) {
        return String.format(Locale.ROOT, "%.1f ms", seconds * 1e3);
    }

    private static String dollars(OptionalDouble of, String format) {
        return of.isPresent() ? "$" + String.format(Locale.ROOT, format, of.getAsDouble()) : "no price";
    }

    Map<String, Object> document() {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("architectures", architectures.stream().map(a -> {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("model", a.row().id());
            row.put("best_for", a.uses());
            row.put("context", a.context());
            row.put("devices", a.devices());
            row.put("first_token_seconds", a.firstToken());
            row.put("seconds_per_token", a.token());
            row.put("usd_per_million_output_tokens", orNull(a.millionTokens()));
            row.put("memory_bytes", a.memory());
            row.put("usd_of_training_on_1e12_tokens", orNull(a.training()));
            return row;
        }).toList());
        document.put("equal_quality", equal.stream().map(row -> {
            Map<String, Object> cells = new LinkedHashMap<>();
            cells.put("score", row.floor());
            row.cheapest().forEach((kind, c) -> cells.put(kind.name().toLowerCase(Locale.ROOT),
                    PlanReport.document(c)));
            return cells;
        }).toList());
        List<Object> equalCost = new ArrayList<>();
        for (Thought t : thoughts) {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("usd_per_month", t.budget());
            t.direct().ifPresent(c -> row.put("direct", PlanReport.document(c)));
            t.thinking().ifPresent(c -> row.put("thinking", PlanReport.document(c)));
            equalCost.add(row);
        }
        document.put("equal_cost", equalCost);
        document.put("claims", claims.stream().map(c -> Map.of("claim", c.claim(), "source", c.source(), "said",
                c.said(), "computed", c.computed(), "agrees", c.holds(), "because", c.because())).toList());
        return document;
    }

    private static Double orNull(OptionalDouble value) {
        return value.isPresent() ? value.getAsDouble() : null;
    }
}
