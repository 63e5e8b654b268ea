package glia.cli.command;

import glia.serve.load.LoadResult;
import glia.serve.load.LoadResult.Latency;
import glia.train.report.Scale;
import glia.train.report.Svg;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// A chart of a load generator's result as SVG that is readable on light and dark pages: tokens of each second, and
/// percentiles of latencies on logarithmic axes.
final class LoadChart {
    private static final int WIDTH = 900;
    private static final int HEIGHT = 330;
    private static final int TOP = 64;
    private static final int BOTTOM = 270;
    private static final String[] NAMES = {"p50", "p95", "p99"};

    private final Svg svg = new Svg(WIDTH, HEIGHT);

    private LoadChart() { }

    static String svg(String title, LoadResult result) {
        LoadChart chart = new LoadChart();
        chart.svg.text(50, 20, "start", title);
        chart.throughput(result);
        chart.latencies(466, "time to first token", result.firstToken());
        chart.latencies(684, "inter-token latency", result.betweenTokens());
        return chart.svg.toString();
    }

    private void throughput(LoadResult result) {
        long[] counts = result.perSecond();
        Scale y = Scale.ofCounts(List.of(0.0, Math.max(1.0, Arrays.stream(counts).max().orElse(1))), BOTTOM, TOP);
        Scale x = Scale.ofCounts(List.of(0.0, Math.max(1.0, counts.length)), 50, 430);
        svg.text(50, 46, "start", String.format(Locale.ROOT, "tokens a second (mean %.1f)", result.tokensPerSecond()));
        for (double tick : y.ticks()) {
            svg.line(50, y.at(tick), 430, y.at(tick), Svg.PALE, 1);
            svg.text(44, y.at(tick) + 4, "end", String.format(Locale.ROOT, "%.0f", tick));
        }
        for (double tick : x.ticks()) {
            svg.line(x.at(tick), BOTTOM, x.at(tick), BOTTOM + 4, Svg.GRAY, 1);
            svg.text(x.at(tick), BOTTOM + 18, "middle", String.format(Locale.ROOT, "%.0f", tick));
        }
        svg.text(430, BOTTOM + 34, "end", "seconds");
        List<double[]> points = new ArrayList<>();
        for (int i = 0; i < counts.length; i++) {
            points.add(new double[] {x.at(i + 0.5), y.at(counts[i])});
        }
        if (points.size() > 1) {
            svg.curve(points, Svg.color(0));
        } else if (points.size() == 1) {
            svg.circle(points.getFirst()[0], points.getFirst()[1], 4, Svg.color(0), "");
        }
    }

    /// The axis spans whole powers of ten.
    private void latencies(int left, String title, Latency times) {
        svg.text(left, 46, "start", title);
        if (times.count() == 0) {
            return;
        }
        double low = Math.floor(Math.log10(Math.max(times.p50(), 1e-6)));
        double high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(times.p99(), 1e-6))));
        for (double power = low; power <= high; power++) {
            double y = BOTTOM - (BOTTOM - TOP) * (power - low) / (high - low);
            svg.line(left + 36, y, left + 206, y, Svg.PALE, 1);
            svg.text(left + 32, y + 4, "end", tick(power));
        }
        double[] values = {times.p50(), times.p95(), times.p99()};
        for (int i = 0; i < values.length; i++) {
            double x = left + 66 + 56 * i;
            double y = BOTTOM - (BOTTOM - TOP) * (Math.log10(Math.max(values[i], 1e-6)) - low) / (high - low);
            svg.line(x, BOTTOM, x, y, Svg.color(i), 14);
            svg.text(x, y - 6, "middle", label(values[i]));
            svg.text(x, BOTTOM + 20, "middle", NAMES[i]);
        }
    }

    /// A power of ten of seconds: `10 ms`.
    private static String tick(double power) {
        int decimals = (int) Math.max(0, -3 - power);
        return power < 0 ? String.format(Locale.ROOT, "%." + decimals + "f ms", Math.pow(10, power + 3))
                : String.format(Locale.ROOT, "%.0f s", Math.pow(10, power));
    }

    private static String label(double seconds) {
        return seconds < 0.9995 ? String.format(Locale.ROOT, "%.3g ms", seconds * 1000)
                : String.format(Locale.ROOT, "%.3g s", seconds);
    }
}
