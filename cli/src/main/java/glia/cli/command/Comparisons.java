package glia.cli.command;

import glia.cli.terminal.WordWrap;
import java.util.Locale;

/// Results of comparisons with a reference as lines of text.
final class Comparisons {
    private static final int LEAST_WIDTH = 30;

    private Comparisons() {}

    /// One line, or several on a narrow terminal: pass or FAIL, what was compared, difference and tolerance.
    ///
    /// @param detail a remark, may be empty
    /// @param width of the terminal, 0 if there is none
    static String line(boolean passed, String what, double difference, double tolerance, String detail, int width) {
        String number = number(difference);
        String more = ", at most " + number(tolerance) + (detail.isEmpty() ? "" : "  " + detail);
        return wrapped(passed, String.format(Locale.ROOT, "%-54s  %9s%s", what, number, more),
                what + ": " + number + more, width);
    }

    /// The line of something that could not be compared.
    static String failure(String what, String error, int width) {
        String text = what + ": " + error;
        return wrapped(false, text, text, width);
    }

    private static String wrapped(boolean passed, String wide, String narrow, int width) {
        String word = passed ? "pass  " : "FAIL  ";
        return width == 0 || WordWrap.width(word + wide) <= width ? word + wide
                : word + WordWrap.of(narrow, Math.max(width, LEAST_WIDTH) - word.length())
                        .replace("\n", "\n" + " ".repeat(word.length()));
    }

    /// Counts in full, other numbers with two digits.
    private static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e9 ? Long.toString((long) value)
                : String.format(Locale.ROOT, "%.1e", value);
    }
}
