package glia.cli.terminal;

import org.jline.utils.WCWidth;

/// Wraps lines between words at a terminal's width. Text arrives in pieces and is returned as soon as its words are
/// complete; only newlines are added.
public final class WordWrap {
    private final int width;
    private final StringBuilder word = new StringBuilder();
    private int wordWidth;
    private int column;

    /// @param width columns of the terminal, more than 1; 0 wraps nothing
    public WordWrap(int width) {
        this.width = width;
    }

    /// A whole text wrapped at a width, without spaces at the ends of lines; 0 leaves it as it is.
    public static String of(String text, int width) {
        if (width == 0) {
            return text;
        }
        WordWrap lines = new WordWrap(width);
        return (lines.accept(text) + lines.finish()).replaceAll(" +(?=\n|$)", "");
    }

    /// Lines wrapped between words at a width; 0 leaves them as they are. A word that is longer than a line, such as a
    /// path, stays whole, so that it can be copied.
    static String betweenWords(String text, int width) {
        StringBuilder out = new StringBuilder();
        for (String line : text.split("\n", -1)) {
            out.append(out.isEmpty() ? "" : "\n");
            int column = 0;
            for (String word : width == 0 ? new String[] {line} : line.split("(?<=\\S)(?= +\\S)")) {
                int columns = width(word);
                boolean breaks = column > 0 && column + columns > width;
                out.append(breaks ? "\n" + word.stripLeading() : word);
                column = breaks ? columns - (word.length() - word.stripLeading().length()) : column + columns;
            }
        }
        return out.toString();
    }

    /// The columns of a line on a terminal.
    public static int width(String line) {
        return line.codePoints().map(c -> Math.max(0, WCWidth.wcwidth(c))).sum();
    }

    /// Accepts a piece and returns what can be printed now.
    public String accept(String piece) {
        if (width == 0) {
            return piece;
        }
        StringBuilder out = new StringBuilder();
        piece.codePoints().forEach(c -> accept(c, out));
        return out.toString();
    }

    private void accept(int c, StringBuilder out) {
        int columns = Math.max(0, WCWidth.wcwidth(c));
        if (c == '\n') {
            flush(out);
            out.append('\n');
            column = 0;
        } else if (c == ' ' || c == '\t') {
            flush(out);
            // The line is wrapped at a space that no longer fits.
            if (column < width) {
                out.appendCodePoint(c);
                column = c == ' ' ? column + 1 : Math.min(width, (column / 8 + 1) * 8);
            }
        } else {
            if (columns == 2 || wordWidth + columns > width) {
                flush(out);  // wide characters wrap anywhere, and so do words longer than a line
            }
            word.appendCodePoint(c);
            wordWidth += columns;
            if (columns == 2) {
                flush(out);
            }
        }
    }

    /// The columns that are left in the current line.
    public int room() {
        return Math.max(0, width - column);
    }

    /// The rest: the last word. The next piece begins a line.
    public String finish() {
        StringBuilder out = new StringBuilder();
        flush(out);
        column = 0;
        return out.toString();
    }

    private void flush(StringBuilder out) {
        if (column > 0 && column + wordWidth > width) {
            out.append('\n');
            column = 0;
        }
        out.append(word);
        column += wordWidth;
        word.setLength(0);
        wordWidth = 0;
    }
}
