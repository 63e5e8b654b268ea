package glia.io.yaml;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.TextFile;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalInt;

/// A YAML 1.2 file that holds one mapping, as Java values (those of [glia.io.json.JsonValues]) with the line of each
/// key.
///
/// Scalars follow the core schema: `true`, `null`, `12`, `0x1f`, `1e-3` and `.inf` are no strings; `yes`, `on` and
/// dates are. Refused, with the line: duplicate keys, anchors, aliases, tags, several documents, keys that are no
/// strings, a nesting deeper than 64 and files of more than 1 MB.
///
/// A *path* names a value: the keys joined by dots, and indices in brackets, as in `layers[2].mixer.heads`.
public final class YamlDocument {
    private static final int MAX_BYTES = 1_000_000;

    private final Path origin;
    private final Map<String, Object> values;
    private final Map<String, Integer> lines;

    private YamlDocument(Path origin, Map<String, Object> values, Map<String, Integer> lines) {
        this.origin = origin;
        this.values = values;
        this.lines = lines;
    }

    /// Reads a file in UTF-8. An empty file is an empty mapping.
    ///
    /// @throws CheckpointException if it cannot be read or is not such a file
    public static YamlDocument read(Path file) throws CheckpointException {
        return parse(file, TextFile.read(file, MAX_BYTES, "YAML of "));
    }

    /// @param origin the file for messages
    public static YamlDocument parse(Path origin, String yaml) throws CheckpointException {
        YamlReader reader = new YamlReader(origin);
        Map<String, Object> values = reader.read(yaml);
        return new YamlDocument(origin, values, reader.lines());
    }

    /// Parses a single value, such as that of `key=value` on a command line: `12`, `true`, `[1, 2]`, `{a: 1}`, `text`.
    ///
    /// @param origin what messages name
    public static Object value(Path origin, String yaml) throws CheckpointException {
        return new YamlReader(origin).value(yaml);
    }

    /// The file.
    public Path origin() {
        return origin;
    }

    /// The values by key, in the order of the file.
    public Map<String, Object> values() {
        return values;
    }

    /// The line of a path's key or list item, counted from 1; empty if the file has no such path.
    public OptionalInt line(String path) {
        Integer line = lines.get(path);
        return line == null ? OptionalInt.empty() : OptionalInt.of(line);
    }

    /// The place of a path for messages: `line 12: key a.b`, with the line of the nearest mapping around it if the
    /// file has no such path.
    public String where(String path) {
        for (String outer = path; !outer.isEmpty(); outer = outer(outer)) {
            if (lines.containsKey(outer)) {
                return "line " + lines.get(outer) + ": key " + path;
            }
        }
        return "key " + path;
    }

    private static String outer(String path) {
        return path.substring(0, Math.max(0, Math.max(path.lastIndexOf('.'), path.lastIndexOf('['))));
    }

    /// An exception about the value of a path.
    public CheckpointException error(String path, String problem) {
        return new CheckpointException(origin, where(path), problem);
    }

    /// An exception about a value that is not in the file.
    ///
    /// @param where the place, for the message
    public CheckpointException errorElsewhere(String where, String problem) {
        return new CheckpointException(origin, where, problem);
    }

    /// The values with typed getters, whose messages name lines.
    public Config config() {
        return Config.of(origin, values, this::where);
    }
}
