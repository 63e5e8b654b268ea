package glia.io.safetensors;

import glia.io.CheckpointException;
import glia.io.ContentSniffer;
import glia.io.file.MappedFile;
import glia.io.file.TensorEntry;
import glia.io.file.Utf8;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// The header of a safetensors file: its length in 8 bytes, little-endian, then a JSON object with the type, shape and
/// offsets of each tensor, optionally padded with spaces. The tensors follow without gaps.
///
/// Source: https://github.com/huggingface/safetensors
///
/// @param dataStart the file offset of the first tensor
record SafetensorsHeader(List<TensorEntry> entries, Map<String, String> metadata, long dataStart) {
    /// The longest header, as in the format's own library.
    static final int MAX_BYTES = 100_000_000;

    static SafetensorsHeader read(MappedFile file) throws CheckpointException {
        Path path = file.path();
        long available = file.sizeBytes() - Long.BYTES;
        if (available < 0) {
            throw new CheckpointException(path, "byte 0", "found " + ContentSniffer.describe(file.head()) + " ("
                    + file.sizeBytes() + " bytes in all), expected 8 bytes with the length of the header");
        }
        ByteBuffer prefix = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        file.read(prefix, 0);
        long length = prefix.getLong(0);
        if (length < 2 || length > MAX_BYTES) {
            throw new CheckpointException(path, "byte 0", "found " + ContentSniffer.describe(file.head())
                    + ", expected the length of a header of 2 to " + MAX_BYTES + " bytes, not "
                    + Long.toUnsignedString(length));
        }
        if (length > available) {
            throw new CheckpointException(path, "byte 8", "found " + available + " bytes, expected a header of "
                    + length + "; the file is truncated: download it again");
        }
        byte[] json = new byte[(int) length];
        file.read(ByteBuffer.wrap(json), Long.BYTES);
        if (json[0] != '{') {
            throw new CheckpointException(path, "byte 8", "found " + ContentSniffer.describe(file.head())
                    + ", expected a header that begins with {");
        }
        return check(file, parse(path, json), Long.BYTES + length);
    }

    private static HeaderParser parse(Path path, byte[] json) throws CheckpointException {
        String text;
        try {
            text = Utf8.decode(json, 0, json.length);
        } catch (CharacterCodingException e) {
            throw new CheckpointException(path, "header", "is not UTF-8", e);
        }
        HeaderParser parser = new HeaderParser(path);
        parser.parse(text);
        return parser;
    }

    private static SafetensorsHeader check(MappedFile file, HeaderParser parsed, long dataStart)
            throws CheckpointException {
        Path path = file.path();
        long dataBytes = file.sizeBytes() - dataStart;
        for (TensorEntry entry : parsed.entries()) {
            String place = "[" + entry.begin() + ", " + entry.end() + ")";
            if (entry.begin() < 0 || entry.end() < entry.begin() || entry.end() > dataBytes) {
                throw new CheckpointException(path, TensorEntry.where(entry.name()), "found at bytes " + place
                        + " of the data, expected inside its " + dataBytes + " bytes; the file may be truncated");
            }
            long expected = TensorEntry.sizeBytes(path, entry.name(), entry.dtype(), entry.shape());
            if (entry.end() - entry.begin() != expected) {
                throw new CheckpointException(path, TensorEntry.where(entry.name()), "found at bytes " + place
                        + " of the data, expected " + expected + " bytes for its type and shape");
            }
        }
        long end = TensorEntry.checkPlaces(path, parsed.entries(), 1);
        if (end != dataBytes) {
            throw new CheckpointException(path, "byte " + (dataStart + end), "found " + (dataBytes - end)
                    + " bytes that belong to no tensor, expected the end of the file");
        }
        return new SafetensorsHeader(parsed.entries(), parsed.metadata(), dataStart);
    }
}
