package glia.io.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.file.MappedFile;
import glia.io.file.MappedTensors;
import glia.tensor.Tensor;
import java.nio.file.Path;
import java.util.Set;

/// A GGUF checkpoint, version 2 or 3, little-endian: one file, or a model split into parts
/// `…-00001-of-00003.gguf`, of which the first is opened and holds the metadata. Shapes are given outermost dimension
/// first, as everywhere in Glia; the format has them the other way round.
public final class GgufCheckpoint implements Checkpoint {
    private final MappedTensors tensors;
    private GgufMetadata metadata;

    private GgufCheckpoint(Path path) {
        tensors = new MappedTensors(path);
    }

    /// Opens a file and, if it is the first of several, the others beside it.
    ///
    /// @throws CheckpointException if anything in them is not as the format says
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
        MappedFile file = MappedFile.open(path);
        GgufHeader header;
        try {
            header = GgufHeader.read(file);
        } catch (Throwable e) {
            file.close();
            throw e;
        }
        tensors.add(file, header.entries(), header.dataStart());
        return header.metadata();
    }

    /// The metadata; of several parts, those of the first.
    public GgufMetadata metadata() {
        return metadata;
    }

    @Override
    public Set<String> names() {
        return tensors.names();
    }

    @Override
    public Tensor tensor(String name) throws CheckpointException {
        return tensors.tensor(name);
    }

    @Override
    public long sizeBytes() {
        return tensors.sizeBytes();
    }

    @Override
    public void close() {
        tensors.close();
    }
}
