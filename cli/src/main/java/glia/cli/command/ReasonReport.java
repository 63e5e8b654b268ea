package glia.cli.command;

import glia.cli.terminal.Console;
import glia.cli.terminal.Table;
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
    private static final String STYLE = """
            body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem;
              color: #222; background: #fff }
            table { border-collapse: collapse } th, td { padding: .25rem .8rem; text-align: right;
              border-bottom: 1px solid #8884 } th:first-child, td:first-child { text-align: left }
            svg { max-width: 100%; height: auto }
            @media (prefers-color-scheme: dark) { body { color: #ddd; background: #16181c } }
            """;

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
        return List.of(result.strategy().text(), percent(result.accuracy()),
                percent(interval.low()) + " to " + percent(interval.high()), result.outcomes().size(),
                String.format(Locale.ROOT, "%.1f", result.meanTokens()), result.mostTokens(),
                percent(prompt == 0 ? 0 : (double) result.tokens().reused() / prompt));
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * share);
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
        StringBuilder rows = new StringBuilder();
        for (Result result : results) {
            rows.append("<tr>");
            cells(result).forEach(cell -> rows.append("<td>").append(AccuracyChart.escaped(cell.toString()))
                    .append("</td>"));
            rows.append("</tr>\n");
        }
        String title = AccuracyChart.escaped("Accuracy and tokens: " + model + ", " + task);
        return "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
                + "content=\"width=device-width\">\n<title>" + title + "</title>\n<style>\n" + STYLE + "</style>\n<h1>"
                + title + "</h1>\n" + svg() + "<table>\n<tr><th>strategy</th><th>accuracy</th><th>95 % interval</th>"
                + "<th>questions</th><th>tokens, mean</th><th>most</th><th>prompt tokens reused</th></tr>\n" + rows
                + "</table>\n<p>Tokens are all that a strategy generates for a question. Intervals are Wilson's with "
                + "95 % confidence.</p>\n</html>\n";
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
