package glia.io.gguf;

import glia.io.CheckpointException;
import glia.io.file.MappedFile;
import glia.io.file.MappedCheckpoint;
import java.nio.file.Path;

/// A GGUF checkpoint, version 2 or 3, little-endian: one file, or shards
/// `…-00001-of-00003.gguf`, of which the first is opened and contains the metadata. Shapes have the outermost dimension
/// first, as everywhere in Glia; the format stores the innermost first.
public final class GgufCheckpoint extends MappedCheckpoint {
    private GgufMetadata metadata;

    private GgufCheckpoint(Path path) {
        super(path);
    }

    /// Opens a file and, if it is the first shard, the others.
    ///
    /// @throws CheckpointException if a file violates the format
    public static GgufCheckpoint open(Path path) throws CheckpointException {
        GgufCheckpoint checkpoint = new GgufCheckpoint(path);
        try {
            checkpoint.metadata = checkpoint.add(path);
            GgufSplit split = GgufSplit.of(path, checkpoint.metadata);
            for (int part = 1; part < split.numParts(); part++) {
                split.checkPart(part, checkpoint.add(split.path(part)));
            }
            split.checkNumTensors(checkpoint.names().size());
            return checkpoint;
        } catch (Throwable e) {
            checkpoint.close();
            throw e;
        }
    }

    private GgufMetadata add(Path path) throws CheckpointException {
        MappedFile file = file(path);
        GgufHeader header = GgufHeader.read(file);
        add(file, header.entries(), header.dataStart());
        return header.metadata();
    }

    /// The metadata of the file or of the first shard.
    public GgufMetadata metadata() {
        return metadata;
    }
}
