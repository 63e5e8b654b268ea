package glia.cli.terminal;

import org.jline.utils.WCWidth;

/// Breaks lines between words where a terminal would break them anywhere. Text comes in pieces and goes out as soon as
/// its words are whole; joined, it is what came, but for the line breaks that were put in.
public final class WordWrap {
    private final int width;
    private final StringBuilder word = new StringBuilder();
    private int wordWidth;
    private int column;

    /// @param width columns of the terminal, more than 1; 0 breaks nothing
    public WordWrap(int width) {
        this.width = width;
    }

    /// A whole text for a terminal of this width, without spaces at the ends of lines; 0 leaves it as it is.
    public static String of(String text, int width) {
        if (width == 0) {
            return text;
        }
        WordWrap lines = new WordWrap(width);
        return (lines.accept(text) + lines.finish()).replaceAll(" +(?=\n|$)", "");
    }

    /// The columns that a line takes on a terminal.
    public static int width(String line) {
        return line.codePoints().map(c -> Math.max(0, WCWidth.wcwidth(c))).sum();
    }

    /// Takes a piece, and gives what can be printed now.
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
            // A space that no longer fits is where the line is broken.
            if (column < width) {
                out.appendCodePoint(c);
                column = c == ' ' ? column + 1 : Math.min(width, (column / 8 + 1) * 8);
            }
        } else {
            if (columns == 2 || wordWidth + columns > width) {
                flush(out);  // scripts of wide characters break anywhere, and so do words longer than a line
            }
            word.appendCodePoint(c);
            wordWidth += columns;
            if (columns == 2) {
                flush(out);
            }
        }
    }

    /// The word that is not yet printed. The next piece begins a line.
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
