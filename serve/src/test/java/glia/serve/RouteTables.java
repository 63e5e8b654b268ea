package glia.serve;

import glia.serve.http.Route;
import glia.serve.request.Field;
import glia.serve.request.FieldTable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Writes the declared routes and fields of an API as Markdown.
final class RouteTables {
    /// Rows without the names of the requests that have them, which follow.
    private final Map<Field.Status, Map<List<String>, Set<String>>> rows = new LinkedHashMap<>();

    private RouteTables() { }

    /// The tables of an API.
    static String of(List<Route> routes) {
        RouteTables tables = new RouteTables();
        Set<FieldTable> seen = new LinkedHashSet<>();
        StringBuilder text = new StringBuilder("| route | |\n|---|---|\n");
        for (Route route : routes) {
            text.append("| `").append(route.method()).append(' ').append(route.path().replace("{+", "{"))
                    .append("` | ").append(route.about()).append(" |\n");
            if (seen.add(route.fields())) {
                tables.add("", route.fields(), route.fields().name());
            }
        }
        tables.write(text, Field.Status.SUPPORTED, "| field | value | default | of | |\n|---|---|---|---|---|\n");
        tables.write(text, Field.Status.WITHOUT_EFFECT, "| accepted without effect | of | |\n|---|---|---|\n");
        tables.write(text, Field.Status.FIXED, "| accepted with one value | value | of |\n|---|---|---|\n");
        tables.write(text, Field.Status.REFUSED, "| refused | of | |\n|---|---|---|\n");
        return text.toString();
    }

    private void add(String prefix, FieldTable table, String requests) {
        for (Field field : table.fields()) {
            String name = prefix + field.name();
            List<String> row = switch (field.status()) {
                case SUPPORTED -> List.of("`" + name + "`", field.accepts(), field.usual(), field.note());
                case WITHOUT_EFFECT -> List.of("`" + name + "`", field.note());
                case FIXED, REFUSED -> List.of("`" + name + "`", field.accepts());
            };
            rows.computeIfAbsent(field.status(), _ -> new LinkedHashMap<>())
                    .computeIfAbsent(row, _ -> new LinkedHashSet<>()).add(requests);
            if (field.inner() != null) {
                add(name + (field.accepts().startsWith("list") ? "[]." : "."), field.inner(), requests);
            }
        }
    }

    private void write(StringBuilder text, Field.Status status, String head) {
        if (!rows.containsKey(status)) {
            return;
        }
        text.append('\n').append(head);
        // Fields that differ in their names alone are one row.
        Map<List<String>, List<String>> named = new LinkedHashMap<>();
        rows.get(status).forEach((row, requests) -> {
            List<String> cells = new ArrayList<>(row);
            int at = status == Field.Status.SUPPORTED ? 3 : status == Field.Status.FIXED ? 2 : 1;
            cells.add(at, String.join(", ", requests));
            cells.set(0, status == Field.Status.SUPPORTED ? row.getFirst() : "");
            named.computeIfAbsent(cells, _ -> new ArrayList<>()).add(row.getFirst());
        });
        named.forEach((cells, names) -> text.append("| ").append(String.join(", ", names)).append(" | ")
                .append(String.join(" | ", cells.subList(1, cells.size())).replaceAll(" +", " ").strip())
                .append(" |\n"));
    }
}
