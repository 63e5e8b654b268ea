package glia.jmh;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// A benchmark with values of its parameters; other parameters have the values of their annotations.
///
/// @param parameters values by parameter name, of which all combinations run
record BenchmarkRun(Class<? extends KernelBenchmark> benchmark, Map<String, List<String>> parameters) {
    private static final List<String> ONE_AND_ALL = Runtime.getRuntime().availableProcessors() == 1 ? List.of("1")
            : List.of("1", "0");

    /// The whole suite.
    static final List<BenchmarkRun> ALL = List.of(
            new BenchmarkRun(Limits.class, Map.of("threads", ONE_AND_ALL)),
            new BenchmarkRun(MatMul.class, Map.of("threads", ONE_AND_ALL)),
            new BenchmarkRun(MatVec.class, Map.of()),
            new BenchmarkRun(Prefill.class, Map.of("shape", List.of(Rows.Shape.LAYER_NAME))),
            new BenchmarkRun(Prefill.class, Map.of("type", List.of("Q8_0", "Q4_K"),
                    "shape", List.of("2048x2048", "2048x5632", "5632x2048", "2048x256"))),
            new BenchmarkRun(BatchedDecode.class, Map.of()),
            new BenchmarkRun(ExpertLayer.class, Map.of()),
            new BenchmarkRun(Attention.class, Map.of()),
            new BenchmarkRun(LatentDecode.class, Map.of()),
            new BenchmarkRun(Rows.class, Map.of()));

    String name() {
        return benchmark.getSimpleName();
    }

    /// The runs whose benchmarks are named, ignoring case; all if none is named.
    ///
    /// @throws IllegalArgumentException if there is no benchmark of a name
    static List<BenchmarkRun> named(List<String> names) {
        Set<String> wanted = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
        wanted.addAll(names);
        Set<String> left = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
        left.addAll(names);
        List<BenchmarkRun> steps = new ArrayList<>();
        for (BenchmarkRun step : ALL) {
            left.remove(step.name());
            if (wanted.isEmpty() || wanted.contains(step.name())) {
                steps.add(step);
            }
        }
        if (!left.isEmpty()) {
            throw new IllegalArgumentException(String.format(Locale.ROOT, "no benchmark named %s; there are %s",
                    String.join(", ", left), String.join(", ", ALL.stream().map(
                    BenchmarkRun::name).distinct().toList())));
        }
        return steps;
    }

    /// A copy with one parameter added or replaced.
    BenchmarkRun with(String parameter, List<String> values) {
        Map<String, List<String>> all = new LinkedHashMap<>(parameters);
        all.put(parameter, values);
        return new BenchmarkRun(benchmark, all);
    }
}
