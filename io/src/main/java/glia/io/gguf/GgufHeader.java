package glia.io.gguf;

import glia.io.CheckpointException;
import glia.io.ContentSniffer;
import glia.io.file.MappedFile;
import glia.io.file.TensorEntry;
import glia.tensor.DType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The header of a GGUF file: `GGUF`, the version, the number of tensors, the number of metadata values, the metadata,
/// then the name, dimensions (innermost first), type and offset of each tensor. The data follow at the next multiple of
/// the alignment, each tensor padded to it.
///
/// A matrix in bitnet.cpp's type I2_S appears as U8 `[R, K/4]`; an F32 scale follows it.
///
/// Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
///
/// @param dataStart the file offset of the first tensor
record GgufHeader(GgufMetadata metadata, List<TensorEntry> entries, long dataStart) {
    static final String MAGIC = "GGUF";
    static final int MAGIC_NUMBER = 0x46554747;
    static final int VERSION = 3;
    static final String ALIGNMENT = "general.alignment";
    static final int DEFAULT_ALIGNMENT = 32;
    static final int MAX_RANK = 4;
    static final int MAX_NAME_BYTES = 65_535;
    private static final int MIN_TENSOR_BYTES = 8 + 4 + 4 + 8;
    private static final int MIN_VALUE_BYTES = 8 + 4 + 1;
    private static final int MAX_ALIGNMENT = 1 << 20;
    private static final int TERNARY_BLOCK = 128;
    private static final int TERNARY_PER_BYTE = 4;
    /// The scale of a tensor in I2_S, and zeros.
    private static final int TERNARY_TAIL = 32;

    static GgufHeader read(MappedFile file) throws CheckpointException {
        if (!file.startsWith(MAGIC)) {
            throw new CheckpointException(file.path(), "byte 0", "found " + ContentSniffer.describe(file.head())
                    + ", expected a GGUF file");
        }
        GgufCursor in = new GgufCursor(file);
        int numTensors = numTensors(in);
        int numValues = in.count("metadata values", MIN_VALUE_BYTES);
        LinkedHashMap<String, GgufValue> values = new LinkedHashMap<>();
        for (int i = 0; i < numValues; i++) {
            in.where("metadata value", i);
            String key = in.string("a key", MAX_NAME_BYTES);
            in.where("metadata key", key);
            if (values.put(key, in.value()) != null) {
                throw in.error("is there twice");
            }
        }
        GgufMetadata metadata = new GgufMetadata(file.path(), values);
        int alignment = alignment(metadata);
        List<TensorEntry> entries = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (int i = 0; i < numTensors; i++) {
            in.where("tensor", i);
            TensorEntry entry = entry(file.path(), in);
            if (!names.add(entry.name())) {
                throw in.error("is there twice");
            }
            entries.add(entry);
        }
        GgufHeader header = new GgufHeader(metadata, entries, TensorEntry.align(in.position(), alignment));
        header.checkPlaces(file, alignment);
        return header;
    }

    private static int numTensors(GgufCursor in) throws CheckpointException {
        in.int32("the magic number");
        checkVersion(in, in.int32("the version"));
        return in.count("tensors", MIN_TENSOR_BYTES);
    }

    /// The architecture; empty if the file has none or is of another format. Reads no further.
    static String architecture(MappedFile file) throws CheckpointException {
        if (!file.startsWith(MAGIC)) {
            return "";
        }
        GgufCursor in = new GgufCursor(file);
        numTensors(in);
        for (int left = in.count("metadata values", MIN_VALUE_BYTES); left > 0; left--) {
            boolean isFound = in.string("a key", MAX_NAME_BYTES).equals("general.architecture");
            GgufValue value = in.value();
            if (isFound) {
                return new GgufMetadata(file.path(), new LinkedHashMap<>(Map.of("general.architecture", value)))
                        .string("general.architecture");
            }
        }
        return "";
    }

    private static void checkVersion(GgufCursor in, int version) throws CheckpointException {
        if (version == 2 || version == VERSION) {
            return;
        }
        int swapped = Integer.reverseBytes(version);
        String found = swapped > 0 && swapped <= VERSION ? "a big-endian file of version " + swapped
                : "version " + Integer.toUnsignedString(version);
        throw in.error("found " + found + ", expected 2 or 3, little-endian; convert the model again");
    }

    /// The alignment of the metadata, else the format's default.
    ///
    /// @throws CheckpointException if it is not a power of two or above 1 MiB
    static int alignment(GgufMetadata metadata) throws CheckpointException {
        if (!metadata.has(ALIGNMENT)) {
            return DEFAULT_ALIGNMENT;
        }
        long alignment = metadata.integer(ALIGNMENT);
        if (alignment < 1 || alignment > MAX_ALIGNMENT || Long.bitCount(alignment) != 1) {
            throw new CheckpointException(metadata.origin(), "metadata key " + ALIGNMENT, "found " + alignment
                    + ", expected a power of two of at most " + MAX_ALIGNMENT);
        }
        return (int) alignment;
    }

