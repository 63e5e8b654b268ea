package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.engine.inspect.ExpertLoad;
import glia.lab.RoutingStatistics;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Heat maps of chosen experts.
class ExpertViewTest {
    private static final RoutingStatistics SMALL = new RoutingStatistics(List.of(
            new ExpertLoad(1, new long[] {0, 4, 8, 4}), new ExpertLoad(3, new long[] {1, 15, 0, 0})));

    private static String print(RoutingStatistics statistics) {
        TestConsole console = new TestConsole("");
        ExpertView.print(statistics, 8, console.console());
        return console.out();
    }

    @Test
    void eachExpertHasACell() {
        String text = print(SMALL);
        assertTrue(text.contains("experts chosen by 8 tokens\n"), text);
        List<String> rows = text.lines().skip(4).toList();
        assertEquals(2, rows.size());
        assertTrue(rows.get(0).matches(" +1  ·▒▓▒ +1.50 of 2.00 bits +2.00 +1  2, 50.0 %"), rows.get(0));
        assertTrue(rows.get(1).matches(" +3  ░█·· +0.34 of 2.00 bits +3.75 +2  1, 93.8 %"), rows.get(1));
    }

    @Test
    void manyExpertsShareCells() {
        long[] counts = new long[256];
        Arrays.fill(counts, 0, 4, 64);
        String text = print(new RoutingStatistics(List.of(new ExpertLoad(0, counts))));
        assertTrue(text.contains(", 4 a cell\n"), text);
        assertTrue(text.contains("  █" + "·".repeat(63) + "  "), text);
    }

    @Test
    void theSvgHoldsEachNumber() {
        String svg = ExpertMap.svg(SMALL, "a<b>.gguf", 8);
        assertTrue(svg.startsWith("<svg xmlns=\"http://www.w3.org/2000/svg\"") && svg.endsWith("</svg>\n"));
        assertTrue(svg.contains("Experts chosen, a&lt;b&gt;.gguf"));
        assertTrue(svg.contains("<title>layer 3, expert 1: 15 times, 93.8 %, 3.75 × the mean</title>"));
        assertEquals(8, svg.split("<title>", -1).length - 1);
        assertFalse(svg.contains("NaN"));
    }

    @Test
    void theDocumentHoldsTheCounts() {
        Object first = ((List<?>) ExpertView.document(SMALL, 8).get("layers")).getFirst();
        assertTrue(first.toString().contains("layer=1"), first.toString());
    }
}
