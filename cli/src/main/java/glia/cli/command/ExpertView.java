package glia.cli.command;

import glia.cli.terminal.Console;
import glia.cli.terminal.Table;
import glia.engine.inspect.ExpertLoad;
import glia.lab.RoutingStatistics;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Shows how often experts were chosen: as a heat map of characters, and as JSON.
final class ExpertView {
    /// Most cells of a row; with more experts, neighbors share a cell.
    private static final int MOST_CELLS = 64;
    /// Columns beside the cells: the layer's number.
    private static final int MARGIN = 4;
    /// Upper bounds of the shades, in multiples of the mean.
    private static final double[] STEPS = {0, 0.5, 1.25, 2.5};
    private static final String SHADES = "·░▒▓█";

    private ExpertView() { }

    static void print(RoutingStatistics statistics, int numTokens, Console console) {
        int most = statistics.layers().stream().mapToInt(layer -> layer.counts().length).max().orElseThrow();
        int mostCells = console.width() == 0 ? MOST_CELLS : Math.clamp(console.width() - MARGIN, 1, MOST_CELLS);
        int together = Math.ceilDiv(most, mostCells);
        console.out().println("experts chosen by " + numTokens + " tokens" + (together == 1 ? "" : ", " + together
                + " a cell"));
        console.printText(legend());
        console.out().println();
        Table table = new Table("rLrrrl").head("layer", "experts 0 to " + (most - 1), "entropy", "imbalance", "unused",
                "most chosen");
        for (ExpertLoad layer : statistics.layers()) {
            int top = layer.mostChosen();
            table.row(layer.layer(), cells(layer, together),
                    String.format(Locale.ROOT, "%.2f of %.2f bits", layer.entropy(), evenEntropy(layer)),
                    String.format(Locale.ROOT, "%.2f", layer.imbalance()),
                    layer.numUnused(), String.format(Locale.ROOT, "%d, %.1f %%", top, 100 * layer.share(top)));
        }
        table.print(console);
    }

    private static double evenEntropy(ExpertLoad layer) {
        return Math.log(layer.counts().length) / Math.log(2);
    }

    private static String legend() {
        return "  " + SHADES.charAt(0) + " never   " + SHADES.charAt(1) + " at most half the mean   " + SHADES.charAt(2)
                + " about the mean   " + SHADES.charAt(3) + " up to 2.5 times   " + SHADES.charAt(4) + " more";
    }

    private static String cells(ExpertLoad layer, int together) {
        StringBuilder cells = new StringBuilder();
        int numExperts = layer.counts().length;
        for (int from = 0; from < numExperts; from += together) {
            int to = Math.min(from + together, numExperts);
            double share = 0;
            for (int e = from; e < to; e++) {
                share += layer.share(e);
            }
            cells.append(shade(share * numExperts / (to - from)));
        }
        return cells.toString();
    }

    private static char shade(double timesTheMean) {
        int i = 0;
        while (i < STEPS.length && timesTheMean > STEPS[i]) {
            i++;
        }
        return SHADES.charAt(i);
    }

    static Map<String, Object> document(RoutingStatistics statistics, int numTokens) {
        List<Object> layers = new ArrayList<>();
        for (ExpertLoad layer : statistics.layers()) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("layer", layer.layer());
            one.put("counts", layer.counts());
            one.put("entropy_bits", layer.entropy());
            one.put("imbalance", layer.imbalance());
            one.put("unused", layer.numUnused());
            layers.add(one);
        }
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("tokens", numTokens);
        document.put("layers", layers);
        return document;
    }
}
