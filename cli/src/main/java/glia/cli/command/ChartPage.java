package glia.cli.command;

import glia.train.report.Svg;
import java.util.List;

/// A page of a chart and a table in one file, light or dark as the browser prefers.
final class ChartPage {
    /// The style of pages.
    static final String STYLE = """
            body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem;
              color: #222; background: #fff }
            table { border-collapse: collapse; display: block; overflow-x: auto } th, td { padding: .25rem .8rem;
              text-align: right; border-bottom: 1px solid #8884; white-space: nowrap }
            th:first-child, td:first-child { text-align: left } svg { max-width: 100%; height: auto }
            .chart { overflow-x: auto } h1 { overflow-wrap: anywhere }
            @media (max-width: 40rem) { svg { max-width: none } }
            @media (prefers-color-scheme: dark) { body { color: #ddd; background: #16181c } }
            """;

    private ChartPage() { }

    /// @param rows of cells, headings first
    /// @param note below the table, in plain text
    static String html(String title, String svg, List<List<String>> rows, String note) {
        StringBuilder table = new StringBuilder("<table>\n");
        for (int i = 0; i < rows.size(); i++) {
            String tag = i == 0 ? "th" : "td";
            table.append("<tr>");
            rows.get(i).forEach(cell -> table.append("<" + tag + ">").append(Svg.escaped(cell))
                    .append("</" + tag + ">"));
            table.append("</tr>\n");
        }
        return "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
                + "content=\"width=device-width\">\n<title>" + Svg.escaped(title) + "</title>\n<style>\n" + STYLE
                + "</style>\n<h1>" + Svg.escaped(title) + "</h1>\n<div class=\"chart\" "
                + "tabindex=\"0\" role=\"region\" aria-label=\"Chart\">\n" + svg + "</div>\n" + table + "</table>\n<p>"
                + Svg.escaped(note) + "</p>\n</html>\n";
    }
}
