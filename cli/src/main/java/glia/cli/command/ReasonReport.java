package glia.cli.command;

import glia.cli.terminal.Console;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.lab.eval.Statistics.Interval;
import glia.lab.eval.Statistics;
import glia.reason.search.StrategyBench.Outcome;
import glia.reason.search.StrategyBench.Result;
import glia.train.report.Scale;
import glia.train.report.Svg;
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

    /// A chart of accuracy against tokens as SVG that is readable on light and dark pages: a point with its interval
    /// for each strategy, on a logarithmic axis of tokens.
    static final class AccuracyChart {
        /// @param tokens mean tokens for a question
        /// @param accuracy between 0 and 1
        /// @param low lower end of the interval
        /// @param high upper end of the interval
        record Point(String name, double tokens, double accuracy, double low, double high) { }

        private static final int WIDTH = 720;
        private static final int LEFT = 54;
        private static final int RIGHT = 700;
        private static final int TOP = 56;
        private static final int BOTTOM = 360;
        private static final int LEGEND_ROW = 20;
        private static final int LEGEND_WIDTH = 210;
        private static final int PER_ROW = 3;
        private static final int LINES = 5;

        private final Svg svg;
        private final List<Point> points;
        private final double least;
        private final double most;

        private AccuracyChart(List<Point> points) {
            this.points = points;
            svg = new Svg(WIDTH, BOTTOM + 56 + LEGEND_ROW * Math.ceilDiv(points.size(), PER_ROW));
            least = Math.log10(Math.max(1, points.stream().mapToDouble(Point::tokens).min().orElse(1))) - 0.1;
            most = Math.log10(Math.max(1, points.stream().mapToDouble(Point::tokens).max().orElse(10))) + 0.1;
        }

        static String svg(String title, List<Point> points) {
            AccuracyChart chart = new AccuracyChart(points);
            chart.draw(title);
            return chart.svg.toString();
        }

        private void draw(String title) {
            svg.text(LEFT, 22, "start", title);
            svg.text(LEFT, 42, "start", "accuracy, with 95 % intervals");
            for (int i = 0; i <= LINES; i++) {
                double y = y((double) i / LINES);
                svg.line(LEFT, y, RIGHT, y, Svg.PALE, 1);
                svg.text(LEFT - 6, y + 4, "end", 100 * i / LINES + " %");
            }
            for (double tokens : ticks()) {
                svg.text(x(tokens), BOTTOM + 18, "middle", String.format(Locale.ROOT, "%,.0f", tokens));
                svg.line(x(tokens), BOTTOM, x(tokens), BOTTOM + 4, Svg.GRAY, 1);
            }
            svg.text(RIGHT, BOTTOM + 36, "end", "tokens for a question, mean");
            for (int i = 0; i < points.size(); i++) {
                point(points.get(i), Svg.color(i));
                legend(i);
            }
        }

        /// Powers of ten, with what is between them where there is room; round numbers where the axis has few of these.
        private List<Double> ticks() {
            List<Double> ticks = new ArrayList<>();
            for (int power = (int) Math.floor(least); power <= most; power++) {
                for (int digit : most - least > 3 ? new int[] {1} : new int[] {1, 2, 5}) {
                    ticks.add(digit * Math.pow(10, power));
                }
            }
            ticks.removeIf(tick -> Math.log10(tick) < least || Math.log10(tick) > most);
            if (ticks.size() < 2) {
                Scale linear = Scale.ofCounts(List.of(Math.pow(10, least), Math.pow(10, most)), LEFT, RIGHT);
                ticks = new ArrayList<>(linear.ticks());
                ticks.removeIf(tick -> tick < 1 || Math.log10(tick) < least || Math.log10(tick) > most);
            }
            return ticks;
        }

        private void point(Point point, String color) {
            double x = x(point.tokens);
            svg.line(x, y(point.low), x, y(point.high), color, 2);
            svg.line(x - 5, y(point.low), x + 5, y(point.low), color, 2);
            svg.line(x - 5, y(point.high), x + 5, y(point.high), color, 2);
            svg.circle(x, y(point.accuracy), 4.5, color, String.format(Locale.ROOT,
                    "%s: %.1f %% (%.1f to %.1f), %.1f tokens", point.name, 100 * point.accuracy, 100 * point.low,
                    100 * point.high, point.tokens));
        }

        private void legend(int i) {
            int x = LEFT + i % PER_ROW * LEGEND_WIDTH;
            int y = BOTTOM + 56 + LEGEND_ROW * (i / PER_ROW);
            svg.circle(x + 5, y - 4, 4.5, Svg.color(i), "");
            svg.text(x + 16, y, "start", points.get(i).name);
        }

        private double x(double tokens) {
            return LEFT + (RIGHT - LEFT) * (Math.log10(Math.max(1, tokens)) - least) / (most - least);
        }

        private static double y(double share) {
            return BOTTOM - (BOTTOM - TOP) * share;
        }
    }
}
