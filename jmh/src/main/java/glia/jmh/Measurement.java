package glia.jmh;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.StringJoiner;
import java.util.function.ToDoubleFunction;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.util.ListStatistics;
import org.openjdk.jmh.util.Statistics;

/// The result of one benchmark with one choice of parameters. Rates and limits are in bytes or F32 operations a second.
/// All except minimum and maximum are medians over the iterations, shares too: each iteration has its own limit, so a
/// share is not exactly the quotient of the medians.
///
/// @param what the benchmark's own parameters
/// @param countsBytes whether the unit is bytes
/// @param min the slowest iteration
/// @param max the fastest iteration
/// @param limit the machine's limit, measured between iterations
/// @param peak F32 operations a second, measured between iterations, whatever the limit
/// @param shareOfLimit the rate as a share of the limit
/// @param shareOfProduct the rate as a share of the F32 GEMM's, if that was measured
record Measurement(String benchmark, Map<String, String> what, String kernels, int threads, boolean countsBytes,
        double rate,
        double min, double max, double limit, double peak, double shareOfLimit, OptionalDouble shareOfProduct) {
    private static final double GIGA = 1e9;

    static Measurement of(RunResult result) {
        BenchmarkParams all = result.getParams();
        Map<String, String> what = new LinkedHashMap<>();
        if (all.getParamsKeys().contains("type")) {
            what.put("type", all.getParam("type"));
        }
        for (String name : all.getParamsKeys()) {
            switch (name) {
                case "kernels", "threads", "streamMegabytes", "limitMillis" -> { }
                default -> what.put(name, all.getParam(name));
            }
        }
        String[] names = all.getBenchmark().split("\\.");
        int threads = Integer.parseInt(all.getParam("threads"));
        List<IterationResult> iterations = result.getBenchmarkResults().stream()
                .flatMap(fork -> fork.getIterationResults().stream()).toList();
        boolean besideProduct = count(iterations.getFirst(), "productPerSecond") > 0;
        Statistics rates = over(iterations, Measurement::rate);
        return new Measurement(names[names.length - 2], what, all.getParam("kernels"),
                threads == 0 ? Runtime.getRuntime().availableProcessors() : threads,
                count(iterations.getFirst(), "countsBytes") == 1, median(rates), rates.getMin(), rates.getMax(),
                median(over(iterations, i -> count(i, "limitPerSecond"))),
                median(over(iterations, i -> count(i, "peakPerSecond"))),
                median(over(iterations, i -> rate(i) / count(i, "limitPerSecond"))),
                besideProduct ? OptionalDouble.of(median(over(iterations, i -> rate(i) / count(i, "productPerSecond"))))
                        : OptionalDouble.empty());
    }

    /// The rate in bytes or operations a second.
    private static double rate(IterationResult iteration) {
        return count(iteration, "workPerOperation") * iteration.getPrimaryResult().getScore();
    }

    private static double count(IterationResult iteration, String counter) {
        return iteration.getSecondaryResults().get(counter).getScore();
    }

    private static Statistics over(List<IterationResult> iterations, ToDoubleFunction<IterationResult> value) {
        ListStatistics statistics = new ListStatistics();
        iterations.forEach(iteration -> statistics.addValue(value.applyAsDouble(iteration)));
        return statistics;
    }

    private static double median(Statistics statistics) {
        return statistics.getPercentile(50);
    }

    boolean isLimit() {
        return benchmark.equals(Limits.class.getSimpleName());
    }

    /// Formats bytes or operations a second in units of 10⁹.
    String inUnit(double perSecond) {
        return countsBytes ? String.format(Locale.ROOT, "%.1f GB/s", perSecond / GIGA) : inOperations(perSecond);
    }

    private static String inOperations(double perSecond) {
        return String.format(Locale.ROOT, "%.0f GFLOP/s", perSecond / GIGA);
    }

    /// The limit, and if it is the memory's also the peak.
    String limits() {
        return inUnit(limit) + (countsBytes ? ", " + inOperations(peak) : "");
    }

    /// The parameters in a few words.
    String description() {
        StringJoiner words = new StringJoiner(", ");
        what.forEach((name, value) -> words.add(switch (name) {
            case "tokens", "heads" -> value + " " + name;
            case "chosen" -> value + " experts a token";
            case "context" -> value + " positions";
            case "size", "width" -> name + " " + value;
            case "expertWidth" -> "experts " + value + " wide";
            default -> value;
        }));
        return words.toString();
    }
}
