package glia.train.compare;

import glia.train.compare.RunGroup.Axis;
import glia.train.compare.RunGroup.Point;
import glia.train.report.Scale;
import glia.train.report.Svg;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Curves of several runs over one another: a panel for each figure, a color for each group, intervals as areas.
///
/// @param groups in the order of the legend
/// @param figures names, such as `accuracy/held_out`
/// @param until largest value on the horizontal axis
public record RunChart(List<RunGroup> groups, List<String> figures, Axis axis, double until) {
    private static final int WIDTH = 480;
    private static final int HEIGHT = 330;
    private static final int LEFT = 58;
    private static final int RIGHT = 462;
    private static final int TOP = 40;
    private static final int BOTTOM = 276;
    private static final int PER_ROW = 2;
    private static final int LEGEND_ROW = 20;
    private static final int LETTER = 7;
    private static final int MARK = 34;
    private static final int MAX_DISCS = 40;

    /// Whether a figure is a share, which is shown in percent.
    public static boolean isShare(String figure) {
        return figure.startsWith("accuracy/") || figure.startsWith("words/") || figure.startsWith("clip/")
                || figure.startsWith("groups/");
    }

    /// The chart as SVG.
    public String svg() {
        int perRow = Math.min(PER_ROW, figures.size());
        int rows = Math.ceilDiv(figures.size(), perRow);
        int width = WIDTH * perRow;
        int legend = rows * HEIGHT + 14;
        List<int[]> places = legend(width);
        Svg svg = new Svg(width, legend + (places.getLast()[1] + 1) * LEGEND_ROW);
        for (int i = 0; i < figures.size(); i++) {
            panel(svg, i % perRow * WIDTH, i / perRow * HEIGHT, figures.get(i));
        }
        for (int g = 0; g < groups.size(); g++) {
            svg.entry(places.get(g)[0], legend + places.get(g)[1] * LEGEND_ROW, Svg.color(g), groups.get(g).title());
        }
        return svg.toString();
    }

    /// Place and row of each entry.
    private List<int[]> legend(int width) {
        List<int[]> places = new ArrayList<>();
        int x = LEFT;
        int row = 0;
        for (RunGroup group : groups) {
            int length = MARK + LETTER * group.title().length();
            if (x > LEFT && x + length > width) {
                x = LEFT;
                row++;
            }
            places.add(new int[] {x, row});
            x += length + MARK / 2;
        }
        return places;
    }

    /// A panel at an offset.
    private void panel(Svg svg, int dx, int dy, String figure) {
        List<List<Point>> curves = groups.stream().map(g -> g.curve(figure, axis, until)).toList();
        Scale x = Scale.of(curves.stream().flatMap(List::stream).flatMap(p -> List.of(0.0, p.x()).stream()).toList(),
                dx + LEFT, dx + RIGHT);
        List<Double> values = new ArrayList<>(isShare(figure) ? List.of(0.0) : List.of());
        curves.forEach(curve -> curve.forEach(p -> {
            values.add(p.y().value());
            if (p.y().hasInterval()) {
                values.add(p.y().low());
                values.add(p.y().high());
            }
        }));
        Scale y = Scale.of(values, dy + BOTTOM, dy + TOP);
        svg.text(dx + LEFT, dy + 22, "start", figure.replace('_', ' '));
        svg.axes(x, y, dx + LEFT, dx + RIGHT, dy + BOTTOM, RunChart::label, tick -> isShare(figure)
                ? label(100 * tick) + " %" : label(tick));
        boolean generated = groups.stream().allMatch(RunGroup::generates);
        svg.text(dx + RIGHT, dy + BOTTOM + 36, "end",
                axis == Axis.STEP ? "step" : generated ? "generated tokens" : "tokens");
        for (int g = 0; g < curves.size(); g++) {
            draw(svg, curves.get(g), x, y, g, figure);
        }
    }

    private void draw(Svg svg, List<Point> points, Scale x, Scale y, int group, String figure) {
        String color = Svg.color(group);
        List<double[]> area = new ArrayList<>();
        points.stream().filter(p -> p.y().hasInterval())
                .forEach(p -> area.add(new double[] {x.at(p.x()), y.at(p.y().high())}));
        points.reversed().stream().filter(p -> p.y().hasInterval())
                .forEach(p -> area.add(new double[] {x.at(p.x()), y.at(p.y().low())}));
        if (area.size() > 2) {
            svg.area(area, color);
        }
        svg.curve(points.stream().map(p -> new double[] {x.at(p.x()), y.at(p.y().value())}).toList(), color);
        if (points.size() <= MAX_DISCS) {
            points.forEach(p -> svg.circle(x.at(p.x()), y.at(p.y().value()), 2.6, color, groups.get(group).label()
                    + ", step " + p.step() + ": " + shown(figure, p.y())));
        }
    }

    /// A value with its interval, such as `42.0 % (38.1 to 46.0)`.
    public static String shown(String figure, Estimate estimate) {
        double factor = isShare(figure) ? 100 : 1;
        String value = number(figure, factor * estimate.value()) + (isShare(figure) ? " %" : "");
        return !estimate.hasInterval() ? value : value + " (" + number(figure, factor * estimate.low()) + " to "
                + number(figure, factor * estimate.high()) + ")";
    }

    private static String number(String figure, double value) {
        return String.format(Locale.ROOT, isShare(figure) || Math.abs(value) >= 100 ? "%.1f" : "%.4g", value);
    }

    /// A short number: `1.5 M`.
    static String label(double value) {
        double size = Math.abs(value);
        String unit = size >= 1e9 ? " G" : size >= 1e6 ? " M" : size >= 1e4 ? " K" : "";
        double scaled = size >= 1e9 ? value / 1e9 : size >= 1e6 ? value / 1e6 : size >= 1e4 ? value / 1e3 : value;
        String text = String.format(Locale.ROOT, "%.6g", scaled);
        return (text.contains(".") && !text.contains("e") ? text.replaceFirst("\\.?0+$", "") : text) + unit;
    }
}
