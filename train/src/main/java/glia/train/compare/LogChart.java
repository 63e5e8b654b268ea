package glia.train.compare;

import glia.train.report.Scale;
import glia.train.report.Svg;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// Curves over a logarithmic axis, such as losses over learning rates or tokens.
///
/// @param x the name of the horizontal axis
/// @param y the name of the vertical axis
/// @param series in the order of the legend
public record LogChart(String x, String y, List<Series> series) {
    private static final int WIDTH = 640;
    private static final int LEFT = 58;
    private static final int RIGHT = 622;
    private static final int TOP = 40;
    private static final int BOTTOM = 320;
    private static final int ROW = 20;
    private static final int PER_ROW = 3;

    /// Points with a color of their own.
    ///
    /// @param points `[x, y]`, which are marked; x above 0
    /// @param curve `[x, y]` of a line, such as that of a fit; empty for none
    public record Series(String label, List<double[]> points, List<double[]> curve) { }

    /// The last values of a figure over a setting of the recipes, such as `optimizer.learning_rate`. Runs that are
    /// the same but for this setting, seeds and folders are a series.
    ///
    /// @throws IllegalArgumentException if a run has no such figure, or the setting is no number above 0
    public static LogChart over(String key, String figure, List<RunCurves> runs) {
        TreeMap<String, List<double[]>> points = new TreeMap<>();
        for (RunCurves run : runs) {
            String value = run.recipe().getOrDefault(key, "");
            if (run.values(figure).isEmpty() || !value.matches("[0-9.]+([eE]-?[0-9]+)?")) {
                throw new IllegalArgumentException(run.name() + ": has " + key + " '" + value + "' and "
                        + run.values(figure).size() + " values of " + figure + ", expected a number above 0 and at "
                        + "least one value");
            }
            // A grid names its runs by their values.
            String label = run.name().replaceFirst("-[0-9.]+([eE]-?[0-9]+)?$", "");
            points.computeIfAbsent(label, _ -> new ArrayList<>()).add(new double[] {Double.parseDouble(value),
                run.values(figure).lastEntry().getValue()});
        }
        List<Series> series = new ArrayList<>();
        points.forEach((label, all) -> {
            all.sort((a, b) -> Double.compare(a[0], b[0]));
            series.add(new Series(label, all, all));
        });
        series.sort((a, b) -> naturally(a.label()).compareTo(naturally(b.label())));
        return new LogChart(key, figure, series);
    }

    /// A label whose numbers sort by their size.
    private static String naturally(String label) {
        return Pattern.compile("\\d+").matcher(label).replaceAll(m -> "0".repeat(Math.max(0, 9
                - m.group().length())) + m.group());
    }

    /// The chart as SVG.
    public String svg() {
        List<double[]> all = series.stream().flatMap(s -> s.points().stream()).toList();
        Scale across = Scale.of(all.stream().map(p -> Math.log10(p[0])).toList(), LEFT, RIGHT);
        Scale up = Scale.of(all.stream().map(p -> p[1]).toList(), BOTTOM, TOP);
        Svg svg = new Svg(WIDTH, BOTTOM + 60 + ROW * Math.ceilDiv(series.size(), PER_ROW));
        svg.text(LEFT, TOP - 18, "start", y.replace('_', ' '));
        svg.axes(across, up, LEFT, RIGHT, BOTTOM, tick -> String.format(Locale.ROOT, "%.2g", Math.pow(10, tick)),
                tick -> String.format(Locale.ROOT, "%.3g", tick));
        svg.text(RIGHT, BOTTOM + 36, "end", x.replace('_', ' '));
        for (int i = 0; i < series.size(); i++) {
            Series one = series.get(i);
            String color = Svg.color(i);
            svg.curve(one.curve().stream().map(p -> new double[] {across.at(Math.log10(p[0])), up.at(p[1])}).toList(),
                    color);
            one.points().forEach(p -> svg.circle(across.at(Math.log10(p[0])), up.at(p[1]), 3.5, color, one.label()
                    + String.format(Locale.ROOT, ": %.4g at %.3g", p[1], p[0])));
            double at = LEFT + i % PER_ROW * (double) (RIGHT - LEFT) / PER_ROW;
            svg.entry(at, BOTTOM + 60 + i / PER_ROW * ROW, color, one.label());
        }
        return svg.toString();
    }
}
