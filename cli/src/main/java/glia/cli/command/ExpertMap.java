package glia.cli.command;

import glia.engine.inspect.ExpertLoad;
import glia.lab.RoutingStatistics;
import java.util.List;
import java.util.Locale;

/// A heat map of expert routing as SVG: rows are layers, columns experts; entropy and imbalance stand beside each row.
/// Colors go from white (never chosen) to dark (four times the mean or more).
final class ExpertMap {
    private static final int LEFT = 60;
    private static final int TOP = 72;
    private static final int RIGHT = 200;
    private static final int BOTTOM = 24;
    private static final int MOST_WIDTH = 1100;
    private static final int ROW = 18;
    private static final double FULL = 4;
    /// From pale to dark in steps of equal brightness.
    private static final int[][] COLORS = {{247, 251, 246}, {199, 229, 211}, {114, 193, 186}, {40, 128, 158},
        {19, 58, 112}};

    private final StringBuilder svg = new StringBuilder();
    private final List<ExpertLoad> layers;
    private final int most;
    private final double cell;

    private ExpertMap(List<ExpertLoad> layers) {
        this.layers = layers;
        most = layers.stream().mapToInt(layer -> layer.counts().length).max().orElseThrow();
        cell = Math.clamp((double) MOST_WIDTH / most, 2.5, ROW);
    }

    /// The SVG, which refers to no other file.
    static String svg(RoutingStatistics statistics, String model, int numTokens) {
        ExpertMap map = new ExpertMap(statistics.layers());
        map.draw(model, numTokens);
        return map.svg.toString();
    }

    private void draw(String model, int numTokens) {
        int width = (int) Math.max(LEFT + most * cell + RIGHT, 640);
        int height = TOP + layers.size() * ROW + BOTTOM;
        add("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
                + "font-family=\"system-ui, sans-serif\" font-size=\"11\" fill=\"#222\">%n", width, height, width,
                height);
        add("<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>%n");
        text(LEFT, 22, "start", "font-size=\"15\" font-weight=\"600\"", "Experts chosen, " + model);
        text(LEFT, 40, "start", "fill=\"#666\"", numTokens + " tokens, "
                + layers.getFirst().numChoices() / Math.max(1, numTokens) + " experts a token in each layer");
        legend();
        for (int i = 0; i < layers.size(); i++) {
            row(layers.get(i), TOP + i * ROW);
        }
        add("</svg>%n");
    }

    private void legend() {
        int x = LEFT + 300;
        for (int i = 0; i <= 40; i++) {
            add("<rect x=\"%d\" y=\"31\" width=\"3.2\" height=\"10\" fill=\"%s\"/>%n", x + 3 * i,
                    color(FULL * i / 40));
        }
        text(x - 6, 40, "end", "fill=\"#666\"", "never");
        text(x + 30, 27, "middle", "fill=\"#666\"", "mean");
        text(x + 130, 40, "start", "fill=\"#666\"", "4 × the mean");
        int step = most <= 16 ? 1 : most <= 64 ? 8 : most <= 256 ? 16 : 32;
        for (int e = 0; e < most; e += step) {
            text(LEFT + (e + 0.5) * cell, TOP - 6, "middle", "fill=\"#666\"", String.valueOf(e));
        }
        double end = LEFT + most * cell;
        text(end + 76, TOP - 6, "end", "fill=\"#666\"", "entropy");
        text(end + 150, TOP - 6, "end", "fill=\"#666\"", "imbalance");
    }

    private void row(ExpertLoad layer, int y) {
        text(LEFT - 8, y + 13, "end", "fill=\"#666\"", "layer " + layer.layer());
        int numExperts = layer.counts().length;
        for (int e = 0; e < numExperts; e++) {
            double times = layer.share(e) * numExperts;
            add("<rect x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%d\" fill=\"%s\" stroke=\"#e3e3e3\" "
                    + "stroke-width=\"0.5\"><title>layer %d, expert %d: %d times, %.1f %%, %.2f × the mean</title>"
                    + "</rect>%n", LEFT + e * cell, y, cell, ROW - 1, color(times), layer.layer(), e,
                    layer.counts()[e], 100 * layer.share(e), times);
        }
        double end = LEFT + most * cell;
        double even = Math.log(numExperts) / Math.log(2);
        text(end + 76, y + 13, "end", "", String.format(Locale.ROOT, "%.2f / %.2f", layer.entropy(), even));
        text(end + 150, y + 13, "end", "", String.format(Locale.ROOT, "%.2f", layer.imbalance()));
    }

    private static String color(double timesTheMean) {
        double at = Math.min(timesTheMean / FULL, 1) * (COLORS.length - 1);
        int i = (int) Math.min(at, COLORS.length - 2);
        int[] c = new int[3];
        for (int k = 0; k < c.length; k++) {
            c[k] = (int) Math.round(COLORS[i][k] + (at - i) * (COLORS[i + 1][k] - COLORS[i][k]));
        }
        return String.format(Locale.ROOT, "#%02x%02x%02x", c[0], c[1], c[2]);
    }

    private void text(double x, double y, String anchor, String more, String words) {
        add("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" %s>%s</text>%n", x, y, anchor, more,
                words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"));
    }

    private void add(String format, Object... values) {
        svg.append(String.format(Locale.ROOT, format, values));
    }
}
