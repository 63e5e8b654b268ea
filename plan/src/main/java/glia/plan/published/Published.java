package glia.plan.published;

import glia.plan.data.Devices;
import glia.plan.data.Tables;
import glia.plan.predict.Effects;
import glia.plan.predict.Fit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

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
    /// @throws IllegalArgumentException if a cell is wrong; the message says where
    public static Published read(Path folder) throws IOException {
        Devices devices = Devices.with(folder);
        Shapes shapes = new Shapes();
        List<PublishedCase> cases = new ArrayList<>();
        List<String> leftOut = new ArrayList<>();
        Path training = folder.resolve(TRAINING);
        Path inference = folder.resolve(INFERENCE);
        if (Files.exists(training)) {
            cases.addAll(new TrainingTable(devices, shapes, leftOut)
                    .read(Tables.read(training, "id", "hardware", "metric", "value", "source_key")));
        }
        if (Files.exists(inference)) {
            cases.addAll(new InferenceTable(devices, shapes, leftOut)
                    .read(Tables.read(inference, "id", "hardware", "metric", "value", "source_key")));
        }
        if (!Files.exists(training) && !Files.exists(inference)) {
            throw new IOException(folder + ": found neither " + TRAINING + " nor " + INFERENCE
                    + "; expected a folder with at least one of them");
        }
        return new Published(cases, leftOut);
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
            double[] off = compared.stream().mapToDouble(Compared::off).sorted().toArray();
            return new Accuracy(off.length, off[off.length / 2], off[(int) Math.min(off.length - 1L,
                    Math.round(0.9 * (off.length - 1)))]);
        }
    }

    /// Predicts all rows with given effects.
    public List<Compared> compare(Effects effects) {
        return cases.stream().map(c -> new Compared(c, c.predict(effects))).toList();
    }

    /// Fits each group of figures.
    public Map<String, Double> fit(double ridge) {
        Map<String, Double> all = new LinkedHashMap<>();
        groups().values().forEach(group -> all.putAll(Fit.fit(group, ridge)));
        return all;
    }

    /// Predicts each source with effects that were fitted on all others.
    public List<Compared> compareHeldOut(double ridge) {
        List<Compared> all = new ArrayList<>();
        for (List<PublishedCase> group : groups().values()) {
            for (String source : group.stream().map(PublishedCase::source).distinct().toList()) {
                List<PublishedCase> others = group.stream().filter(c -> !c.source().equals(source)).toList();
                Effects effects = others.isEmpty() ? Fit.none() : Effects.of(Fit.fit(others, ridge));
                group.stream().filter(c -> c.source().equals(source))
                        .forEach(c -> all.add(new Compared(c, c.predict(effects))));
            }
        }
        return all;
    }

    private Map<String, List<PublishedCase>> groups() {
        return cases.stream().collect(Collectors.groupingBy(c -> c.kind().fitted(), LinkedHashMap::new,
                Collectors.toList()));
    }
}
