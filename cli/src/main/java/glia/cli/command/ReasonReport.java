package glia.cli.command;

import glia.cli.terminal.Console;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.lab.eval.Statistics;
import glia.lab.eval.Statistics.Interval;
import glia.reason.search.StrategyBench.Outcome;
import glia.reason.search.StrategyBench.Result;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/// The results of strategies as a table, a JSON document, a chart and a page.
///
/// @param model its name
/// @param task its name
/// @param results of each strategy
record ReasonReport(String model, String task, List<Result> results) {
    /// Shows the number of answered questions on a terminal.
    static void progress(Console console, String what, int done, int total) {
        if (console.errIsTerminal()) {
            console.clearProgress();
            if (done < total) {
                console.err().print(what + ": " + done + " of " + total);
            }
            console.err().flush();
        }
    }

    /// The Wilson interval of a strategy's accuracy.
    static Interval interval(Result result) {
        return Statistics.wilson(result.numRight(), result.outcomes().size());
    }

    Table table() {
        Table table = new Table("lrrrrrr").head("strategy", "accuracy", "95 % interval", "questions", "tokens, mean",
                "most", "prompt tokens reused");
        for (Result result : results) {
            table.row(cells(result).toArray());
        }
        return table;
    }

    private static List<Object> cells(Result result) {
        Interval interval = interval(result);
        long prompt = result.tokens().computed() + result.tokens().reused();
        return List.of(result.strategy().text(), Units.percent(result.accuracy()),
                Units.percent(interval.low()) + " to " + Units.percent(interval.high()), result.outcomes().size(),
                String.format(Locale.ROOT, "%.1f", result.meanTokens()), result.mostTokens(),
                Units.percent(prompt == 0 ? 0 : (double) result.tokens().reused() / prompt));
    }

    Map<String, Object> document() {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("model", model);
        document.put("task", task);
        List<Object> list = new ArrayList<>();
        for (Result result : results) {
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("strategy", result.strategy().text());
            object.put("questions", result.outcomes().size());
            object.put("right", result.numRight());
            object.put("accuracy", result.accuracy());
            object.put("low", interval(result).low());
            object.put("high", interval(result).high());
            object.put("mean_tokens", result.meanTokens());
            object.put("most_tokens", result.mostTokens());
            object.put("generated_tokens", result.tokens().generated());
            object.put("computed_prompt_tokens", result.tokens().computed());
            object.put("reused_prompt_tokens", result.tokens().reused());
            object.put("seconds", result.seconds());
            list.add(object);
        }
        document.put("strategies", list);
        return document;
    }

    /// The chart.
    String svg() {
        return AccuracyChart.svg(model + ", " + task, results.stream().map(result -> new AccuracyChart.Point(
                result.strategy().text(), result.meanTokens(), result.accuracy(), interval(result).low(),
                interval(result).high())).toList());
    }

    /// A page in one file.
    String html() {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("strategy", "accuracy", "95 % interval", "questions", "tokens, mean", "most",
                "prompt tokens reused"));
        results.forEach(result -> rows.add(cells(result).stream().map(Object::toString).toList()));
        return ChartPage.html("Accuracy and tokens: " + model + ", " + task, svg(), rows, "Tokens are all that a "
                + "strategy generates for a question. Intervals are Wilson's with 95 % confidence.");
    }

    /// A JSON object for each question and strategy, one a line.
    String samples() {
        StringBuilder lines = new StringBuilder();
        for (Result result : results) {
            for (Outcome outcome : result.outcomes()) {
                Map<String, Object> object = new LinkedHashMap<>();
                object.put("strategy", result.strategy().text());
                object.put("id", outcome.id());
                object.put("right", outcome.isRight());
                object.put("answer", outcome.finalAnswer().orElse(null));
                object.put("tokens", outcome.tokens().generated());
                lines.append(JsonMapper.shared().writeValueAsString(object)).append('\n');
            }
        }
        return lines.toString();
    }
}
