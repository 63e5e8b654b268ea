package glia.plan.data;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// Published scores of models. Scores of different reporters or settings must not be compared without saying so.
public final class Quality {
    private final Map<String, List<Row>> byModel;

    private Quality(List<Row> rows) {
        byModel = rows.stream().collect(Collectors.groupingBy(row -> key(row.text("model"))));
    }

    /// The scores that come with Glia.
    public static Quality known() {
        return new Quality(Tables.resource(Quality.class, "model-quality.csv", "model", "benchmark", "score"));
    }

    /// A published score.
    ///
    /// @param points as published
    /// @param mode `instruct`, `reasoning` or `base`
    /// @param reporter who measured it
    /// @param source where it stands
    public record Score(double points, String mode, String setting, String reporter, String source) { }

    /// The benchmarks that have scores.
    public List<String> benchmarks() {
        return byModel.values().stream().flatMap(List::stream).map(row -> row.text("benchmark")).distinct().sorted()
                .toList();
    }

    /// The lowest published score of a model in a benchmark, so that a favourable reporter decides nothing.
    public Optional<Score> of(String model, String benchmark) {
        return byModel.getOrDefault(key(model), List.of()).stream()
                .filter(row -> row.text("benchmark").equalsIgnoreCase(benchmark) && !row.text("mode").equals("base"))
                .map(row -> new Score(row.required("score"), row.text("mode"), row.text("setting"),
                        row.text("reported_by"), row.text("source")))
                .min(Comparator.comparingDouble(Score::points));
    }

    /// A name without spaces, marks and words that do not tell models apart.
    private static String key(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("\\(.*?\\)", "").replaceAll("instruct|chat|\\bit\\b|text", "")
                .replaceAll("[^a-z0-9.]", "");
    }
}
