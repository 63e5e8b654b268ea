package glia.plan.published;

import glia.plan.data.Devices;
import glia.plan.data.Row;
import glia.plan.data.Tables;
import glia.plan.predict.Effects;
import glia.plan.predict.Fit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/// Published training runs on 8 to 16,384 devices beside predictions, with few fitted numbers: those of a group are
/// fitted to its rows that the table marks, all other numbers of [glia.plan.predict.Training] stay as they were
/// derived, and the other rows are predicted without being seen.
public final class Clusters {
    private static final String TABLE = "clusters.csv";
    private static final double RIDGE = 1e-3;
    /// What is fitted, by group. One row can fit one number.
    private static final Map<String, List<String>> FITTED = Map.of(
            "torchtitan", List.of("train products", "train attention"),
            "llm-foundry", List.of("train products", "train attention", "train elements"));
    private static final List<String> USUAL = List.of("train products");
    /// The ids of runs that are predicted on other numbers of devices.
    private static final List<String> SCALED = List.of("1", "15");
    private static final int MOST_DEVICES = 16_384;
    private static final int NODE = 8;

    private Clusters() { }

    /// A row and its prediction.
    ///
    /// @param isFitted whether numbers were fitted to it
    public record Compared(Row row, double published, double predicted, boolean isFitted) {
        /// The prediction as a multiple of the figure.
        public double ratio() {
            return predicted / published;
        }
    }

    /// A run of the table on another number of devices, in the metric of its row.
    ///
    /// @param published the figure for this number of devices, if the table has one
    public record Scaled(Row row, double predicted, OptionalDouble published) { }

    /// Rows of one machine and program.
    ///
    /// @param fitted the fitted numbers as factors, by name
    public record Group(String name, Map<String, Double> fitted, List<Compared> rows) {
        public Group {
            fitted = new LinkedHashMap<>(fitted);
            rows = List.copyOf(rows);
        }

        /// How far the rows are off that were not fitted.
        public Published.Accuracy heldOut() {
            return Published.Accuracy.of(rows.stream().filter(r -> !r.isFitted()).mapToDouble(Compared::ratio));
        }
    }

    /// All groups, in the order of the table.
    public static List<Group> all() {
        Map<String, List<PublishedCase>> groups = new LinkedHashMap<>();
        Tables.resource(Clusters.class, TABLE, "id", "group", "role").forEach(row -> groups.computeIfAbsent(
                row.text("group"), g -> new ArrayList<>()).add(table().read(row)));
        List<Group> all = new ArrayList<>();
        groups.forEach((name, rows) -> all.add(group(name, rows)));
        return all;
    }

    private static TrainingTable table() {
        return new TrainingTable(Devices.known(), new Shapes());
    }

    /// Runs on other numbers of devices, with the numbers that were fitted to their group. A step of a pipeline has as
    /// many sequences on any number of devices; without a pipeline each device has as many.
    public static List<Scaled> scaled(List<Group> groups) {
        List<Scaled> all = new ArrayList<>();
        for (Group group : groups) {
            Map<String, Double> logs = new LinkedHashMap<>();
            group.fitted().forEach((name, factor) -> logs.put(name, Math.log(factor)));
            for (Row base : group.rows().stream().map(Compared::row).filter(r -> SCALED.contains(r.text("id")))
                    .toList()) {
                double part = base.number("tp", 1) * base.number("pp", 1);
                for (int devices = (int) (NODE * part); devices <= MOST_DEVICES; devices *= 2) {
                    Map<String, String> cells = new HashMap<>(base.cells());
                    double sequences = base.required("global_batch_seqs")
                            * (base.number("pp", 1) > 1 ? 1 : devices / base.required("devices"));
                    cells.put("devices", Integer.toString(devices));
                    cells.put("global_batch_seqs", Double.toString(sequences));
                    Row row = new Row(base.file(), base.line(), cells);
                    all.add(new Scaled(row, table().read(row).predict(Effects.of(logs)), group.rows().stream()
                            .map(Compared::row).filter(r -> isSame(r, row)).mapToDouble(r -> r.required("value"))
                            .findFirst()));
                }
            }
        }
        return all;
    }

    private static boolean isSame(Row one, Row other) {
        return List.of("model", "seq", "precision", "devices").stream().allMatch(c -> one.text(c)
                .equals(other.text(c)));
    }

    private static boolean isFitted(PublishedCase row) {
        return row.row().text("role").equals("fitted");
    }

    private static Group group(String name, List<PublishedCase> rows) {
        List<String> names = FITTED.getOrDefault(name.replaceAll(",.*", ""), USUAL);
        Map<String, Double> logs = Fit.fitOnly(rows.stream().filter(Clusters::isFitted).toList(), names, RIDGE);
        Effects effects = Effects.of(logs);
        Map<String, Double> factors = new LinkedHashMap<>();
        names.forEach(n -> factors.put(n, Math.exp(logs.get(n))));
        return new Group(name, factors, rows.stream().map(c -> new Compared(c.row(), c.published(),
                c.predict(effects), isFitted(c))).toList());
    }
}
