package glia.cli.command;

import glia.serve.load.LoadResult;
import glia.serve.load.LoadResult.Latency;
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
    private static final int LINES = 5;
    private static final String[] NAMES = {"p50", "p95", "p99"};

    private final Svg svg = new Svg(WIDTH, HEIGHT);

    private LoadChart() { }

    static String svg(String title, LoadResult result) {
        LoadChart chart = new LoadChart();
        chart.svg.text(50, 20, "start", title);
        chart.throughput(result);
        chart.latencies(500, "time to first token", result.firstToken());
        chart.latencies(720, "inter-token latency", result.betweenTokens());
        return chart.svg.toString();
    }

    private void throughput(LoadResult result) {
        long[] counts = result.perSecond();
        double most = Math.max(1, Arrays.stream(counts).max().orElse(1));
        svg.text(50, 46, "start", String.format(Locale.ROOT, "tokens a second (mean %.1f)", result.tokensPerSecond()));
        for (int i = 0; i <= LINES; i++) {
            double y = BOTTOM - (BOTTOM - TOP) * (double) i / LINES;
            svg.line(50, y, 430, y, Svg.PALE, 1);
            svg.text(44, y + 4, "end", String.format(Locale.ROOT, "%.0f", most * i / LINES));
        }
        List<double[]> points = new ArrayList<>();
        for (int i = 0; i < counts.length; i++) {
            points.add(new double[] {50 + 380 * (i + 0.5) / counts.length, BOTTOM - (BOTTOM - TOP) * counts[i] / most});
        }
        if (points.size() > 1) {
            svg.curve(points, Svg.color(0));
        } else if (points.size() == 1) {
            svg.circle(points.getFirst()[0], points.getFirst()[1], 4, Svg.color(0), "");
        }
        svg.text(50, BOTTOM + 20, "middle", "0");
        svg.text(430, BOTTOM + 20, "end", counts.length + " s");
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
            svg.line(left + 36, y, left + 160, y, Svg.PALE, 1);
            svg.text(left + 32, y + 4, "end", label(Math.pow(10, power)));
        }
        double[] values = {times.p50(), times.p95(), times.p99()};
        for (int i = 0; i < values.length; i++) {
            double x = left + 56 + 42 * i;
            double y = BOTTOM - (BOTTOM - TOP) * (Math.log10(Math.max(values[i], 1e-6)) - low) / (high - low);
            svg.line(x, BOTTOM, x, y, Svg.color(i), 14);
            svg.text(x, y - 6, "middle", label(values[i]));
            svg.text(x, BOTTOM + 20, "middle", NAMES[i]);
        }
    }

    private static String label(double seconds) {
        return seconds < 0.9995 ? String.format(Locale.ROOT, "%.3g ms", seconds * 1000)
                : String.format(Locale.ROOT, "%.3g s", seconds);
    }
}
