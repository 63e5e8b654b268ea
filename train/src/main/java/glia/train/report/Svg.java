package glia.train.report;

import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;

/// A drawing in SVG of lines and texts, light or dark as the reader prefers. On its own ground texts have a contrast of
/// at least 4.5, curves of at least 3 (WCAG 2.2).
public final class Svg {
    /// Colors of curves, in their order.
    public static final List<String> COLORS = List.of("#2f8fd6", "#d95f02", "#1b9e77", "#7570b3", "#e7298a", "#a6761d",
            "#6a9a1f", "#c0392b", "#808080");
    /// Of axes.
    public static final String GRAY = "#808080";
    /// Of lines behind curves.
    public static final String PALE = "#8080804d";

    private static final String STYLE = "<style>@media (prefers-color-scheme: dark) { .svg-ground { fill: #16181c } "
            + ".svg-words { fill: #c3c9d0 } }</style>";

    private final StringBuilder text = new StringBuilder();

    /// @param width in pixels
    /// @param height in pixels
    public Svg(int width, int height) {
        add("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
                + "font-family=\"system-ui, sans-serif\" font-size=\"12\">%n%s%n<rect class=\"svg-ground\" "
                + "width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>%n", width, height, width, height, STYLE, width,
                height);
    }

    /// The color of a curve.
    public static String color(int index) {
        return COLORS.get(index % COLORS.size());
    }

    /// A text with the characters that XML reserves escaped.
    public static String escaped(String plain) {
        return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
    }

    /// Draws a line.
    public void line(double x1, double y1, double x2, double y2, String color, int width) {
        add("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" stroke-width=\"%d\"/>%n", x1, y1, x2,
                y2, color, width);
    }

    /// Writes a text.
    ///
    /// @param anchor `start`, `middle` or `end`
    public void text(double x, double y, String anchor, String words) {
        add("<text class=\"svg-words\" fill=\"#4b5157\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>%n", x, y,
                anchor, escaped(words));
    }

    /// Draws a disc.
    ///
    /// @param title shown under the pointer; empty for none
    public void circle(double x, double y, double radius, String color, String title) {
        add("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"%s\"%s%n", x, y, radius, color, title.isEmpty() ? "/>"
                : "><title>" + escaped(title) + "</title></circle>");
    }

    /// Draws a curve through points `[x, y]`.
    public void curve(List<double[]> points, String color) {
        add("<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.8\" stroke-linejoin=\"round\"/>%n",
                points(points), color);
    }

    /// Draws the grid and the numbers of two axes.
    ///
    /// @param across the horizontal axis, whose numbers stand at the bottom
    /// @param up the vertical axis, whose lines go from left to right
    public void axes(Scale across, Scale up, double left, double right, double bottom,
            DoubleFunction<String> acrossWords, DoubleFunction<String> upWords) {
        for (double tick : up.ticks()) {
            line(left, up.at(tick), right, up.at(tick), PALE, 1);
            text(left - 6, up.at(tick) + 4, "end", upWords.apply(tick));
        }
        for (double tick : across.ticks()) {
            line(across.at(tick), bottom, across.at(tick), bottom + 4, GRAY, 1);
            text(across.at(tick), bottom + 18, "middle", acrossWords.apply(tick));
        }
    }

    /// Draws an entry of a legend.
    public void entry(double x, double y, String color, String words) {
        line(x, y - 4, x + 18, y - 4, color, 3);
        text(x + 24, y, "start", words);
    }

    /// Fills the area that points `[x, y]` surround, pale.
    public void area(List<double[]> points, String color) {
        add("<polygon points=\"%s\" fill=\"%s\" fill-opacity=\"0.18\"/>%n", points(points), color);
    }

    private static String points(List<double[]> points) {
        StringBuilder all = new StringBuilder();
        points.forEach(p -> all.append(String.format(Locale.ROOT, "%.1f,%.1f ", p[0], p[1])));
        return all.toString().strip();
    }

    private void add(String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values));
    }

    /// The whole drawing.
    @Override
    public String toString() {
        return text + "</svg>\n";
    }
}
