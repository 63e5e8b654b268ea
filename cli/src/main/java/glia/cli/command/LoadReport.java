package glia.cli.command;

import glia.cli.terminal.Table;
import glia.serve.load.LoadPlan;
import glia.serve.load.LoadResult;
import glia.serve.load.LoadResult.Latency;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

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
        return result.messages().entrySet().stream().map(entry -> entry.getKey() + ": " + entry.getValue()).toList();
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
        return ChartPage.html("Load: " + title(), LoadChart.svg(title(), result), cells, "Time to first token counts "
                + "from when a request is sent, in an open loop from when it is due.");
    }
}
