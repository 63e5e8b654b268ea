package glia.jmh;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.util.Statistics;

/// What was measured of one benchmark with one choice of parameters. Rates and limits are in bytes or in F32
/// operations a second; the rate and the limit are medians over the iterations.
///
/// @param what the benchmark's own parameters
/// @param countsBytes whether the unit is bytes
/// @param least the slowest iteration
/// @param most the fastest iteration
/// @param limit what the machine reached beside it
record Figure(String benchmark, Map<String, String> what, String kernels, int threads, boolean countsBytes, double rate,
        double least, double most, double limit) {
    private static final double GIGA = 1e9;

    static Figure of(RunResult result) {
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
        double work = median(result, "workPerOperation");
        Statistics operations = result.getPrimaryResult().getStatistics();
        return new Figure(names[names.length - 2], what, all.getParam("kernels"),
                threads == 0 ? Runtime.getRuntime().availableProcessors() : threads,
                median(result, "countsBytes") == 1, work * operations.getPercentile(50), work * operations.getMin(),
                work * operations.getMax(), median(result, "limitPerSecond"));
    }

    private static double median(RunResult result, String counter) {
        return result.getSecondaryResults().get(counter).getStatistics().getPercentile(50);
    }

    boolean isLimit() {
        return benchmark.equals(Limits.class.getSimpleName());
    }

    double shareOfLimit() {
        return rate / limit;
    }

    /// A number of bytes or operations a second, in 10⁹.
    String inUnit(double perSecond) {
        return String.format(Locale.ROOT, countsBytes ? "%.1f GB/s" : "%.0f GFLOP/s", perSecond / GIGA);
    }

    /// The parameters in a few words.
    String description() {
        StringJoiner words = new StringJoiner(", ");
        what.forEach((name, value) -> words.add(switch (name) {
            case "tokens", "context" -> value + " " + (name.equals("tokens") ? name : "positions");
            case "size", "width" -> name + " " + value;
            default -> value;
        }));
        return words.toString();
    }
}
