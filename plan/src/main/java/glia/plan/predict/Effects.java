package glia.plan.predict;

import glia.plan.data.Tables;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/// The fitted numbers of a prediction. Each is a product of factors: a base, and one for each property of the case that
/// has an effect, such as the kind of device or the engine. A property that no data had has the factor 1, so an unknown
/// engine is predicted as an average one.
///
/// Source: Generalized linear models with shrunk effects, https://arxiv.org/abs/1406.5823
public final class Effects {
    private final Map<String, Double> logs;
    private final Set<String> asked;

    /// @param logs the natural logarithm of each factor by its name
    /// @param asked receives the names that predictions read
    Effects(Map<String, Double> logs, Set<String> asked) {
        this.logs = new LinkedHashMap<>(logs);
        this.asked = asked;
    }

    /// Effects by name.
    ///
    /// @param logs the natural logarithm of each factor
    public static Effects of(Map<String, Double> logs) {
        return new Effects(logs, new HashSet<>());
    }

    /// The effects that come with Glia, fitted to the published figures that the documentation names.
    public static Effects fitted() {
        Map<String, Double> logs = new LinkedHashMap<>();
        Tables.resource(Effects.class, "effects.csv", "effect", "log")
                .forEach(row -> logs.put(row.text("effect"), row.number("log", 0)));
        return of(logs);
    }

    /// The product of some factors.
    double of(String... names) {
        double sum = 0;
        for (String name : names) {
            asked.add(name);
            sum += logs.getOrDefault(name, 0.0);
        }
        return Math.exp(sum);
    }

    /// A number from 0 to 1: the logistic function of the sum of some effects.
    double share(String... names) {
        double odds = of(names);
        return odds / (1 + odds);
    }

    /// A linear term: the effect times a value, as a factor.
    double power(String name, double value) {
        asked.add(name);
        return Math.exp(logs.getOrDefault(name, 0.0) * value);
    }
}
