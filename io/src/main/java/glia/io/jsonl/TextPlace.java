package glia.io.jsonl;

import glia.io.CheckpointException;
import java.nio.file.Path;

/// A line of a data file.
///
/// @param line counted from 1
public record TextPlace(Path file, long line) {
    /// An error at this line.
    ///
    /// @param problem what was found, what was expected and what to try
    public CheckpointException error(String problem) {
        return new CheckpointException(file, "line " + line, problem);
    }

    /// An error at a key of the JSON object in this line.
    public CheckpointException error(String key, String problem) {
        return new CheckpointException(file, "line " + line + ": " + key, problem);
    }
}
