package glia.train.report;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// Where a figure of a step is shown, by its name. `group/figure` is a curve among those of its group. A name with the
/// index of a layer or expert, such as `experts/layer3/load` or `experts/layer3/load/5`, is a row of a heatmap.
///
/// @param group what stands before the first slash; the name itself if it has none
/// @param table the heatmap: the name without the indices, as in `experts/load`; empty for a curve
/// @param row the indices, as in `layer3 · 5`; the name for a curve
record FigureName(String group, String table, String row) {
    private static final Pattern INDEX =
            Pattern.compile("((sub)?layers?|experts?|heads?|blocks?)?[._-]?\\d+(\\..*)?");

    static FigureName of(String name) {
        List<String> names = new ArrayList<>();
        List<String> indices = new ArrayList<>();
        for (String part : name.split("/", -1)) {
            (INDEX.matcher(part).matches() ? indices : names).add(part);
        }
        String group = names.isEmpty() ? name : names.getFirst();
        return indices.isEmpty() || names.isEmpty() ? new FigureName(group, "", name)
                : new FigureName(group, String.join("/", names), String.join(" · ", indices));
    }
}
