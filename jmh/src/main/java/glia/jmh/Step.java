package glia.jmh;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// A benchmark with the values of its parameters; parameters not named have those of their annotations.
///
/// @param parameters for each name the values, of which all combinations run
record Step(Class<? extends KernelBenchmark> benchmark, Map<String, List<String>> parameters) {
    private static final List<String> ONE_AND_ALL = Runtime.getRuntime().availableProcessors() == 1 ? List.of("1")
            : List.of("1", "0");

    /// The whole suite.
    static final List<Step> ALL = List.of(
            new Step(Limits.class, Map.of("threads", ONE_AND_ALL)),
            new Step(MatMul.class, Map.of("threads", ONE_AND_ALL)),
            new Step(MatVec.class, Map.of()),
            new Step(Prefill.class, Map.of("shape", List.of(Shape.LAYER_NAME))),
            new Step(Prefill.class, Map.of("type", List.of("Q8_0", "Q4_K"),
                    "shape", List.of("2048x2048", "2048x5632", "5632x2048", "2048x256"))),
            new Step(BatchedDecode.class, Map.of()),
            new Step(ExpertLayer.class, Map.of()),
            new Step(Attention.class, Map.of()),
            new Step(LatentDecode.class, Map.of()),
            new Step(Rows.class, Map.of()));

    String name() {
        return benchmark.getSimpleName();
    }

    /// The steps whose benchmarks are named, whatever the case of the letters; all where none is named.
    ///
    /// @throws IllegalArgumentException if there is no benchmark of a name
    static List<Step> named(List<String> names) {
        Set<String> wanted = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
        wanted.addAll(names);
        Set<String> left = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
        left.addAll(names);
        List<Step> steps = new ArrayList<>();
        for (Step step : ALL) {
            left.remove(step.name());
            if (wanted.isEmpty() || wanted.contains(step.name())) {
                steps.add(step);
            }
        }
        if (!left.isEmpty()) {
            throw new IllegalArgumentException(String.format(Locale.ROOT, "no benchmark named %s; there are %s",
                    String.join(", ", left), String.join(", ", ALL.stream().map(Step::name).distinct().toList())));
        }
        return steps;
    }

    /// The same with one more parameter, or other values of one.
    Step with(String parameter, List<String> values) {
        Map<String, List<String>> all = new LinkedHashMap<>(parameters);
        all.put(parameter, values);
        return new Step(benchmark, all);
    }
}
