package glia.io.safetensors;

import glia.io.CheckpointException;
import glia.io.file.MappedCheckpoint;
import glia.io.file.MappedFile;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A safetensors checkpoint: one file, or several with an index of the tensors.
public final class SafetensorsCheckpoint extends MappedCheckpoint {
    /// The name of a single file.
    public static final String FILE_NAME = "model.safetensors";
    /// The name of the index of several files.
    public static final String INDEX_NAME = "model.safetensors.index.json";

    private final Map<String, String> metadata = new LinkedHashMap<>();

    private SafetensorsCheckpoint(Path origin) {
        super(origin);
    }

    /// Opens a `.safetensors` file, an index (`….index.json`), or a folder with `model.safetensors` or its index.
    ///
    /// @throws CheckpointException if a file violates the format
    public static SafetensorsCheckpoint open(Path fileOrFolder) throws CheckpointException {
        Path file = fileOrFolder;
        if (Files.isDirectory(fileOrFolder)) {
            file = List.of(FILE_NAME, INDEX_NAME).stream().map(fileOrFolder::resolve).filter(Files::exists).findFirst()
                    .orElseThrow(() -> new CheckpointException(fileOrFolder, "", "holds neither " + FILE_NAME + " nor "
                            + INDEX_NAME));
        }
        SafetensorsCheckpoint checkpoint = new SafetensorsCheckpoint(file);
        checkpoint.open(file, ".safetensors", checkpoint::add);
        return checkpoint;
    }

    private void add(Path path) throws CheckpointException {
        MappedFile file = file(path);
        SafetensorsHeader header = SafetensorsHeader.read(file);
        add(file, header.entries(), header.dataStart());
        header.metadata().forEach(metadata::putIfAbsent);
    }

    /// A matrix of token ids, one array a row.
    ///
    /// @throws CheckpointException if there is no such tensor, or it is not I64 of rank 2 without negative numbers
    public int[][] ids(String name) throws CheckpointException {
        Tensor t = tensor(name);
        if (t.dtype() != DType.I64 || t.rank() != 2) {
            throw new CheckpointException(origin(), name, "is " + t + ", expected I64 [sequences, tokens]");
        }
        int[][] rows = new int[t.rows()][t.cols()];
        for (int i = 0; i < t.size(); i++) {
            long id = t.memory().getAtIndex(ValueLayout.JAVA_LONG_UNALIGNED, i);
            if (id < 0 || id > Integer.MAX_VALUE) {
                throw new CheckpointException(origin(), name, "holds the token " + id);
            }
            rows[i / t.cols()][i % t.cols()] = (int) id;
        }
        return rows;
    }

    /// The strings under `__metadata__`; if several files have a key, that of the first.
    public Map<String, String> metadata() {
        return Collections.unmodifiableMap(metadata);
    }
}
