package glia.cli.command;

import glia.cli.terminal.Console;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.plan.choose.Matrix;
import glia.plan.data.Device;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Architectures side by side from 4k to 10M tokens.
final class PlanMatrix {
    private PlanMatrix() { }

    static void print(List<Matrix.Row> rows, PlanDecisions decisions, Device device, boolean json, boolean markdown,
            Console console) {
        if (json) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("device", device.name());
            document.put("rows", rows.stream().map(PlanMatrix::document).toList());
            document.putAll(decisions.document());
            Json.print(console, document);
            return;
        }
        decisions.print(markdown, console);
        console.out().println();
        console.printText("One sequence, weights and cache in 16 bits, also beyond the context of the training.");
        console.out().println();
        PlanReport.show(table("KV cache and states", rows, cell -> Units.bytes(cell.cache())), markdown, console);
        console.out().println();
        PlanReport.show(table("FLOPs of a token", rows, cell -> Units.count(cell.operations())), markdown, console);
        console.out().println();
        PlanReport.show(table("time of a token, on " + device.name() + " ×", rows, cell -> cell.seconds()
                .map(s -> String.format(Locale.ROOT, "%.1f ms, %d", s * 1e3, cell.devices())).orElse("more than 64")),
                markdown, console);
    }

    /// What a table shows of a cell.
    private interface View {
        String of(Matrix.Cell cell);
    }

    private static Table table(String what, List<Matrix.Row> rows, View view) {
        List<Object> head = new ArrayList<>(List.of(what));
        Matrix.LENGTHS.forEach(length -> head.add(length < 1 << 20 ? length / 1024 + "k" : (length >> 20) + "M"));
        head.add("attention");
        Table table = new Table("l" + "r".repeat(Matrix.LENGTHS.size()) + "l").head(head.toArray());
        for (Matrix.Row row : rows) {
            List<Object> cells = new ArrayList<>(List.of(row.id()));
            row.cells().forEach(cell -> cells.add(view.of(cell)));
            cells.add(row.mixing());
            table.row(cells.toArray());
        }
        return table;
    }

    private static Map<String, Object> document(Matrix.Row row) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("model", row.id());
        document.put("mixing", row.mixing());
        document.put("parameters", row.parameters());
        document.put("active_parameters", row.active());
        document.put("lengths", row.cells().stream().map(cell -> {
            Map<String, Object> at = new LinkedHashMap<>();
            at.put("tokens", cell.length());
            at.put("cache_bytes", cell.cache());
            at.put("operations_per_token", cell.operations());
            at.put("devices", cell.devices());
            cell.seconds().ifPresent(seconds -> at.put("seconds_per_token", seconds));
            return at;
        }).toList());
        return document;
    }
}
