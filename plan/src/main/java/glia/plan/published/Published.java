package glia.plan.published;

import glia.plan.data.Devices;
import glia.plan.data.Row;
import glia.plan.data.Tables;
import glia.plan.predict.Effects;
import glia.plan.predict.Fit;
import glia.plan.published.PublishedCase.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;

/// Published figures of a folder: `published-training.csv`, `published-inference.csv`, and `hardware.csv` if it is
/// there.
///
/// @param cases what can be predicted
/// @param leftOut rows that cannot, with the reason
public record Published(List<PublishedCase> cases, List<String> leftOut) {
    private static final String TRAINING = "published-training.csv";
    private static final String INFERENCE = "published-inference.csv";

    public Published {
        cases = List.copyOf(cases);
        leftOut = List.copyOf(leftOut);
    }

    /// Reads a folder.
    ///
    /// @throws IOException if it has none of the tables, or one is broken
    public static Published read(Path folder) throws IOException {
        Devices devices = Devices.with(folder);
        Shapes shapes = new Shapes();
        List<PublishedCase> cases = new ArrayList<>();
        List<String> leftOut = new ArrayList<>();
        Path training = folder.resolve(TRAINING);
        Path inference = folder.resolve(INFERENCE);
        TrainingTable runs = new TrainingTable(devices, shapes);
        InferenceTable speeds = new InferenceTable(devices, shapes);
        read(training, runs::read, cases, leftOut);
        read(inference, speeds::read, cases, leftOut);
        if (!Files.exists(training) && !Files.exists(inference)) {
            throw new IOException(folder + ": found neither " + TRAINING + " nor " + INFERENCE
                    + "; expected a folder with at least one of them");
        }
        return new Published(cases, leftOut);
    }

    /// Reads a table if it is there. A row that is wrong or cannot be predicted is left out, with the reason.
    private static void read(Path file, Function<Row, PublishedCase> reader, List<PublishedCase> cases,
            List<String> leftOut) throws IOException {
        if (!Files.exists(file)) {
            return;
        }
        for (Row row : Tables.read(file, "id", "hardware", "metric", "value", "source_key")) {
            try {
                PublishedCase one = reader.apply(row);
                double plain = one.predict(Fit.none());
                if (!(plain > 0) || Double.isInfinite(plain)) {
                    throw row.error("metric", "the formula gives " + plain + " for " + one.kind().words());
                }
                cases.add(one);
            } catch (IllegalArgumentException e) {
                leftOut.add(row.text("id") + ": " + e.getMessage());
            }
        }
    }

    /// A prediction beside its figure.
    public record Compared(PublishedCase published, double predicted) {
        /// How far the prediction is off, as a factor of at least 1.
        public double off() {
            double ratio = predicted / published.published();
            return Math.max(ratio, 1 / ratio);
        }
    }

    /// How far predictions of a group are off.
    ///
    /// @param rows their number
    /// @param median of the factors
    /// @param most the factor that 90 % of the rows stay below
    public record Accuracy(int rows, double median, double most) {
        /// The accuracy of some predictions, of which there is at least one.
        public static Accuracy of(List<Compared> compared) {
            return of(compared.stream().mapToDouble(Compared::off));
        }

        /// The accuracy of some ratios of prediction and figure.
        static Accuracy of(DoubleStream ratios) {
            double[] off = ratios.map(r -> Math.max(r, 1 / r)).sorted().toArray();
            return new Accuracy(off.length, off[off.length / 2], off[(int) Math.min(off.length - 1L,
                    Math.round(0.9 * (off.length - 1)))]);
        }
    }

    /// Predicts all rows with given effects.
    public List<Compared> compare(Effects effects) {
        return cases.stream().map(c -> new Compared(c, c.predict(effects))).toList();
    }

    /// Fits each group of figures. Experts on CPUs come last: they have effects beside those of the other groups.
    public Map<String, Double> fit(double ridge) {
        Map<String, Double> all = new LinkedHashMap<>();
        groups(cases).forEach((group, some) -> all.putAll(Fit.fit(some, known(group, all), ridge)));
        return all;
    }

    private static Map<String, Double> known(String group, Map<String, Double> all) {
        return group.equals(Kind.HYBRID.fitted()) ? all : Map.of();
    }

    /// Predicts each source with effects that were fitted on all others.
    public List<Compared> compareHeldOut(double ridge) {
        Map<String, Map<String, Double>> whole = new LinkedHashMap<>();
        groups(cases).forEach((group, some) -> {
            if (!group.equals(Kind.HYBRID.fitted())) {
                whole.put(group, Fit.fit(some, Map.of(), ridge));
            }
        });
        List<Compared> all = new ArrayList<>();
        for (String source : cases.stream().map(PublishedCase::source).distinct().toList()) {
            List<PublishedCase> own = cases.stream().filter(c -> c.source().equals(source)).toList();
            Map<String, List<PublishedCase>> others = groups(cases.stream().filter(c -> !c.source().equals(source))
                    .toList());
            Map<String, Double> logs = new LinkedHashMap<>();
            others.forEach((group, some) -> logs.putAll(own.stream().noneMatch(c -> c.kind().fitted().equals(group))
                    && whole.containsKey(group) ? whole.get(group) : Fit.fit(some, known(group, logs), ridge)));
            Effects effects = Effects.of(logs);
            own.forEach(c -> all.add(new Compared(c, c.predict(effects))));
        }
        return all;
    }

    private static Map<String, List<PublishedCase>> groups(List<PublishedCase> some) {
        // The load of a production service is not known.
        return some.stream().filter(c -> !c.kind().fitted().isEmpty() && !c.row().text("batch").equals("production"))
                .sorted(Comparator.comparing(c -> c.kind() == Kind.HYBRID))
                .collect(Collectors.groupingBy(c -> c.kind().fitted(), LinkedHashMap::new, Collectors.toList()));
    }
}