    private static TensorEntry entry(Path path, GgufCursor in) throws CheckpointException {
        String name = in.string("a name", MAX_NAME_BYTES);
        in.where("tensor", name);
        int rank = in.int32("the number of dimensions");
        if (rank < 0 || rank > MAX_RANK) {
            throw in.error("found " + Integer.toUnsignedString(rank) + " dimensions, expected at most " + MAX_RANK);
        }
        long[] shape = new long[rank];
        for (int i = rank - 1; i >= 0; i--) {
            shape[i] = in.int64("a dimension");
        }
        int type = in.int32("the type");
        boolean isTernary = type == GgufTypes.I2_S;
        DType dtype = isTernary ? DType.U8 : GgufTypes.of(type);
        if (dtype == null) {
            throw in.error("found the type " + GgufTypes.name(type) + ", which Glia does not read; get the model in "
                    + "another type, such as Q8_0, Q6_K or Q4_K");
        }
        long begin = in.int64("the place");
        long size = TensorEntry.sizeBytes(path, name, dtype, shape);
        if (isTernary) {
            if (rank < 2 || size % TERNARY_BLOCK != 0 || shape[rank - 1] % TERNARY_PER_BYTE != 0) {
                throw in.error("found I2_S" + Arrays.toString(shape) + ", expected a matrix in blocks of "
                        + TERNARY_BLOCK + " weights");
            }
            shape[rank - 1] /= TERNARY_PER_BYTE;
            size = size / TERNARY_PER_BYTE + TERNARY_TAIL;
        }
        if (begin < 0 || begin > Long.MAX_VALUE - size) {
            throw in.error("found at byte " + Long.toUnsignedString(begin) + " of the data, beyond any file");
        }
        return new TensorEntry(name, dtype, shape, begin, begin + size);
    }

    private void checkPlaces(MappedFile file, int alignment) throws CheckpointException {
        long dataBytes = file.sizeBytes() - dataStart;
        for (TensorEntry entry : entries) {
            if (entry.end() > dataBytes) {
                throw new CheckpointException(file.path(), TensorEntry.where(entry.name()), "found " + entry.dtype()
                        + Arrays.toString(entry.shape()) + " at bytes [" + entry.begin() + ", " + entry.end()
                        + ") of the data, expected inside its " + Math.max(0, dataBytes)
                        + " bytes; the file is truncated: download it again");
            }
        }
        long end = TensorEntry.align(TensorEntry.checkPlaces(file.path(), entries, alignment), alignment);
        if (dataBytes > end) {
            throw new CheckpointException(file.path(), "byte " + (dataStart + end), "found " + (dataBytes - end)
                    + " bytes that belong to no tensor, expected the end of the file");
        }
    }

    /// The numbers of tensor types in GGUF files.
    ///
    /// Source: https://github.com/ggml-org/ggml, `enum ggml_type`
    static final class GgufTypes {
        /// bitnet.cpp's number, which llama.cpp does not use any more.
        static final int I2_S = 36;
        /// Names by number; an empty name is an unused number.
        private static final String[] NAMES = {
            "F32", "F16", "Q4_0", "Q4_1", "", "", "Q5_0", "Q5_1", "Q8_0", "Q8_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K",
                    "Q6_K",
            "Q8_K", "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S", "IQ2_S", "IQ4_XS", "I8", "I16", "I32",
            "I64", "F64", "IQ1_M", "BF16", "", "", "", "TQ1_0", "TQ2_0", "I2_S", "", "",
            "MXFP4", "NVFP4", "Q1_0", "Q2_0"};
        private static final DType[] TYPES = new DType[NAMES.length];

        static {
            for (DType dtype : DType.values()) {
                int number = number(dtype);
                if (number >= 0) {
                    TYPES[number] = dtype;
                }
            }
        }

        private GgufTypes() { }

        /// The type of this number, or null if Glia does not support it.
        static DType of(int number) {
            return number < 0 || number >= TYPES.length ? null : TYPES[number];
        }

        /// The name of a type, for messages.
        static String name(int number) {
            boolean known = number >= 0 && number < NAMES.length && !NAMES[number].isEmpty();
            return known ? NAMES[number] : "number " + Integer.toUnsignedString(number);
        }

        /// The number of a type, or -1 if the format does not have it.
        static int number(DType dtype) {
            for (int i = 0; i < NAMES.length; i++) {
                if (NAMES[i].equals(dtype.name())) {
                    return i;
                }
            }
            return -1;
        }
    }
}
