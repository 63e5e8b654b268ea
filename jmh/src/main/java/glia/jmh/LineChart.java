package glia.jmh;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// Panels of lines, side by side, as SVG that is readable on light and dark pages.
public final class LineChart {
    /// A line whose points are equally far apart. Points that are not finite are left out.
    ///
    /// @param least lower ends of the points' intervals; empty without
    /// @param most upper ends
    public record Line(String name, double[] values, double[] least, double[] most) {
        /// A line without intervals.
        public Line(String name, double[] values) {
            this(name, values, new double[0], new double[0]);
        }
    }

    /// The horizontal axis of a panel.
    ///
    /// @param ticks labels, equally far apart
    /// @param atTicks whether there is a point at each tick; else a point lies in the middle of its share of the axis
    public record Axis(String unit, List<String> ticks, boolean atTicks) {
        /// From 0 to `last`.
        public static Axis linear(String unit, int last) {
            return new Axis(unit, IntStream.rangeClosed(0, TICKS).mapToObj(i -> Integer.toString(last * i / TICKS))
                    .toList(), false);
        }

        /// A point for each label.
        public static Axis of(String unit, List<String> labels) {
            return new Axis(unit, labels, true);
        }
    }

    /// The vertical axis of a panel.
    public enum Scale { LINEAR, LOGARITHMIC }

    /// @param unit of the vertical axis
    public record Panel(String title, String unit, Axis axis, Scale scale, List<Line> lines) { }

    private static final int WIDTH = 460;
    private static final int HEIGHT = 342;
    private static final int LEFT = 46;
    private static final int RIGHT = 440;
    private static final int TOP = 56;
    private static final int BOTTOM = 290;
    private static final int TICKS = 5;
    private static final int LEGEND_WIDTH = 180;
    private static final int LEGEND_HEIGHT = 18;
    /// The color of texts, on light and dark pages.
    static final String WORDS = "<style>svg { fill: #57606a } @media (prefers-color-scheme: dark) "
            + "{ svg { fill: #b1bac4 } }</style>";
    private static final String[] COLORS = {"#808080", "#d95f02", "#1b9e77", "#7570b3", "#e7298a", "#2f8fd6", "#a6761d",
        "#6a9a1f", "#c0392b"};

    private LineChart() { }

    /// Draws panels whose lines have the same names and colors.
    public static String svg(List<Panel> panels) {
        List<Line> lines = panels.getFirst().lines;
        int width = WIDTH * panels.size();
        int perRow = Math.clamp(lines.size(), 1, (width - LEFT) / LEGEND_WIDTH);
        int height = HEIGHT + LEGEND_HEIGHT * Math.ceilDiv(lines.size(), perRow);
        StringBuilder svg = new StringBuilder(String.format(Locale.ROOT, "<svg xmlns=\"http://www.w3.org/2000/svg\" "
                + "viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">%n%s%n", width,
                height, WORDS));
        for (int i = 0; i < panels.size(); i++) {
            svg.append("<g transform=\"translate(" + i * WIDTH + ",0)\">\n");
            draw(svg, panels.get(i));
            svg.append("</g>\n");
        }
        for (int i = 0; i < lines.size(); i++) {
            int x = LEFT + i % perRow * ((width - LEFT) / perRow);
            int y = HEIGHT + LEGEND_HEIGHT * (i / perRow);
            svg.append(String.format(Locale.ROOT, "<rect x=\"%d\" y=\"%d\" width=\"16\" height=\"3\" fill=\"%s\"/>%n",
                    x, y, color(i)));
            text(svg, x + 22, y + 5, "start", lines.get(i).name);
        }
        return svg.append("</svg>\n").toString();
    }

    private static String color(int line) {
        return COLORS[line % COLORS.length];
    }

    private static void draw(StringBuilder svg, Panel panel) {
        boolean log = panel.scale == Scale.LOGARITHMIC;
        double[] all = panel.lines.stream().flatMapToDouble(l -> Stream.of(l.values, l.least, l.most)
                .flatMapToDouble(Arrays::stream)).filter(Double::isFinite)
                .map(v -> log ? Math.log(v) : v).toArray();
        double low = Arrays.stream(all).min().orElse(0);
        double high = Arrays.stream(all).max().orElse(1);
        text(svg, LEFT, 22, "start", panel.title);
        text(svg, LEFT, 40, "start", panel.unit);
        for (int i = 0; i <= TICKS; i++) {
            double y = BOTTOM - (BOTTOM - TOP) * (double) i / TICKS;
            svg.append(String.format(Locale.ROOT, "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" "
                    + "stroke=\"#8080804d\"/>%n", LEFT, y, RIGHT, y));
            double value = low + (high - low) * i / TICKS;
            text(svg, LEFT - 5, y + 4, "end", label(log ? Math.exp(value) : value));
        }
        Axis axis = panel.axis;
        for (int i = 0; i < axis.ticks.size(); i++) {
            text(svg, LEFT + (RIGHT - LEFT) * (double) i / Math.max(1, axis.ticks.size() - 1), BOTTOM + 18, "middle",
                    axis.ticks.get(i));
        }
        text(svg, RIGHT, BOTTOM + 36, "end", axis.unit);
        DoubleUnaryOperator height = value -> BOTTOM - (BOTTOM - TOP) * ((log ? Math.log(value) : value) - low)
                / Math.max(high - low, 1e-30);
        for (int i = 0; i < panel.lines.size(); i++) {
            Line line = panel.lines.get(i);
            double[] values = line.values;
            StringBuilder points = new StringBuilder();
            for (int j = 0; j < values.length; j++) {
                if (Double.isFinite(values[j])) {
                    double x = axis.atTicks ? j / Math.max(1.0, axis.ticks.size() - 1) : (j + 0.5) / values.length;
                    double at = LEFT + (RIGHT - LEFT) * x;
                    points.append(String.format(Locale.ROOT, "%.1f,%.1f ", at, height.applyAsDouble(values[j])));
                    if (j < line.least.length) {
                        svg.append(String.format(Locale.ROOT, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" "
                                + "stroke=\"%s\" stroke-opacity=\"0.6\"/>%n", at, height.applyAsDouble(line.least[j]),
                                at, height.applyAsDouble(line.most[j]), color(i)));
                    }
                }
            }
            svg.append("<polyline points=\"" + points.toString().strip() + "\" fill=\"none\" stroke=\"" + color(i)
                    + "\" stroke-width=\"1.8\"/>\n");
        }
    }

    private static String label(double value) {
        return String.format(Locale.ROOT, Math.abs(value) >= 1000 ? "%.0f" : Math.abs(value) >= 100 ? "%.1f" : "%.2f",
                value);
    }

    private static void text(StringBuilder svg, double x, double y, String anchor, String text) {
        svg.append(String.format(Locale.ROOT, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>%n", x, y,
                anchor, text));
    }
}
