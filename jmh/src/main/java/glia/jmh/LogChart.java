package glia.jmh;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// A line chart with two logarithmic axes, as SVG that is readable on light and dark pages.
final class LogChart {
    /// A line and its values, one for each point of the horizontal axis.
    record Line(String name, double[] values) { }

    private static final int WIDTH = 640;
    private static final int HEIGHT = 360;
    private static final int LEFT = 60;
    private static final int RIGHT = 600;
    private static final int TOP = 50;
    private static final int BOTTOM = 310;
    private static final String[] COLORS = {"#d95f02", "#1b9e77", "#7570b3"};

    private LogChart() { }

    /// @param unit of the vertical axis
    /// @param places points of the horizontal axis, ascending
    static String svg(String title, String unit, int[] places, List<Line> lines) {
        double least = lines.stream().flatMapToDouble(l -> Arrays.stream(l.values)).min().orElseThrow();
        double most = lines.stream().flatMapToDouble(l -> Arrays.stream(l.values)).max().orElseThrow();
        int low = (int) Math.floor(Math.log10(least));
        int high = Math.max(low + 1, (int) Math.ceil(Math.log10(most)));
        StringBuilder svg = new StringBuilder("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + WIDTH + " "
                + HEIGHT + "\" font-family=\"sans-serif\" font-size=\"13\">\n" + LineChart.WORDS + '\n');
        text(svg, LEFT, 24, "start", title);
        text(svg, LEFT, 42, "start", unit);
        for (int power = low; power <= high; power++) {
            double y = BOTTOM - (double) (BOTTOM - TOP) * (power - low) / (high - low);
            line(svg, LEFT, y, RIGHT, y, "#8080804d");
            text(svg, LEFT - 6, y + 4, "end", power < 0 ? "0." + "0".repeat(-power - 1) + "1"
                    : "1" + "0".repeat(power));
        }
        for (int place : places) {
            text(svg, x(place, places), BOTTOM + 20, "middle", place / 1024 + "k");
        }
        text(svg, RIGHT, BOTTOM + 38, "end", "tokens of context");
        for (int i = 0; i < lines.size(); i++) {
            double end = lines.get(i).values[places.length - 1];
            boolean lowest = lines.stream().allMatch(l -> l.values[places.length - 1] >= end);
            draw(svg, lines.get(i), COLORS[i % COLORS.length], places, low, high);
            label(svg, lines.get(i).name, COLORS[i % COLORS.length], y(end, low, high) + (lowest ? 20 : -9));
        }
        return svg.append("</svg>\n").toString();
    }

    private static void draw(StringBuilder svg, Line line, String color, int[] places, int low, int high) {
        StringBuilder points = new StringBuilder();
        for (int i = 0; i < places.length; i++) {
            double y = y(line.values[i], low, high);
            points.append(String.format(Locale.ROOT, "%.1f,%.1f ", x(places[i], places), y));
            svg.append(String.format(Locale.ROOT, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"/>\n",
                    x(places[i], places), y, color));
        }
        svg.append("<polyline points=\"" + points.toString().strip() + "\" fill=\"none\" stroke=\"" + color
                + "\" stroke-width=\"2\"/>\n");
    }

    /// Above the end of a line, or below the lowest.
    private static void label(StringBuilder svg, String name, String color, double y) {
        svg.append(String.format(Locale.ROOT, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\" fill=\"%s\">%s</text>\n",
                RIGHT, y, color, name));
    }

    private static double x(int place, int[] places) {
        double from = Math.log(places[0]);
        double to = Math.log(places[places.length - 1]);
        return LEFT + 30 + (RIGHT - LEFT - 60) * (Math.log(place) - from) / (to - from);
    }

    private static double y(double value, int low, int high) {
        return BOTTOM - (BOTTOM - TOP) * (Math.log10(value) - low) / (high - low);
    }

    private static void line(StringBuilder svg, double x1, double y1, double x2, double y2, String color) {
        svg.append(String.format(Locale.ROOT, "<line x1=\"%.0f\" y1=\"%.1f\" x2=\"%.0f\" y2=\"%.1f\" stroke=\"%s\"/>\n",
                x1, y1, x2, y2, color));
    }

    private static void text(StringBuilder svg, double x, double y, String anchor, String text) {
        svg.append(String.format(Locale.ROOT, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n",
                x, y, anchor, text));
    }
}
