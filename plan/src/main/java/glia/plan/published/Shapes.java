package glia.plan.published;

import glia.lab.catalogue.Catalogue;
import glia.lab.catalogue.CatalogueEntry;
import glia.plan.data.Row;
import glia.plan.predict.Shape;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Shapes of published models: by their id in the catalogue, else by the numbers in the row.
final class Shapes {
    private static final Pattern SIZE = Pattern.compile("(?i)(?:(\\d+)x)?(\\d+(?:\\.\\d+)?) ?([bm])(?![a-z])");
    private static final Pattern ACTIVE = Pattern.compile("(?i)-a(\\d+(?:\\.\\d+)?)b");
    private static final double SHARED = 0.85;
    private final Catalogue catalogue = Catalogue.load();
    private final Map<String, Optional<Shape>> known = new HashMap<>();

    /// The shape of a row's model.
    Shape of(Row row) {
        Optional<Shape> named = row.words("config").flatMap(id -> known.computeIfAbsent(id, this::find));
        if (named.isPresent()) {
            return named.get();
        }
        if (row.number("layers").isPresent() && row.number("hidden").isPresent()) {
            return ofNumbers(row);
        }
        String model = row.text("model");
        return row.number("params_total").isPresent() ? Shape.ofParameters(row.required("params_total"),
                row.number("params_active", row.required("params_total")))
                : known.computeIfAbsent(key(model), this::find).orElseGet(() -> ofName(row, model));
    }

    /// The parameters that a name states, such as `Qwen3-30B-A3B`, `mixtral 8x7b` and `llama-7b`.
    private static Shape ofName(Row row, String model) {
        Matcher size = SIZE.matcher(model);
        Matcher active = ACTIVE.matcher(model);
        if (!size.find()) {
            throw row.error("params_total", "found neither parameters, a shape nor a model of the catalogue for '"
                    + model + "', expected one of them");
        }
        double experts = size.group(1) == null ? 1 : Double.parseDouble(size.group(1));
        double total = Double.parseDouble(size.group(2)) * (size.group(3).equalsIgnoreCase("b") ? 1e9 : 1e6);
        // Mixtral shares attention between its experts: 8 x 7B are 46.7 billion parameters, 12.9 a token.
        double all = experts > 1 ? experts * total * SHARED : total;
        return Shape.ofParameters(all, active.find() ? Double.parseDouble(active.group(1)) * 1e9
                : experts > 1 ? 2 * total * SHARED : all);
    }

    private static String key(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9.]+", "-");
    }

    private Optional<Shape> find(String id) {
        return catalogue.entries().stream().filter(e -> e.id().equals(id) || key(e.name()).equals(id))
                .filter(CatalogueEntry.Disclosed.class::isInstance).map(CatalogueEntry.Disclosed.class::cast)
                .findFirst().map(entry -> Shape.of(entry.validSpec()));
    }

    /// A Transformer of these sizes. Whether its MLP has a gate, and whether its head is tied, is what comes nearest to
    /// the published number of parameters.
    private static Shape ofNumbers(Row row) {
        double layers = row.required("layers");
        double hidden = row.required("hidden");
        double heads = row.number("heads", hidden / 128);
        double size = headSize(row, hidden / heads);
        double keyHeads = row.number("kv_heads", heads);
        double vocabulary = row.number("vocab", 0) * hidden;
        double attention = layers * (2 * hidden * heads * size + 2 * hidden * keyHeads * size);
        double mlp = layers * hidden * row.number("ffn", 4 * hidden);
        double total = row.number("params_total", attention + 3 * mlp + 2 * vocabulary);
        double cache = layers * 2 * keyHeads * size;
        double width = layers * heads * size;
        if (row.number("experts").orElse(0) > 1) {
            double active = row.number("params_active", total);
            double experts = 3 * layers * row.required("experts") * hidden * row.number("moe_ffn",
                    row.number("ffn", 4 * hidden));
            return new Shape(total, active, width, cache, layers, hidden, Math.min(total - active, experts)
                    / (1 - row.number("experts_per_token", 1) / row.required("experts")),
                    row.number("experts_per_token", 1) / row.required("experts"));
        }
        double best = attention + 3 * mlp;
        double error = Double.MAX_VALUE;
        for (int matrices = 2; matrices <= 3; matrices++) {
            for (int tables = 1; tables <= 2; tables++) {
                double off = Math.abs(attention + matrices * mlp + tables * vocabulary - total);
                if (off < error) {
                    error = off;
                    best = attention + matrices * mlp;
                }
            }
        }
        return new Shape(total, best + vocabulary, width, cache, layers, hidden, 0, 1);
    }

    /// The head size; latent attention has one of keys and one of values, written as `qk192/v128`.
    private static double headSize(Row row, double otherwise) {
        String text = row.text("head_dim");
        String[] numbers = text.replaceAll("[a-z]", "").split("/");
        return text.isEmpty() ? otherwise : numbers.length == 2
                ? (Double.parseDouble(numbers[0]) + Double.parseDouble(numbers[1])) / 2 : Double.parseDouble(text);
    }
}
