package glia.cli.command;

import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.plan.predict.Effects;
import glia.plan.published.Published;
import glia.plan.published.Published.Accuracy;
import glia.plan.published.Published.Compared;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// Predictions beside published figures.
final class PlanCheck {
    /// A row that is off by more is named.
    private static final double FAR = 2;
    private static final double RIDGE = 0.3;
    private static final int MOST_NAMED = 20;

    private PlanCheck() { }

    /// @param fitted receives effects that are fitted to all rows; then each source is predicted from all others
    static int run(Path folder, Optional<Path> fitted, boolean json, Console console) throws IOException {
        Published published = Published.read(folder);
        if (published.cases().isEmpty()) {
            throw new IOException(folder + ": none of its rows can be predicted; " + (published.leftOut().isEmpty()
                    ? "the tables are empty" : "the first one is left out: " + published.leftOut().getFirst()));
        }
        List<Compared> compared = fitted.isEmpty() ? published.compare(Effects.fitted())
                : published.compareHeldOut(RIDGE);
        if (fitted.isPresent()) {
            List<String> lines = new ArrayList<>(List.of("effect,log"));
            published.fit(RIDGE).forEach((name, log) -> lines.add(String.format(Locale.ROOT, "%s,%.4f", name, log)));
            Files.write(fitted.get(), lines);
        }
        if (json) {
            Json.print(console, document(published, compared));
        } else {
            print(published, compared, console);
        }
        return ExitCode.OK;
    }

    private static Map<String, List<Compared>> byKind(List<Compared> compared) {
        return compared.stream().collect(Collectors.groupingBy(c -> c.published().kind().words(), LinkedHashMap::new,
                Collectors.toList()));
    }

    private static Map<String, Object> document(Published published, List<Compared> compared) {
        Map<String, Object> kinds = new LinkedHashMap<>();
        byKind(compared).forEach((kind, rows) -> {
            Accuracy accuracy = Accuracy.of(rows);
            Map<String, Object> numbers = new LinkedHashMap<>();
            numbers.put("rows", accuracy.rows());
            numbers.put("median_ratio", accuracy.median());
            numbers.put("ratio_of_90_percent", accuracy.most());
            kinds.put(kind, numbers);
        });
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("kinds", kinds);
        document.put("rows", compared.stream().map(PlanCheck::row).toList());
        document.put("left_out", published.leftOut());
        return document;
    }

    private static Map<String, Object> row(Compared c) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("id", c.published().id());
        row.put("kind", c.published().kind().words());
        row.put("source", c.published().source());
        row.put("metric", c.published().row().text("metric"));
        row.put("published", c.published().published());
        row.put("predicted", c.predicted());
        row.put("ratio", c.predicted() / c.published().published());
        return row;
    }

    private static void print(Published published, List<Compared> compared, Console console) {
        Table table = new Table("llrrr").head("kind", "source", "rows", "off, median", "90 % within");
        byKind(compared).forEach((kind, rows) -> {
            line(table, kind, "all", rows);
            Map<String, List<Compared>> sources = rows.stream().collect(Collectors.groupingBy(
                    c -> c.published().source(), LinkedHashMap::new, Collectors.toList()));
            sources.forEach((source, some) -> line(table, "", source, some));
        });
        table.print(console);
        List<Compared> far = compared.stream().filter(c -> c.off() > FAR)
                .sorted((a, b) -> Double.compare(b.off(), a.off())).toList();
        if (!far.isEmpty()) {
            console.out().println();
            console.printText(far.size() + " rows are off by a factor of more than 2"
                    + (far.size() > MOST_NAMED ? "; the farthest:" : ":"));
            Table named = new Table("lllrrr").head("row", "model", "hardware", "published", "predicted", "ratio");
            far.stream().limit(MOST_NAMED).forEach(c -> named.row(c.published().id(), c.published().row().text("model"),
                    c.published().row().text("hardware"), number(c.published().published()), number(c.predicted()),
                    String.format(Locale.ROOT, "%.2f", c.predicted() / c.published().published())));
            named.print(console);
        }
        if (!published.leftOut().isEmpty()) {
            console.out().println();
            console.printText(published.leftOut().size() + " rows are left out; --json names them. The first: "
                    + published.leftOut().getFirst());
        }
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, value >= 100 ? "%.0f" : "%.2f", value);
    }

    private static void line(Table table, String kind, String source, List<Compared> rows) {
        Accuracy accuracy = Accuracy.of(rows);
        table.row(kind, source, accuracy.rows(), String.format(Locale.ROOT, "%.2f ×", accuracy.median()),
                String.format(Locale.ROOT, "%.2f ×", accuracy.most()));
    }
}
