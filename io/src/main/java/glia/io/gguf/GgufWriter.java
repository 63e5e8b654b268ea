package glia.io.gguf;

import glia.io.CheckpointException;
import glia.io.file.AtomicFile.IfExists;
import glia.io.file.AtomicFile;
import glia.io.file.TensorContent;
import glia.io.file.TensorEntry;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongConsumer;

/// Writes GGUF files of version 3: metadata and tensors in the order given, each tensor padded to the alignment
/// `general.alignment`, by default 32 bytes. Other readers require a string `general.architecture`.
public final class GgufWriter {
    /// The limit of other readers without the terminating zero.
    private static final int MAX_TENSOR_NAME_BYTES = 63;

    private GgufWriter() { }

    /// Writes or replaces a file; an existing file is never changed in place.
    ///
    /// @throws CheckpointException if the format has no such type, name or rank, or the file cannot be written
    public static void write(Path file, GgufMetadata metadata, Map<String, Tensor> tensors) throws CheckpointException {
        writeContents(file, metadata, contents(tensors), done -> { });
    }

    /// Writes or replaces a file whose tensors are computed one after the other.
    ///
    /// @param doneBytes receives the number of tensor bytes written so far
    public static void writeContents(Path file, GgufMetadata metadata, Map<String, TensorContent> tensors,
            LongConsumer doneBytes) throws CheckpointException {
        writeContents(file, metadata, tensors, doneBytes, IfExists.REPLACE);
    }

    /// Writes a file whose tensors are computed one after the other.
    ///
    /// @throws CheckpointException also if the file exists and may not be replaced; no tensor is computed then
    public static void writeContents(Path file, GgufMetadata metadata, Map<String, TensorContent> tensors,
            LongConsumer doneBytes, IfExists ifExists) throws CheckpointException {
        AtomicFile.write(file, ifExists, body(file, metadata, tensors, doneBytes));
    }

    /// Writes or replaces a file that is mapped and read as a whole ([AtomicFile#writeInHugePages]).
    public static void writeInHugePages(Path file, GgufMetadata metadata, Map<String, Tensor> tensors)
            throws CheckpointException {
        AtomicFile.writeInHugePages(file, body(file, metadata, contents(tensors), done -> { }));
    }

    private static Map<String, TensorContent> contents(Map<String, Tensor> tensors) {
        Map<String, TensorContent> contents = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> contents.put(name, TensorContent.of(tensor)));
        return contents;
    }

    private static AtomicFile.Body body(Path file, GgufMetadata metadata, Map<String, TensorContent> tensors,
            LongConsumer doneBytes) throws CheckpointException {
        int alignment = GgufHeader.alignment(metadata);
        GgufOutput header = new GgufOutput().int32(GgufHeader.MAGIC_NUMBER).int32(GgufHeader.VERSION)
                .int64(tensors.size()).int64(metadata.keys().size());
        for (String key : metadata.keys()) {
            checkName(file, "metadata key " + key, key, GgufHeader.MAX_NAME_BYTES);
            GgufValue value = metadata.value(key);
            header.string(key).int32(value.kind().ordinal());
            if (value.content() instanceof GgufValue.GgufList list) {
                header.list(list);
            } else {
                header.scalar(value.kind(), value.content());
            }
        }
        long at = 0;
        for (Map.Entry<String, TensorContent> entry : tensors.entrySet()) {
            describe(header, file, entry.getKey(), entry.getValue(), at);
            at = TensorEntry.align(at + entry.getValue().sizeBytes(), alignment);
        }
        return out -> {
            out.write(header.toBytes());
            out.pad(alignment);
            long done = 0;
            for (TensorContent content : tensors.values()) {
                try (Arena scratch = Arena.ofConfined()) {
                    out.write(content.make().apply(scratch).memory());
                }
                out.pad(alignment);
                done += content.sizeBytes();
                doneBytes.accept(done);
            }
        };
    }

    private static void describe(GgufOutput header, Path file, String name, TensorContent tensor, long at)
            throws CheckpointException {
        checkName(file, TensorEntry.where(name), name, MAX_TENSOR_NAME_BYTES);
        int type = GgufHeader.GgufTypes.number(tensor.dtype());
        if (type < 0) {
            throw new CheckpointException(file, TensorEntry.where(name), "cannot be written: GGUF has no type for "
                    + tensor.dtype());
        }
        long[] shape = tensor.shape();
        if (shape.length > GgufHeader.MAX_RANK) {
            throw new CheckpointException(file, TensorEntry.where(name), "cannot be written: it has " + shape.length
                    + " dimensions, GGUF at most " + GgufHeader.MAX_RANK);
        }
        header.string(name).int32(shape.length);
        for (int i = shape.length - 1; i >= 0; i--) {
            header.int64(shape[i]);
        }
        header.int32(type).int64(at);
    }

    private static void checkName(Path file, String where, String name, int maxBytes) throws CheckpointException {
        int length = name.getBytes(StandardCharsets.UTF_8).length;
        if (length > maxBytes) {
            throw new CheckpointException(file, where, "cannot be written: the name has " + length
                    + " bytes, the limit of GGUF readers is " + maxBytes);
        }
    }
}
