package glia.io.file;

import glia.io.CheckpointException;
import glia.io.Config;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/// The index of a checkpoint in several files, `{"metadata": {…}, "weight_map": {"<tensor>": "<file>", …}}`.
///
/// @param path the index file
/// @param fileOf the file of each tensor, a plain name in the same folder
public record ShardIndex(Path path, Map<String, String> fileOf) {
    /// Reads an index.
    ///
    /// @param suffix of the files' names
    /// @throws CheckpointException if a name could leave the folder or has another suffix
    public static ShardIndex read(Path path, String suffix) throws CheckpointException {
        Config map = Config.read(path).child("weight_map");
        Map<String, String> fileOf = new LinkedHashMap<>();
        for (String tensor : map.keys()) {
            String file = map.text(tensor);
            if (!isPlain(file, suffix)) {
                throw new CheckpointException(path, TensorEntry.where(tensor), "found the file name \"" + file
                        + "\", expected a " + suffix + " file beside the index, named without a folder");
            }
            fileOf.put(tensor, file);
        }
        if (fileOf.isEmpty()) {
            throw new CheckpointException(path, "weight_map", "is empty, expected the file of each tensor");
        }
        return new ShardIndex(path, fileOf);
    }

    /// Whether a name stays in the folder on every system: no separators, drives, streams or control characters.
    private static boolean isPlain(String name, String suffix) {
        return name.endsWith(suffix) && !name.startsWith(".")
                && name.chars().allMatch(c -> c >= ' ' && c != 0x7F && "/\\:*?\"<>|".indexOf(c) < 0);
    }

    /// The files, sorted by name.
    public SortedSet<String> files() {
        return new TreeSet<>(fileOf.values());
    }

    /// Checks that each tensor is in the file that the index states.
    ///
    /// @throws CheckpointException if one is missing or elsewhere
    public void checkAgainst(MappedCheckpoint tensors) throws CheckpointException {
        for (Map.Entry<String, String> entry : fileOf.entrySet()) {
            Path expected = path.resolveSibling(entry.getValue());
            Path found = tensors.fileOf(entry.getKey());
            if (!expected.equals(found)) {
                throw new CheckpointException(expected, TensorEntry.where(entry.getKey()), "is "
                        + (found == null ? "missing" : "in " + found.getFileName()) + ", expected here by "
                        + path.getFileName() + "; the files may be of different checkpoints");
            }
        }
    }
}
