package glia.jmh;

import glia.kernels.KernelBackends;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttendedPositions;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Span;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Compute;
import glia.tensor.ops.attention.LightningIndexer;
import glia.tensor.ops.attention.SparseAttention;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/// Measures decode with latent attention after long contexts, dense and sparse (over the keys that an indexer chooses),
/// at the sizes of DeepSeek V3.2, and draws a chart.
///
///     SparseChart FILE.svg [KERNELS]
public final class SparseChart {
    private static final int[] CONTEXTS = {4096, 16_384, 65_536};
    private static final int TOKENS = 8;
    private static final int PAGE_TOKENS = 64;
    private static final int HEADS = 128;
    private static final int LATENT = 512;
    private static final int ROW = 576;
    private static final int CHOSEN = 2048;
    private static final int INDEX_HEADS = 64;
    private static final int INDEX_SIZE = 128;
    private static final int REPEATS = 9;

    private final Arena arena = Arena.ofShared();
    private final SplittableRandom random = new SplittableRandom(1);
    private final Compute ops;
    private final AttentionShape shape = new AttentionShape(HEADS, 1, ROW, LATENT, (float) (1 / Math.sqrt(192)),
            new Span.Causal());

    private SparseChart(Compute ops) {
        this.ops = ops;
    }

    /// @param args see the class
    public static void main(String[] args) throws IOException {
        if (args.length < 1 || args.length > 2) {
            System.err.println("usage: FILE.svg [KERNELS]");
            System.exit(1);
        }
        String kernels = args.length == 2 ? args[1] : "emitted";
        try (Workers workers = new Workers(Runtime.getRuntime().availableProcessors());
                Compute ops = new Compute(KernelBackends.choose(kernels, workers).kernels(), Precision.EXACT)) {
            SparseChart chart = new SparseChart(ops);
            List<LogChart.Line> lines = List.of(new LogChart.Line("dense", new double[CONTEXTS.length]),
                    new LogChart.Line("sparse, the 2048 chosen keys", new double[CONTEXTS.length]),
                    new LogChart.Line("the indexer's choice", new double[CONTEXTS.length]));
            chart.measure(CONTEXTS[0]);
            for (int i = 0; i < CONTEXTS.length; i++) {
                double[] millis = chart.measure(CONTEXTS[i]);
                for (int line = 0; line < millis.length; line++) {
                    lines.get(line).values()[i] = millis[line];
                }
                System.out.printf(Locale.ROOT, "| %d | %.2f ms | %.2f ms | %.2f ms |%n", CONTEXTS[i], millis[0],
                        millis[1], millis[2]);
            }
            Files.writeString(Path.of(args[0]), LogChart.svg("Latent attention of a token, 128 heads, by context",
                    "milliseconds", CONTEXTS, lines));
        }
    }

    /// Milliseconds a token: dense attention, sparse attention, and the indexer.
    private double[] measure(int context) {
        KeyValues rows = pages(context, ROW);
        KeyValues keys = pages(context, INDEX_SIZE);
        Runs runs = new Runs().add(TOKENS, context - TOKENS);
        Tensor q = numbers(TOKENS, HEADS * ROW);
        Tensor row = numbers(TOKENS, ROW);
        AttendedPositions chosen = new AttendedPositions();
        Tensor indexQueries = numbers(TOKENS, INDEX_HEADS * INDEX_SIZE);
        Tensor weights = numbers(TOKENS, INDEX_HEADS);
        Tensor key = numbers(TOKENS, INDEX_SIZE);
        KeyValueState latents = (k, v, r) -> new KeyValues[] {rows};
        KeyValueState indexed = (k, v, r) -> new KeyValues[] {keys};
        double choice = millis(() -> ops.apply(
                new LightningIndexer(indexQueries, key, weights, indexed, runs, CHOSEN, chosen)));
        double sparse = millis(() -> ops.apply(new SparseAttention(q, row, row, latents, runs, chosen, shape)));
        double dense = millis(() -> ops.attention(q, row, row, latents, runs, shape));
        return new double[] {dense, sparse, choice};
    }

    /// The median of several runs, after a warm-up run.
    private double millis(Runnable work) {
        double[] all = new double[REPEATS];
        for (int i = -1; i < REPEATS; i++) {
            long start = System.nanoTime();
            work.run();
            all[Math.max(0, i)] = (System.nanoTime() - start) / 1e6 / TOKENS;
            ops.release(0);
        }
        Arrays.sort(all);
        return all[REPEATS / 2];
    }

    private KeyValues pages(int context, int cols) {
        KeyValues pages = new KeyValues(PAGE_TOKENS, cols, cols);
        pages.setLength(context);
        List<Long> made = new ArrayList<>();
        for (int i = 0; i < Math.ceilDiv(context, PAGE_TOKENS); i++) {
            made.add(numbers(PAGE_TOKENS, cols).address());
        }
        made.forEach(page -> pages.addPage(page, page));
        return pages;
    }

    private Tensor numbers(int rows, int cols) {
        Tensor t = Tensor.allocate(arena, DType.F32, rows, cols);
        for (long i = 0; i < t.size(); i++) {
            t.set(i, (float) random.nextDouble(-1, 1));
        }
        return t;
    }

    /// A line chart with two logarithmic axes, as SVG that is readable on light and dark pages.
    static final class LogChart {
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
            StringBuilder svg = new StringBuilder(
                    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + WIDTH + " "
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
            svg.append(String.format(Locale.ROOT,
                    "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\" fill=\"%s\">%s</text>\n",
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
            svg.append(String.format(Locale.ROOT,
                    "<line x1=\"%.0f\" y1=\"%.1f\" x2=\"%.0f\" y2=\"%.1f\" stroke=\"%s\"/>\n",
                    x1, y1, x2, y2, color));
        }

        private static void text(StringBuilder svg, double x, double y, String anchor, String text) {
            svg.append(String.format(Locale.ROOT, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n",
                    x, y, anchor, text));
        }
    }
}
