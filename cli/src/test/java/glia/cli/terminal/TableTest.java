package glia.cli.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TableTest {
    private static final Table LAYERS = new Table("rlrr").head("layers", "kind", "parameters of one", "of all")
            .row("32 ×", "grouped-query attention, 32 heads over 8", "41.9 M", "1.3 B")
            .row("8 ×", "gated MLP", "176.2 M", "1.4 B").row("", "all", "", "2.7 B");

    @Test
    void columnsAreAsWideAsTheirCells() {
        String wide = """
                layers  kind                                      parameters of one  of all
                  32 ×  grouped-query attention, 32 heads over 8             41.9 M   1.3 B
                   8 ×  gated MLP                                           176.2 M   1.4 B
                        all                                                           2.7 B
                """;
        assertEquals(wide, LAYERS.text(0));
        assertEquals(wide, LAYERS.text(75));
    }

    @Test
    void headingsAreWrappedBeforeTexts() {
        assertEquals("""
                layers  kind                                         parameters of  of all
                                                                               one
                  32 ×  grouped-query attention, 32 heads over 8            41.9 M   1.3 B
                   8 ×  gated MLP                                          176.2 M   1.4 B
                        all                                                          2.7 B
                """, LAYERS.text(74));
        assertEquals("""
                layers  kind                      parameters     of
                                                      of one    all
                  32 ×  grouped-query attention,      41.9 M  1.3 B
                        32 heads over 8
                   8 ×  gated MLP                    176.2 M  1.4 B
                        all                                   2.7 B
                """, LAYERS.text(51));
    }

    @Test
    void rowsBecomeParagraphsOnVeryNarrowTerminals() {
        assertEquals("""
                32 × grouped-query attention, 32 heads
                over 8
                    parameters of one 41.9 M,
                    of all 1.3 B
                8 × gated MLP
                    parameters of one 176.2 M,
                    of all 1.4 B
                all
                    of all 2.7 B
                """, LAYERS.text(40));
    }

    @Test
    void cellsThatAreNeverWrappedMakeParagraphs() {
        Table map = new Table("rLr").head("layer", "experts", "unused").row(0, "·░▒▓█·░▒▓█·░▒▓█·░▒▓█·░▒▓█", 3);
        assertEquals("0 ·░▒▓█·░▒▓█·░▒▓█·░▒▓█·░▒▓█\n    unused 3\n", map.text(38));
    }

    @Test
    void charactersOfTwoColumnsCountTwice() {
        assertEquals("猫  cat\nx   y\n", new Table("ll").row("猫", "cat").row("x", "y").text(0));
    }

    @Test
    void aRowHasAsManyCellsAsThereAreColumns() {
        assertThrows(IllegalArgumentException.class, () -> new Table("ll").row("one"));
    }

    /// For any table and any width of at least 60, no line is longer than the terminal and no word is lost.
    @Test
    void noLineIsLongerAndNoWordIsLost() {
        Random random = new Random(3);
        for (int i = 0; i < 2000; i++) {
            int columns = 2 + random.nextInt(5);
            String alignment = "l" + IntStream.range(1, columns).mapToObj(c -> random.nextBoolean() ? "l" : "r")
                    .collect(Collectors.joining());
            Table table = new Table(alignment).head(words(random, columns, 2));
            StringBuilder all = new StringBuilder();
            for (int r = 0; r < 3; r++) {
                Object[] row = words(random, columns, 9);
                table.row(row);
                Arrays.stream(row).forEach(cell -> all.append(cell).append(' '));
            }
            int width = 60 + random.nextInt(30);
            String text = table.text(width);
            assertTrue(text.lines().allMatch(line -> WordWrap.width(line) <= width), text);
            String kept = text.replaceAll("[\\s,]", "");
            for (String word : all.toString().split(" ")) {
                assertTrue(kept.contains(word), word + " in\n" + text);
            }
        }
    }

    private static Object[] words(Random random, int columns, int most) {
        return IntStream.range(0, columns).mapToObj(c -> IntStream.rangeClosed(0, random.nextInt(most))
                .mapToObj(w -> "w".repeat(1 + random.nextInt(6)) + random.nextInt(10))
                .collect(Collectors.joining(" "))).toArray();
    }
}
