package glia.cli.command;

import glia.cli.terminal.Console;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.lab.eval.EvalResult;
import glia.lab.eval.EvalResult.Comparison;
import glia.lab.eval.EvalResult.Metric;
import glia.lab.eval.EvalTask;
import glia.lab.eval.Statistics.Interval;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/// Results of `glia eval` as tables, as one JSON document, and item by item.
final class EvalReport {
    private final String model;
    private final List<EvalResult> results;
    private String other = "";
    private List<EvalResult> others = List.of();
    private final List<Comparison> comparisons = new ArrayList<>();

    EvalReport(String model, List<EvalResult> results) {
        this.model = model;
        this.results = results;
    }

    /// Adds the results of a second model.
    void compareWith(String otherModel, List<EvalResult> otherResults, long seed) {
        other = otherModel;
        others = otherResults;
        for (int i = 0; i < results.size(); i++) {
            comparisons.add(results.get(i).against(otherResults.get(i), seed));
        }
    }

    void print(Console console) {
        if (others.isEmpty()) {
            table(results).print(console);
        } else {
            console.printText(model);
            table(results).print(console);
            console.out().println();
            console.printText(other);
            table(others).print(console);
            console.out().println();
            console.printText("difference: " + model + " minus " + other);
            Table table = new Table("llrrrrr").head("task", "metric", "difference", "95 % interval", "only first right",
                    "only second right", "McNemar p");
            for (int i = 0; i < results.size(); i++) {
                Comparison c = comparisons.get(i);
                boolean counts = results.get(i).kind() != EvalTask.Kind.TEXT;
                table.row(results.get(i).task(), results.get(i).main(), signed(c.difference()),
                        interval(c.interval()), counts ? Long.toString(c.onlyFirst()) : "",
                        counts ? Long.toString(c.onlySecond()) : "", counts ? number(c.mcNemar()) : "");
            }
            table.print(console);
        }
        warnTruncated(console, model, results);
        warnTruncated(console, other, others);
    }

    private static void warnTruncated(Console console, String of, List<EvalResult> all) {
        for (EvalResult result : all) {
            if (result.numTruncated() > 0) {
                console.err().println("glia: " + of + ", " + result.task() + ": the context of "
                        + Units.counted(result.numTruncated(), "item") + " was longer than the model's and lost its "
                        + "beginning");
            }
        }
    }

    private static Table table(List<EvalResult> all) {
        Table table = new Table("llrrr").head("task", "metric", "value", "95 % interval", "items");
        for (EvalResult result : all) {
            result.metrics().forEach((name, metric) -> table.row(result.task(), name, number(metric.value()),
                    interval(metric.interval()), result.items().size()));
        }
        return table;
    }

    private static String interval(Interval interval) {
        return Double.isNaN(interval.low()) ? "" : number(interval.low()) + " to " + number(interval.high());
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, Math.abs(value) < 100 ? "%.4f" : "%.2f", value);
    }

    private static String signed(double value) {
        return value > 0 ? "+" + number(value) : number(value);
    }

    /// The whole report.
    Map<String, Object> document(long seed) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("model", model);
        document.put("seed", seed);
        document.put("tasks", tasks(results));
        if (!others.isEmpty()) {
            document.put("against", Map.of("model", other, "tasks", tasks(others)));
            List<Map<String, Object>> list = new ArrayList<>();
            for (int i = 0; i < results.size(); i++) {
                list.add(comparison(results.get(i), comparisons.get(i)));
            }
            document.put("comparison", list);
        }
        return document;
    }

    private static Map<String, Object> comparison(EvalResult result, Comparison c) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("task", result.task());
        object.put("metric", result.main());
        object.put("difference", c.difference());
        putInterval(object, c.interval());
        if (result.kind() != EvalTask.Kind.TEXT) {
            object.put("only_first_right", c.onlyFirst());
            object.put("only_second_right", c.onlySecond());
            object.put("mcnemar_p", c.mcNemar());
        }
        return object;
    }

    private static List<Map<String, Object>> tasks(List<EvalResult> all) {
        List<Map<String, Object>> tasks = new ArrayList<>();
        for (EvalResult result : all) {
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("task", result.task());
            object.put("kind", result.kind().name().toLowerCase(Locale.ROOT));
            object.put("items", result.items().size());
            object.put("truncated", result.numTruncated());
            object.put("main", result.main());
            Map<String, Object> metrics = new LinkedHashMap<>();
            result.metrics().forEach((name, metric) -> metrics.put(name, metric(metric)));
            object.put("metrics", metrics);
            tasks.add(object);
        }
        return tasks;
    }

    private static Map<String, Object> metric(Metric metric) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("value", metric.value());
        putInterval(object, metric.interval());
        return object;
    }

    /// Leaves the interval out where nothing can be said.
    private static void putInterval(Map<String, Object> object, Interval interval) {
        if (!Double.isNaN(interval.low())) {
            object.put("low", interval.low());
            object.put("high", interval.high());
        }
    }

    /// A JSON object for each item and model, one a line.
    String samples() {
        StringBuilder lines = new StringBuilder();
        samples(lines, model, results);
        samples(lines, other, others);
        return lines.toString();
    }

    private static void samples(StringBuilder lines, String of, List<EvalResult> all) {
        for (EvalResult result : all) {
            for (EvalResult.Item item : result.items()) {
                Map<String, Object> object = new LinkedHashMap<>();
                object.put("model", of);
                object.put("task", result.task());
                object.put("id", item.id());
                if (result.kind() != EvalTask.Kind.TEXT) {
                    object.put("right", item.value() > 0);
                }
                object.putAll(item.details());
                lines.append(JsonMapper.shared().writeValueAsString(object)).append('\n');
            }
        }
    }
}
