package glia.jmh;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// Panels of lines over one linear axis, side by side, as SVG that is readable on light and dark pages.
final class LineChart {
    /// A line whose points are equally far apart.
    record Line(String name, double[] values) { }

    /// @param unit of the vertical axis
    record Panel(String title, String unit, List<Line> lines) { }

    private static final int WIDTH = 460;
    private static final int HEIGHT = 360;
    private static final int LEFT = 46;
    private static final int RIGHT = 440;
    private static final int TOP = 56;
    private static final int BOTTOM = 290;
    private static final int TICKS = 5;
    private static final String[] COLORS = {"#808080", "#d95f02", "#1b9e77", "#7570b3", "#e7298a"};

    private LineChart() { }

    /// @param axis the unit of the horizontal axis, which all lines share
    /// @param last its last value
    static String svg(String axis, int last, List<Panel> panels) {
        StringBuilder svg = new StringBuilder(String.format(Locale.ROOT, "<svg xmlns=\"http://www.w3.org/2000/svg\" "
                + "viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#808080\">%n",
                WIDTH * panels.size(), HEIGHT));
        for (int i = 0; i < panels.size(); i++) {
            svg.append("<g transform=\"translate(" + i * WIDTH + ",0)\">\n");
            draw(svg, axis, last, panels.get(i));
            svg.append("</g>\n");
        }
        List<Line> lines = panels.getFirst().lines;
        for (int i = 0; i < lines.size(); i++) {
            int x = LEFT + i * (WIDTH * panels.size() - LEFT) / lines.size();
            svg.append(String.format(Locale.ROOT, "<rect x=\"%d\" y=\"%d\" width=\"16\" height=\"3\" fill=\"%s\"/>%n",
                    x, HEIGHT - 18, color(i)));
            text(svg, x + 22, HEIGHT - 13, "start", lines.get(i).name);
        }
        return svg.append("</svg>\n").toString();
    }

    private static String color(int line) {
        return COLORS[line % COLORS.length];
    }

    private static void draw(StringBuilder svg, String axis, int last, Panel panel) {
        double low = panel.lines.stream().flatMapToDouble(l -> Arrays.stream(l.values)).min().orElseThrow();
        double high = panel.lines.stream().flatMapToDouble(l -> Arrays.stream(l.values)).max().orElseThrow();
        text(svg, LEFT, 22, "start", panel.title);
        text(svg, LEFT, 40, "start", panel.unit);
        for (int i = 0; i <= TICKS; i++) {
            double y = BOTTOM - (BOTTOM - TOP) * (double) i / TICKS;
            svg.append(String.format(Locale.ROOT, "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" "
                    + "stroke=\"#8080804d\"/>%n", LEFT, y, RIGHT, y));
            text(svg, LEFT - 5, y + 4, "end", String.format(Locale.ROOT, "%.2f", low + (high - low) * i / TICKS));
            text(svg, LEFT + (RIGHT - LEFT) * i / (double) TICKS, BOTTOM + 18, "middle",
                    Integer.toString(last * i / TICKS));
        }
        text(svg, RIGHT, BOTTOM + 36, "end", axis);
        for (int i = 0; i < panel.lines.size(); i++) {
            double[] values = panel.lines.get(i).values;
            StringBuilder points = new StringBuilder();
            for (int j = 0; j < values.length; j++) {
                double y = BOTTOM - (BOTTOM - TOP) * (values[j] - low) / Math.max(high - low, 1e-30);
                points.append(String.format(Locale.ROOT, "%.1f,%.1f ",
                        LEFT + (RIGHT - LEFT) * (j + 0.5) / values.length, y));
            }
            svg.append("<polyline points=\"" + points.toString().strip() + "\" fill=\"none\" stroke=\"" + color(i)
                    + "\" stroke-width=\"1.8\"/>\n");
        }
    }

    private static void text(StringBuilder svg, double x, double y, String anchor, String text) {
        svg.append(String.format(Locale.ROOT, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>%n", x, y,
                anchor, text));
    }
}
