package glia.cli.command;

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
    private static final String[] COLORS = {"#2f8fd6", "#d95f02", "#1b9e77", "#7570b3", "#e7298a", "#a6761d",
        "#6a9a1f", "#c0392b", "#808080"};

    private final StringBuilder svg = new StringBuilder();
    private final List<Point> points;
    private final double least;
    private final double most;

    private AccuracyChart(List<Point> points) {
        this.points = points;
        least = Math.log10(Math.max(1, points.stream().mapToDouble(Point::tokens).min().orElse(1))) - 0.1;
        most = Math.log10(Math.max(1, points.stream().mapToDouble(Point::tokens).max().orElse(10))) + 0.1;
    }

    static String svg(String title, List<Point> points) {
        AccuracyChart chart = new AccuracyChart(points);
        chart.draw(title);
        return chart.svg.toString();
    }

    private void draw(String title) {
        int height = BOTTOM + 56 + LEGEND_ROW * Math.ceilDiv(points.size(), PER_ROW);
        add("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
                + "font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#808080\">%n", WIDTH, height, WIDTH,
                height);
        text(LEFT, 22, "start", title);
        text(LEFT, 42, "start", "accuracy, with 95 % intervals");
        for (int i = 0; i <= LINES; i++) {
            double y = y((double) i / LINES);
            line(LEFT, y, RIGHT, y, "#8080804d", 1);
            text(LEFT - 6, y + 4, "end", 100 * i / LINES + " %");
        }
        for (int power = (int) Math.floor(least); power <= most; power++) {
            for (int digit : new int[] {1, 2, 5}) {
                double tokens = digit * Math.pow(10, power);
                if (Math.log10(tokens) >= least && Math.log10(tokens) <= most) {
                    text(x(tokens), BOTTOM + 18, "middle", String.format(Locale.ROOT, "%,.0f", tokens));
                    line(x(tokens), BOTTOM, x(tokens), BOTTOM + 4, "#808080", 1);
                }
            }
        }
        text(RIGHT, BOTTOM + 36, "end", "tokens for a question, mean");
        for (int i = 0; i < points.size(); i++) {
            point(points.get(i), COLORS[i % COLORS.length]);
            legend(i);
        }
        add("</svg>%n");
    }

    private void point(Point point, String color) {
        double x = x(point.tokens);
        line(x, y(point.low), x, y(point.high), color, 2);
        line(x - 5, y(point.low), x + 5, y(point.low), color, 2);
        line(x - 5, y(point.high), x + 5, y(point.high), color, 2);
        add("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\" fill=\"%s\"><title>%s: %.1f %% (%.1f to %.1f), %.1f tokens"
                + "</title></circle>%n", x, y(point.accuracy), color, escaped(point.name), 100 * point.accuracy,
                100 * point.low, 100 * point.high, point.tokens);
    }

    private void legend(int i) {
        int x = LEFT + i % PER_ROW * LEGEND_WIDTH;
        int y = BOTTOM + 56 + LEGEND_ROW * (i / PER_ROW);
        add("<circle cx=\"%d\" cy=\"%d\" r=\"4.5\" fill=\"%s\"/>%n", x + 5, y - 4, COLORS[i % COLORS.length]);
        text(x + 16, y, "start", points.get(i).name);
    }

    private double x(double tokens) {
        return LEFT + (RIGHT - LEFT) * (Math.log10(Math.max(1, tokens)) - least) / (most - least);
    }

    private static double y(double share) {
        return BOTTOM - (BOTTOM - TOP) * share;
    }

    private void line(double x1, double y1, double x2, double y2, String color, int width) {
        add("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" stroke-width=\"%d\"/>%n", x1, y1, x2,
                y2, color, width);
    }

    private void text(double x, double y, String anchor, String text) {
        add("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>%n", x, y, anchor, escaped(text));
    }

    static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
    }

    private void add(String format, Object... values) {
        svg.append(String.format(Locale.ROOT, format, values));
    }
}
