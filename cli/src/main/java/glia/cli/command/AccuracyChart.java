package glia.cli.command;

import glia.train.report.Scale;
import glia.train.report.Svg;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// A chart of accuracy against tokens as SVG that is readable on light and dark pages: a point with its interval for
/// each strategy, on a logarithmic axis of tokens.
final class AccuracyChart {
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
