package glia.plan.data;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Published scores of models. Scores of different reporters or settings must not be compared without saying so.
public final class Quality {
    private static final String REASONING = "reasoning";
    private static final Pattern SIZE = Pattern.compile("\\((\\d+(?:\\.\\d+)?b)\\)");

    private final Map<String, List<Row>> byModel;
    private final List<Row> thinking;

    private Quality(List<Row> rows, List<Row> thinking) {
        byModel = rows.stream().collect(Collectors.groupingBy(row -> key(row.text("model"))));
        this.thinking = List.copyOf(thinking);
    }

    /// The scores that come with Glia.
    public static Quality known() {
        return new Quality(Tables.resource(Quality.class, "model-quality.csv", "model", "benchmark", "score"),
                Tables.resource(Quality.class, "thinking.csv", "benchmark", "model", "tokens", "source"));
    }

    /// A published score.
    ///
    /// @param points as published
    /// @param mode `instruct`, `reasoning` or `base`
    /// @param reporter who measured it
    /// @param source where it stands
    public record Score(double points, String mode, String setting, String reporter, String source) {
        /// Whether the model thought before it answered.
        public boolean thinks() {
            return mode.equals(REASONING);
        }
    }

    /// Tokens that models think before they answer the questions of a benchmark.
    ///
    /// @param tokens on average
    /// @param source where it stands; for a benchmark without figures, that of the fewest tokens of any other
    public record Thinking(double tokens, String source) { }

    /// How many tokens a model thinks: the fewest that were published of any model.
    public Thinking thinking(String benchmark) {
        List<Row> same = thinking.stream().filter(row -> row.text("benchmark").equalsIgnoreCase(benchmark)).toList();
        return (same.isEmpty() ? thinking : same).stream()
                .min(Comparator.comparingDouble(row -> row.required("tokens")))
                .map(row -> new Thinking(row.required("tokens"), row.text("model") + " in " + row.text("benchmark")
                        + ", " + row.text("source"))).orElseThrow();
    }

    /// The benchmarks that have scores.
    public List<String> benchmarks() {
        return byModel.values().stream().flatMap(List::stream).map(row -> row.text("benchmark")).distinct().sorted()
                .toList();
    }

    /// The lowest published score of a model in a benchmark, so that a favourable reporter decides nothing.
    ///
    /// @param thinks whether the model thinks before it answers
    public Optional<Score> of(String model, String benchmark, boolean thinks) {
        return scores(model).filter(row -> row.text("benchmark").equalsIgnoreCase(benchmark))
                .filter(row -> row.text("mode").equals(REASONING) == thinks)
                .map(row -> new Score(row.number("score").orElseThrow(), row.text("mode"), row.text("setting"),
                        row.text("reported_by"), row.text("source")))
                .min(Comparator.comparingDouble(Score::points));
    }

    /// Whether all published scores of a model are of answers after thinking.
    public boolean alwaysThinks(String model) {
        return scores(model).findAny().isPresent() && scores(model).allMatch(row -> row.text("mode").equals(REASONING));
    }

    private Stream<Row> scores(String model) {
        return byModel.getOrDefault(key(model), List.of()).stream().filter(row -> !row.text("mode").equals("base"));
    }

    /// A name without spaces, marks and words that do not tell models apart; a size in brackets belongs to it.
    private static String key(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        String plain = lower.replaceAll("\\(.*?\\)", "");
        String size = SIZE.matcher(lower).results().map(m -> m.group(1)).findFirst().orElse("");
        return (plain.contains(size) ? plain : plain + size).replaceAll("instruct|chat|\\bit\\b|text", "")
                .replaceAll("[^a-z0-9.]", "");
    }
}
