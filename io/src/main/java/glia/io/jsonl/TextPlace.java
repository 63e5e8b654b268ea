package glia.io.jsonl;

import glia.io.CheckpointException;
import java.nio.file.Path;

/// A line of a data file, or an element of an array, or a row of a table.
///
/// @param line counted from 1
/// @param unit what is counted, such as `line`
public record TextPlace(Path file, long line, String unit) {
    /// A line.
    public TextPlace(Path file, long line) {
        this(file, line, "line");
    }

    /// An error at this line.
    ///
    /// @param problem what was found, what was expected and what to try
    public CheckpointException error(String problem) {
        return new CheckpointException(file, unit + " " + line, problem);
    }

    /// An error at a key of the JSON object in this line.
    public CheckpointException error(String key, String problem) {
        return new CheckpointException(file, unit + " " + line + ": " + key, problem);
    }
}
