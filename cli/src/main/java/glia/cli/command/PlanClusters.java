package glia.cli.command;

import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.plan.data.Row;
import glia.plan.published.Clusters;
import glia.plan.published.Clusters.Group;
import glia.plan.published.SlowLinks;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/// Predictions of training on many devices beside published figures.
final class PlanClusters {
    private PlanClusters() { }

    static int run(boolean json, boolean markdown, Console console) {
        List<Group> groups = Clusters.all();
        if (json) {
            Json.print(console, document(groups));
            return ExitCode.OK;
        }
        print("Published runs. Numbers were fitted to the rows marked \"fitted\", and the others predicted:",
                runs(groups), markdown, console);
        print("Fitted numbers, as multiples of what was derived, and how far rows that were not fitted are off:",
                fitted(groups), markdown, console);
        print("Other numbers of devices, by the same numbers:", scaled(groups), markdown, console);
        print(String.format(Locale.ROOT, "The lowest bandwidth that keeps devices busy, published by a simulation with "
                + "a grid of factor 1.21. One number is fitted to the first row: %.1f bits sent for a parameter:",
                SlowLinks.bits()), links(), markdown, console);
        return ExitCode.OK;
    }

    private static void print(String words, Table table, boolean markdown, Console console) {
        console.printText(words);
        if (markdown) {
            console.out().println();
            console.out().print(table.markdown());
        } else {
            table.print(console);
        }
        console.out().println();
    }

    private static Table runs(List<Group> groups) {
        Table table = new Table("lrllrrrl").head("model", "devices", "layout", "tokens, format", "published",
                "predicted", "ratio", "");
        for (Group group : groups) {
            table.row("**" + group.name() + "**", "", "", "", unit(group.rows().getFirst().row()), "", "", "");
            group.rows().forEach(r -> table.row(r.row().text("model"), r.row().text("devices"), layout(r.row()),
                    r.row().text("seq") + " × " + r.row().text("micro_batch") + ", " + r.row().text("precision"),
                    number(r.published()), number(r.predicted()), ratio(r.ratio()), r.isFitted() ? "fitted" : ""));
        }
        return table;
    }

    private static String unit(Row row) {
        return row.text("metric").replace("/device", "");
    }

    private static String layout(Row row) {
        List<String> parts = new ArrayList<>();
        List.of("tp", "pp", "vp", "cp", "ep").forEach(axis -> {
            if (row.number(axis, 1) > 1) {
                parts.add(axis.toUpperCase(Locale.ROOT) + row.text(axis));
            }
        });
        if (row.text("fsdp").contains("FSDP") || row.text("fsdp").contains("SHARD")) {
            parts.add("FSDP");
        }
        return parts.isEmpty() ? "DP" : String.join(" ", parts);
    }

    private static Table fitted(List<Group> groups) {
        Table table = new Table("llrrr").head("rows", "fitted", "not fitted", "off, median", "90 % within");
        groups.forEach(g -> table.row(g.name(), g.fitted().entrySet().stream().map(e -> e.getKey()
                .replace("train ", "") + " " + ratio(e.getValue())).collect(Collectors.joining(", ")),
                g.heldOut().rows(), ratio(g.heldOut().median()) + " ×", ratio(g.heldOut().most()) + " ×"));
        return table;
    }

    private static Table scaled(List<Group> groups) {
        Table table = new Table("lrlrrr").head("model", "devices", "layout", "unit", "predicted", "published");
        Clusters.scaled(groups).forEach(s -> table.row(s.row().text("model"), s.row().text("devices"), layout(s.row()),
                unit(s.row()), number(s.predicted()), s.published().isPresent()
                        ? number(s.published().getAsDouble()) : ""));
        return table;
    }

    private static Table links() {
        Table table = new Table("llrrrr").head("model", "method", "busy", "published", "predicted", "steps off");
        SlowLinks.all().forEach(c -> table.row(c.row().text("model"), c.row().text("method"), String.format(Locale.ROOT,
                "%.0f %%", 100 * c.row().required("utilization")), number(c.published()) + " Gbit/s",
                number(c.predicted()) + " Gbit/s", c.steps()));
        return table;
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, value >= 1000 ? "%,.0f" : value >= 100 ? "%.0f" : "%.1f", value);
    }

    private static String ratio(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }

    private static Map<String, Object> document(List<Group> groups) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("groups", groups.stream().map(g -> {
            Map<String, Object> group = new LinkedHashMap<>();
            group.put("name", g.name());
            group.put("fitted", g.fitted());
            group.put("rows", g.rows().stream().map(r -> {
                Map<String, Object> row = row(r.row(), r.published(), r.predicted());
                row.put("fitted", r.isFitted());
                return row;
            }).toList());
            return group;
        }).toList());
        document.put("scaled", Clusters.scaled(groups).stream().map(s -> row(s.row(),
                s.published().isPresent() ? s.published().getAsDouble() : null, s.predicted())).toList());
        document.put("slow_links_gbit_s", SlowLinks.all().stream().map(c -> {
            Map<String, Object> row = row(c.row(), c.published(), c.predicted());
            row.put("steps", c.steps());
            return row;
        }).toList());
        return document;
    }

    private static Map<String, Object> row(Row row, Double published, double predicted) {
        Map<String, Object> map = new LinkedHashMap<>();
        row.cells().entrySet().stream().filter(e -> !e.getValue().isEmpty() && !e.getKey().equals("value"))
                .sorted(Map.Entry.comparingByKey()).forEach(e -> map.put(e.getKey(), e.getValue()));
        map.put("published", published);
        map.put("predicted", predicted);
        return map;
    }
}
