package glia.train.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Figures of many rows, such as layers, over the steps of a run, in bounded memory: at most 512 rows and 120 columns.
/// When all columns are full, neighbors are merged into their means.
final class Heatmap {
    static final int MAX_ROWS = 512;
    static final int MAX_COLUMNS = 120;
    private static final Pattern LAYER = Pattern.compile("layers?[ ._]?(\\d{1,9})");
    private static final Pattern NUMBER = Pattern.compile("\\d{1,9}");

    private final String name;
    private final Map<String, Integer> rows = new LinkedHashMap<>();
    private final List<Column> columns = new ArrayList<>();
    private int width = 1;
    private long omitted;

    Heatmap(String name) {
        this.name = name;
    }

    private static final class Column {
        private final long firstStep;
        private long lastStep;
        private int count = 1;
        private double[] sums = {};
        private int[] counts = {};

        Column(long step) {
            firstStep = step;
            lastStep = step;
        }

        void add(int row, double sum, int number) {
            if (row >= sums.length) {
                sums = Arrays.copyOf(sums, Math.max(8, 2 * row));
                counts = Arrays.copyOf(counts, sums.length);
            }
            sums[row] += sum;
            counts[row] += number;
        }

        void add(Column next) {
            for (int row = 0; row < next.sums.length; row++) {
                if (next.counts[row] > 0) {
                    add(row, next.sums[row], next.counts[row]);
                }
            }
            lastStep = next.lastStep;
            count += next.count;
        }

        double mean(int row) {
            return row < sums.length && counts[row] > 0 ? sums[row] / counts[row] : Double.NaN;
        }
    }

    /// Adds a value of a row; values of one step come one after another.
    void add(long step, String row, double value) {
        Integer index = rows.get(row);
        if (index == null) {
            if (rows.size() == MAX_ROWS) {
                omitted++;
                return;
            }
            index = rows.size();
            rows.put(row, index);
        }
        if (!columns.isEmpty() && step < columns.getLast().lastStep) {
            columns.removeIf(c -> c.firstStep >= step);
        }
        if (columns.isEmpty() || columns.getLast().lastStep != step) {
            next(step);
        }
        if (Double.isFinite(value)) {
            columns.getLast().add(index, value, 1);
        }
    }

    private void next(long step) {
        if (!columns.isEmpty() && columns.getLast().count < width) {
            columns.getLast().lastStep = step;
            columns.getLast().count++;
            return;
        }
        if (columns.size() == MAX_COLUMNS) {
            List<Column> merged = new ArrayList<>();
            for (int i = 0; i < MAX_COLUMNS; i += 2) {
                columns.get(i).add(columns.get(i + 1));
                merged.add(columns.get(i));
            }
            columns.clear();
            columns.addAll(merged);
            width *= 2;
        }
        columns.add(new Column(step));
    }

    /// The number of a row's layer, by which rows are sorted, or its first number; -1 if it has none.
    private static int index(String row) {
        Matcher layer = LAYER.matcher(row);
        if (layer.find()) {
            return Integer.parseInt(layer.group(1));
        }
        Matcher number = NUMBER.matcher(row);
        return number.find() ? Integer.parseInt(number.group()) : -1;
    }

    /// The table for a page: `rows` the names, by layer, `steps` the last step of each column, `values` by row.
    Map<String, Object> page() {
        List<String> names = new ArrayList<>(rows.keySet());
        names.sort(Comparator.comparingInt(Heatmap::index));
        return PageJson.object("name", name, "rows", names, "steps", columns.stream().map(c -> c.lastStep).toList(),
                "values", names.stream().map(rows::get).map(index -> columns.stream()
                        .map(c -> PageJson.rounded(c.mean(index))).toList()).toList(),
                "omitted", omitted > 0 ? 1 : 0);
    }
}
