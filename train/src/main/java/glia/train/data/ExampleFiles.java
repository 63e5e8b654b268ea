package glia.train.data;

import glia.io.CheckpointException;
import glia.io.jsonl.JsonLine;
import glia.io.jsonl.JsonLines;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// Reads examples from JSONL files.
final class ExampleFiles {
    private ExampleFiles() { }

    /// Receives lines.
    @FunctionalInterface
    interface Reader {
        void line(JsonLine line) throws CheckpointException;
    }

    /// Reads all lines of files and of the JSONL files in folders.
    ///
    /// @param example a line of the kind that is expected, which errors show
    /// @throws CheckpointException if there is no line, or one is not as described
    static void read(List<Path> paths, String example, Reader reader) throws IOException {
        boolean isEmpty = true;
        List<Path> files = TextSource.of(paths.toArray(Path[]::new)).files();
        for (Path file : files) {
            if (!paths.contains(file) && !TextSource.isJsonLines(file)) {
                continue;
            }
            try (JsonLines lines = new JsonLines(file, example)) {
                for (JsonLine line = lines.next(); line != null; line = lines.next()) {
                    reader.line(line);
                    isEmpty = false;
                }
            }
        }
        if (isEmpty) {
            throw new CheckpointException(files.getFirst(), "", "found no example, expected a JSON object in each "
                    + "line of a .jsonl file, such as " + example);
        }
    }
}
