package glia.plan.data;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/// A row of a table of published figures. An empty cell is a figure that is not published.
///
/// @param file the table's name, for messages
/// @param line the number of the row's line in it; the header is line 1
public record Row(String file, long line, Map<String, String> cells) {
    public Row {
        cells = Map.copyOf(cells);
    }

    /// The text of a cell; empty if the cell is empty or the column is missing.
    public String text(String column) {
        return cells.getOrDefault(column, "").strip();
    }

    /// The number in a cell, if there is one.
    ///
    /// @throws IllegalArgumentException if the cell holds something else
    public OptionalDouble number(String column) {
        String text = text(column);
        if (text.isEmpty()) {
            return OptionalDouble.empty();
        }
        try {
            double value = Double.parseDouble(text);
            if (Double.isFinite(value)) {
                return OptionalDouble.of(value);
            }
        } catch (NumberFormatException e) {
            // As for infinities: the message below says it.
        }
        throw error(column, "found '" + text + "', expected a number");
    }

    /// The number in a cell, or another one if the cell is empty.
    public double number(String column, double otherwise) {
        return number(column).orElse(otherwise);
    }

    /// The positive number in a cell that must not be empty.
    public double required(String column) {
        double value = number(column).orElseThrow(() -> error(column, "found nothing, expected a number"));
        if (value <= 0) {
            throw error(column, "found " + value + ", expected a number above 0");
        }
        return value;
    }

    /// The text of a cell, if it is not empty.
    public Optional<String> words(String column) {
        return Optional.of(text(column)).filter(text -> !text.isEmpty());
    }

    /// An error about a cell.
    public IllegalArgumentException error(String column, String what) {
        return new IllegalArgumentException(file + ", line " + line + ", column '" + column + "': " + what);
    }
}
