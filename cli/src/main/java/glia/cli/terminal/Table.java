package glia.cli.terminal;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/// A table of text. Columns are as wide as their contents; on a narrower terminal headings and then texts are wrapped
/// between words, and if that is not enough, each row becomes a paragraph. Control characters in cells are written out
/// ([VisibleText#line]).
public final class Table {
    /// The least width to which a column of text is wrapped.
    private static final int LEAST_TEXT = 20;
    private static final int LEAST_WIDTH = 30;
    private static final String INDENT = "    ";
    /// A space at which no line is wrapped.
    private static final char GLUE = '\u00a0';

    private final String alignment;
    private List<String> head = List.of();
    private final List<List<String>> rows = new ArrayList<>();

    /// @param alignment one letter a column: `l` left, `L` left and never wrapped, `r` right; for example `lrr`
    public Table(String alignment) {
        this.alignment = alignment;
    }

    /// Gives the columns headings.
    public Table head(Object... cells) {
        head = cells(cells);
        return this;
    }

    /// Adds a row of as many cells as there are columns.
    public Table row(Object... cells) {
        rows.add(cells(cells));
        return this;
    }

    private List<String> cells(Object... cells) {
        if (cells.length != alignment.length()) {
            throw new IllegalArgumentException(cells.length + " cells in a table of " + alignment.length()
                    + " columns");
        }
        List<String> row = new ArrayList<>();
        for (Object cell : cells) {
            row.add(VisibleText.line(cell.toString()));
        }
        return row;
    }

    /// Prints the table on standard output, at the width of its terminal.
    public void print(Console console) {
        console.out().print(text(console.width()));
    }

    /// The table in Markdown.
    public String markdown() {
        StringBuilder text = new StringBuilder(markdown(head.isEmpty() ? Collections.nCopies(alignment.length(), "")
                : head)).append(markdown(alignment.chars().mapToObj(c -> c == 'r' ? "--:" : "---").toList()));
        rows.forEach(row -> text.append(markdown(row.stream().map(cell -> cell.replace("|", "\\|")).toList())));
        return text.toString();
    }

    private static String markdown(List<String> cells) {
        return "| " + String.join(" | ", cells) + " |\n";
    }

    /// The table, cells two spaces apart.
    ///
    /// @param width columns of the terminal; 0 for any number
    public String text(int width) {
        int[] widths = new int[alignment.length()];
        for (int i = 0; i < widths.length; i++) {
            widths[i] = Math.max(head.isEmpty() ? 0 : WordWrap.width(head.get(i)), widest(i));
        }
        if (width == 0 || total(widths) <= width) {
            return lines(widths);
        }
        int most = Math.max(width, LEAST_WIDTH);
        narrow(widths, most);
        return total(widths) <= most || head.isEmpty() ? lines(widths) : paragraphs(most);
    }

    private int widest(int column) {
        return rows.stream().mapToInt(row -> WordWrap.width(row.get(column))).max().orElse(0);
    }

    private static int total(int[] widths) {
        int total = 2 * (widths.length - 1);
        for (int width : widths) {
            total += width;
        }
        return total;
    }

    /// Narrows columns of numbers to their widest cell, then columns of text, the widest first.
    private void narrow(int[] widths, int most) {
        for (char kind : new char[] {'r', 'l'}) {
            while (total(widths) > most) {
                int column = -1;
                for (int i = 0; i < widths.length; i++) {
                    if (alignment.charAt(i) == kind && widths[i] > least(i)
                            && (column < 0 || widths[i] > widths[column])) {
                        column = i;
                    }
                }
                if (column < 0) {
                    break;
                }
                widths[column]--;
            }
        }
    }

    private int least(int column) {
        if (alignment.charAt(column) == 'l') {
            return LEAST_TEXT;
        }
        int least = widest(column);
        for (String word : head.isEmpty() ? new String[0] : head.get(column).split(" ")) {
            least = Math.max(least, WordWrap.width(word));
        }
        return least;
    }

    private String lines(int[] widths) {
        StringBuilder text = new StringBuilder();
        if (!head.isEmpty()) {
            add(head, widths, text);
        }
        rows.forEach(row -> add(row, widths, text));
        return text.toString();
    }

    /// Adds a row of as many lines as its longest cell has.
    private void add(List<String> row, int[] widths, StringBuilder text) {
        List<List<String>> cells = new ArrayList<>();
        int height = 1;
        for (int i = 0; i < widths.length; i++) {
            boolean fits = WordWrap.width(row.get(i)) <= widths[i];
            cells.add(fits ? List.of(row.get(i)) : WordWrap.of(row.get(i), widths[i]).lines().toList());
            height = Math.max(height, cells.get(i).size());
        }
        for (int n = 0; n < height; n++) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                String cell = n < cells.get(i).size() ? cells.get(i).get(n) : "";
                boolean right = alignment.charAt(i) == 'r';
                cell = right ? cell.stripTrailing() : cell;
                String gap = " ".repeat(Math.max(0, widths[i] - WordWrap.width(cell)));
                line.append(i == 0 ? "" : "  ").append(right ? gap + cell : cell + gap);
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
    }

    /// For each row a line with the cells up to the first text, then `heading cell` for each other cell that is not
    /// empty.
    private String paragraphs(int width) {
        int title = Math.max(0, alignment.toLowerCase(Locale.ROOT).indexOf('l'));
        StringBuilder text = new StringBuilder();
        for (List<String> row : rows) {
            String name = String.join(" ", row.subList(0, title + 1).stream().filter(c -> !c.isEmpty()).toList());
            WordWrap.of(name, width).lines().forEach(line -> text.append(line).append('\n'));
            List<String> more = new ArrayList<>();
            for (int i = title + 1; i < row.size(); i++) {
                if (!row.get(i).isEmpty()) {
                    String item = head.get(i) + " " + row.get(i);
                    more.add(alignment.charAt(i) == 'r' ? item.replace(' ', GLUE) : item);
                }
            }
            WordWrap.of(String.join(", ", more), width - INDENT.length()).replace(GLUE, ' ').lines()
                    .forEach(line -> text.append(INDENT).append(line).append('\n'));
        }
        return text.toString();
    }
}
