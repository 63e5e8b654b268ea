package glia.io.safetensors;

import glia.io.CheckpointException;
import glia.io.file.MappedFile;
import glia.io.file.MappedCheckpoint;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/// A safetensors checkpoint: one file, or several with an index of the tensors.
public final class SafetensorsCheckpoint extends MappedCheckpoint {
    /// The name of a single file.
    public static final String FILE_NAME = "model.safetensors";
    /// The name of the index of several files.
    public static final String INDEX_NAME = "model.safetensors.index.json";
    private static final String INDEX_SUFFIX = ".index.json";

    private final Map<String, String> metadata = new LinkedHashMap<>();

    private SafetensorsCheckpoint(Path origin) {
        super(origin);
    }

    /// Opens a `.safetensors` file, an index (`….index.json`), or a folder with `model.safetensors` or its index.
    ///
    /// @throws CheckpointException if a file violates the format
    public static SafetensorsCheckpoint open(Path fileOrFolder) throws CheckpointException {
        if (!Files.isDirectory(fileOrFolder)) {
            return fileOrFolder.getFileName().toString().endsWith(INDEX_SUFFIX)
                    ? openIndexed(fileOrFolder) : openSingle(fileOrFolder);
        }
        if (Files.exists(fileOrFolder.resolve(FILE_NAME))) {
            return openSingle(fileOrFolder.resolve(FILE_NAME));
        }
        if (Files.exists(fileOrFolder.resolve(INDEX_NAME))) {
            return openIndexed(fileOrFolder.resolve(INDEX_NAME));
        }
        throw new CheckpointException(fileOrFolder, "", "holds neither " + FILE_NAME + " nor " + INDEX_NAME);
    }

    private static SafetensorsCheckpoint openSingle(Path file) throws CheckpointException {
        SafetensorsCheckpoint checkpoint = new SafetensorsCheckpoint(file);
        try {
            checkpoint.add(file);
            return checkpoint;
        } catch (Throwable e) {
            checkpoint.close();
            throw e;
        }
    }

    private static SafetensorsCheckpoint openIndexed(Path file) throws CheckpointException {
        SafetensorsIndex index = SafetensorsIndex.read(file);
        SafetensorsCheckpoint checkpoint = new SafetensorsCheckpoint(file);
        try {
            for (String shard : index.files()) {
                checkpoint.add(file.resolveSibling(shard));
            }
            index.checkAgainst(checkpoint);
            return checkpoint;
        } catch (Throwable e) {
            checkpoint.close();
            throw e;
        }
    }

    private void add(Path path) throws CheckpointException {
        MappedFile file = file(path);
        SafetensorsHeader header = SafetensorsHeader.read(file);
        add(file, header.entries(), header.dataStart());
        header.metadata().forEach(metadata::putIfAbsent);
    }

    /// The strings under `__metadata__`; if several files have a key, that of the first.
    public Map<String, String> metadata() {
        return Collections.unmodifiableMap(metadata);
    }
}
