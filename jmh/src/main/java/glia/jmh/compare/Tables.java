package glia.jmh.compare;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Markdown tables of results.
final class Tables {
    private final StringBuilder text = new StringBuilder();

    /// A table with these column titles, all but the first aligned to the right.
    Tables(List<String> titles) {
        row(titles);
        text.append("|---").append("|--:".repeat(titles.size() - 1)).append("|\n");
    }

    Tables row(List<String> cells) {
        text.append("| ").append(String.join(" | ", cells)).append(" |\n");
        return this;
    }

    /// The mean of a number over results, with half of its range if there are several; `–` without results.
    static String cell(List<Map<String, Object>> results, String key, String format) {
        double[] values = results.stream().mapToDouble(r -> Results.number(r, key)).toArray();
        return cell(values, format);
    }

    /// The same for an element of a list.
    static String cell(List<Map<String, Object>> results, String key, int index, String format) {
        double[] values = results.stream().map(r -> Results.numbers(r, key))
                .mapToDouble(v -> index < v.length ? v[index] : Double.NaN).toArray();
        return cell(values, format);
    }

    private static String cell(double[] values, String format) {
        if (values.length == 0) {
            return "–";
        }
        double sum = 0;
        double least = Double.POSITIVE_INFINITY;
        double most = Double.NEGATIVE_INFINITY;
        for (double v : values) {
            sum += v;
            least = Math.min(least, v);
            most = Math.max(most, v);
        }
        String mean = String.format(Locale.ROOT, format, sum / values.length);
        return values.length == 1 ? mean : mean + " ± " + String.format(Locale.ROOT, format, (most - least) / 2);
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
