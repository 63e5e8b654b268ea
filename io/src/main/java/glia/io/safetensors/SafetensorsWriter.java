package glia.io.safetensors;

import glia.io.CheckpointException;
import glia.io.file.AtomicFile.IfExists;
import glia.io.file.AtomicFile;
import glia.io.file.TensorContent;
import glia.io.file.TensorEntry;
import glia.io.json.JsonTree.JsonText;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/// Writes safetensors files, byte for byte as the format's own library does: tensors ordered by type, then by name, the
/// header padded with spaces to a multiple of 8.
public final class SafetensorsWriter {
    private SafetensorsWriter() { }

    /// Writes or replaces one file; an existing file is never changed in place.
    ///
    /// @param metadata strings for `__metadata__`, in this order
    /// @throws CheckpointException if the format has no such type or name, or the file cannot be written
    public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata)
            throws CheckpointException {
        write(file, tensors, metadata, IfExists.REPLACE);
    }

    /// Writes one file.
    ///
    /// @throws CheckpointException also if the file exists and may not be replaced
    public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata, IfExists ifExists)
            throws CheckpointException {
        writeContents(file, contents(tensors), metadata, ifExists);
    }

    private static Map<String, TensorContent> contents(Map<String, Tensor> tensors) {
        Map<String, TensorContent> contents = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> contents.put(name, TensorContent.of(tensor)));
        return contents;
    }

    private static void writeContents(Path file, Map<String, TensorContent> tensors, Map<String, String> metadata,
            IfExists ifExists) throws CheckpointException {
        List<String> names = inOrder(file, tensors);
        byte[] header = header(file, names, tensors, metadata);
        AtomicFile.write(file, ifExists, out -> {
            out.write(header);
            for (String name : names) {
                try (Arena scratch = Arena.ofConfined()) {
                    out.write(tensors.get(name).make().apply(scratch).memory());
                }
            }
        });
    }

    /// Writes shards `model-00001-of-00003.safetensors` of at most `maxBytes` each (more if a single tensor is larger)
    /// and then their index, or a single `model.safetensors` if one shard suffices.
    ///
    /// @throws CheckpointException also if one of the files exists
    public static void writeSharded(Path folder, Map<String, Tensor> tensors, Map<String, String> metadata,
            long maxBytes) throws CheckpointException {
        writeShardedContents(folder, contents(tensors), metadata, maxBytes);
    }

    /// The same with tensors that are computed one after the other.
    ///
    /// @throws CheckpointException also if one of the files exists; no tensor is computed then
    public static void writeShardedContents(Path folder, Map<String, TensorContent> tensors,
            Map<String, String> metadata, long maxBytes) throws CheckpointException {
        AtomicFile.requireAbsent(folder.resolve(SafetensorsCheckpoint.FILE_NAME));
        AtomicFile.requireAbsent(folder.resolve(SafetensorsCheckpoint.INDEX_NAME));
        List<Map<String, TensorContent>> shards = shards(tensors, maxBytes);
        if (shards.size() <= 1) {
            writeContents(folder.resolve(SafetensorsCheckpoint.FILE_NAME), tensors, metadata, IfExists.FAIL);
            return;
        }
        Map<String, String> fileOf = new TreeMap<>();
        for (int i = 0; i < shards.size(); i++) {
            String name = String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
            writeContents(folder.resolve(name), shards.get(i), metadata, IfExists.FAIL);
            shards.get(i).keySet().forEach(tensor -> fileOf.put(tensor, name));
        }
        byte[] index = index(fileOf, tensors.values().stream().mapToLong(TensorContent::sizeBytes).sum());
        AtomicFile.write(folder.resolve(SafetensorsCheckpoint.INDEX_NAME), IfExists.FAIL, out -> out.write(index));
    }

    private static List<Map<String, TensorContent>> shards(Map<String, TensorContent> tensors, long maxBytes) {
        List<Map<String, TensorContent>> shards = new ArrayList<>();
        long size = Long.MAX_VALUE;
        for (Map.Entry<String, TensorContent> entry : tensors.entrySet()) {
            long more = entry.getValue().sizeBytes();
            if (size > maxBytes - more) {
                shards.add(new LinkedHashMap<>());
                size = 0;
            }
            shards.getLast().put(entry.getKey(), entry.getValue());
            size += more;
        }
        return shards;
    }

    private static byte[] index(Map<String, String> fileOf, long totalBytes) {
        StringBuilder json = new StringBuilder("{\n  \"metadata\": {\n    \"total_size\": ").append(totalBytes)
                .append("\n  },\n  \"weight_map\": {");
        String separator = "\n    ";
        for (Map.Entry<String, String> entry : fileOf.entrySet()) {
            json.append(separator).append(JsonText.quote(entry.getKey())).append(": ")
                    .append(JsonText.quote(entry.getValue()));
            separator = ",\n    ";
        }
        return json.append("\n  }\n}\n").toString().getBytes(StandardCharsets.UTF_8);
    }

    private static List<String> inOrder(Path file, Map<String, TensorContent> tensors) throws CheckpointException {
        for (Map.Entry<String, TensorContent> entry : tensors.entrySet()) {
            if (SafetensorsTypes.order(entry.getValue().dtype()) < 0) {
                throw new CheckpointException(file, TensorEntry.where(entry.getKey()), "cannot be written: safetensors "
                        + "has no type for " + entry.getValue().dtype() + ", only " + SafetensorsTypes.names());
            }
            if (entry.getKey().equals(HeaderParser.METADATA)) {
                throw new CheckpointException(file, TensorEntry.where(entry.getKey()), "cannot be written: the format "
                        + "reserves this name");
            }
        }
        Comparator<String> byType = Comparator.comparingInt(name -> SafetensorsTypes.order(tensors.get(name).dtype()));
        return tensors.keySet().stream().sorted(byType.thenComparing(name -> name.getBytes(StandardCharsets.UTF_8),
                Arrays::compareUnsigned)).toList();
    }

    private static byte[] header(Path file, List<String> names, Map<String, TensorContent> tensors,
            Map<String, String> metadata) throws CheckpointException {
        List<String> parts = new ArrayList<>();
        if (!metadata.isEmpty()) {
            List<String> texts = new ArrayList<>();
            metadata.forEach((key, value) -> texts.add(JsonText.quote(key) + ":" + JsonText.quote(value)));
            parts.add("\"" + HeaderParser.METADATA + "\":{" + String.join(",", texts) + "}");
        }
        long at = 0;
        for (String name : names) {
            TensorContent tensor = tensors.get(name);
            String shape = Arrays.toString(tensor.shape()).replace(" ", "");
            parts.add(JsonText.quote(name) + ":{\"dtype\":\"" + tensor.dtype() + "\",\"shape\":" + shape
                    + ",\"data_offsets\":[" + at + "," + (at + tensor.sizeBytes()) + "]}");
            at += tensor.sizeBytes();
        }
        byte[] json = ("{" + String.join(",", parts) + "}").getBytes(StandardCharsets.UTF_8);
        int length = (int) TensorEntry.align(json.length, Long.BYTES);
        if (length > SafetensorsHeader.MAX_BYTES) {
            throw new CheckpointException(file, "header", "takes " + length + " bytes, more than the "
                    + SafetensorsHeader.MAX_BYTES + " that the format allows");
        }
        byte[] header = new byte[Long.BYTES + length];
        for (int i = 0; i < Integer.BYTES; i++) {
            header[i] = (byte) (length >>> (8 * i));
        }
        System.arraycopy(json, 0, header, Long.BYTES, json.length);
        Arrays.fill(header, Long.BYTES + json.length, header.length, (byte) ' ');
        return header;
    }

    /// The data types of safetensors. The format's library writes tensors in this order of types, which aligns each to
    /// its element size.
    static final class SafetensorsTypes {
        private static final Map<String, DType> TYPES = new LinkedHashMap<>();
        private static final DType[] ORDER = {
            DType.I64, DType.F64, DType.F32, DType.I32, DType.BF16, DType.F16, DType.I16, DType.F8_E8M0, DType.F8_E4M3,
            DType.F8_E5M2, DType.I8, DType.U8, DType.BOOL};

        static {
            for (DType dtype : ORDER) {
                TYPES.put(dtype.name(), dtype);
            }
        }

        private SafetensorsTypes() { }

        /// The type of this name, or null.
        static DType of(String name) {
            return TYPES.get(name);
        }

        /// All names, for messages.
        static String names() {
            return String.join(", ", TYPES.keySet());
        }

        /// The position of a type in the order of writing, or -1 if the format does not have it.
        static int order(DType dtype) {
            for (int i = 0; i < ORDER.length; i++) {
                if (ORDER[i] == dtype) {
                    return i;
                }
            }
            return -1;
        }
    }
}
