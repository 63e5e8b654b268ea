package glia.plan.data;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Prices of devices by the hour, as published on a date.
public final class Prices {
    private static final String ALL_OFFERS = "all offers, median";

    private final List<Row> rows;
    private final Map<String, Optional<Price>> byDevice = new HashMap<>();

    private Prices(List<Row> rows) {
        this.rows = rows;
    }

    /// The prices that come with Glia.
    public static Prices known() {
        return new Prices(Tables.resource(Prices.class, "prices.csv", "kind", "item", "usd").stream()
                .filter(row -> row.text("kind").equals("gpu hour")).toList());
    }

    /// The price of an hour of one device.
    ///
    /// @param dollars USD
    /// @param date when it was published
    /// @param source who published it
    public record Price(double dollars, String date, String source) { }

    /// The price of tokens of a service.
    ///
    /// @param item the model, as the service names it
    /// @param input USD of a million tokens of prompts
    /// @param output USD of a million tokens of answers
    public record Tokens(String item, String provider, double input, double output, String date, String source) { }

    /// The prices of services that come with Glia.
    public static List<Tokens> knownTokens() {
        return Tables.resource(Prices.class, "prices.csv", "kind", "item", "usd", "usd_2").stream()
                .filter(row -> row.text("kind").equals("tokens") && row.number("usd_2", 0) > 0)
                .map(row -> new Tokens(row.text("item"), row.text("provider"), row.required("usd"),
                        row.required("usd_2"), row.text("date"), row.text("source"))).toList();
    }

    /// The price of a device: the latest median of all offers, or else the median of what single providers ask.
    public Optional<Price> of(String device) {
        return byDevice.computeIfAbsent(device, this::find);
    }

    private Optional<Price> find(String device) {
        List<Row> found = rows.stream().filter(row -> row.text("item").equalsIgnoreCase(device)
                && row.number("usd").isPresent()).toList();
        Optional<Row> median = found.stream().filter(row -> row.text("provider").equals(ALL_OFFERS))
                .max(Comparator.comparing(row -> row.text("date")));
        List<Row> sorted = found.stream().sorted(Comparator.comparingDouble(row -> row.required("usd"))).toList();
        return median.or(() -> sorted.isEmpty() ? Optional.empty() : Optional.of(sorted.get(sorted.size() / 2)))
                .map(row -> new Price(row.required("usd"), row.text("date"), row.text("source")));
    }
}
