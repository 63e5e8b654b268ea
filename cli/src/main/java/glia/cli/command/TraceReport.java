package glia.cli.command;

import glia.cli.terminal.Console;
import glia.cli.terminal.Table;
import glia.reason.trace.TraceStatistics;
import glia.reason.trace.TraceStatistics.Group;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Statistics of traces as a table and as JSON.
final class TraceReport {
    private TraceReport() {}

    static void print(TraceStatistics statistics, Console console) {
        Table table = new Table("lrrrrrrrrr").head("strategy", "traces", "right", "verified", "mean attempts",
                "mean length", "median", "90 %", "99 %", "longest");
        statistics.strategies().forEach((strategy, group) -> row(table, strategy.name().toLowerCase(Locale.ROOT),
                group));
        row(table, "all", statistics.all());
        table.print(console);
        String alphabet = statistics.alphabet();
        console.printText("Lengths are in characters, prompts included. " + alphabet.codePointCount(0,
                alphabet.length()) + " different characters: " + alphabet.replace("\n", "⏎").replace(" ", "␣"));
    }

    private static void row(Table table, String name, Group group) {
        table.row(name, group.count(), share(group.right(), group), share(group.verified(), group),
                String.format(Locale.ROOT, "%.1f", group.meanAttempts()),
                String.format(Locale.ROOT, "%.0f", group.meanLength()), group.length(0.5), group.length(0.9),
                group.length(0.99), group.length(1));
    }

    private static String share(long part, Group group) {
        return String.format(Locale.ROOT, "%.1f %%", 100.0 * part / group.count());
    }

    static Map<String, Object> document(TraceStatistics statistics) {
        Map<String, Object> document = object(statistics.all());
        List<Map<String, Object>> strategies = new ArrayList<>();
        statistics.strategies().forEach((strategy, group) -> {
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("strategy", strategy.name().toLowerCase(Locale.ROOT));
            object.putAll(object(group));
            strategies.add(object);
        });
        document.put("strategies", strategies);
        document.put("alphabet", statistics.alphabet());
        return document;
    }

    private static Map<String, Object> object(Group group) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("count", group.count());
        object.put("right", group.right());
        object.put("verified", group.verified());
        object.put("mean_attempts", group.meanAttempts());
        object.put("mean_length", group.meanLength());
        object.put("length_p50", group.length(0.5));
        object.put("length_p90", group.length(0.9));
        object.put("length_p99", group.length(0.99));
        object.put("length_max", group.length(1));
        return object;
    }
}
