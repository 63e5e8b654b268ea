package glia.io.pytorch;

import glia.io.CheckpointException;
import glia.io.DisplayText;
import glia.io.file.MappedFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// Where the uncompressed files of a zip archive lie in it, so that they can be mapped. The JDK's `ZipFile` does not
/// tell.
///
/// Source: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
///
/// @param places the place of each file
record ZipDirectory(Map<String, Place> places) {
    private static final int END = 0x06054b50;
    private static final int END_64 = 0x06064b50;
    private static final int LOCATOR_64 = 0x07064b50;
    private static final int CENTRAL = 0x02014b50;
    private static final int LOCAL = 0x04034b50;
    private static final int END_BYTES = 22;
    private static final int LOCATOR_BYTES = 20;
    private static final int CENTRAL_BYTES = 46;
    private static final int LOCAL_BYTES = 30;
    private static final long MAX_BYTES = 64 << 20;
    private static final long UNSIGNED = 0xFFFFFFFFL;

    /// @param begin the offset of the first byte in the archive
    record Place(long begin, long sizeBytes) { }

    static ZipDirectory read(MappedFile file) throws CheckpointException {
        ByteBuffer end = end(file);
        long begin = end.getInt(16) & UNSIGNED;
        long size = end.getInt(12) & UNSIGNED;
        if (begin == UNSIGNED || size == UNSIGNED || (end.getShort(10) & 0xFFFF) == 0xFFFF) {
            ByteBuffer locator = at(file, file.sizeBytes() - END_BYTES - LOCATOR_BYTES, LOCATOR_BYTES, LOCATOR_64);
            ByteBuffer end64 = at(file, locator.getLong(8), 56, END_64);
            size = end64.getLong(40);
            begin = end64.getLong(48);
        }
        if (size < 0 || size > MAX_BYTES || begin < 0 || begin > file.sizeBytes() - size) {
            throw error(file, begin, "found a directory of " + size + " bytes, expected one of at most " + MAX_BYTES
                    + " inside the file");
        }
        ByteBuffer directory = bytes(file, begin, (int) size);
        Map<String, Place> places = new LinkedHashMap<>();
        while (directory.hasRemaining()) {
            entry(file, begin, directory, places);
        }
        return new ZipDirectory(places);
    }

    private static ByteBuffer end(MappedFile file) throws CheckpointException {
        if (file.sizeBytes() < END_BYTES) {
            throw error(file, 0, "found " + file.sizeBytes() + " bytes, expected a zip archive");
        }
        return at(file, file.sizeBytes() - END_BYTES, END_BYTES, END);
    }

    private static void entry(MappedFile file, long begin, ByteBuffer directory, Map<String, Place> places)
            throws CheckpointException {
        int at = directory.position();
        int length = directory.remaining() < CENTRAL_BYTES ? Integer.MAX_VALUE : CENTRAL_BYTES
                + lengthAt(directory, at + 28) + lengthAt(directory, at + 30) + lengthAt(directory, at + 32);
        if (length > directory.remaining() || directory.getInt(at) != CENTRAL) {
            throw error(file, begin + at, "found no file header, expected one of the archive's directory");
        }
        String name = new String(directory.array(), at + CENTRAL_BYTES, lengthAt(directory, at + 28),
                StandardCharsets.UTF_8);
        String where = "file " + DisplayText.escape(name);
        long stored = directory.getInt(at + 20) & UNSIGNED;
        long size = directory.getInt(at + 24) & UNSIGNED;
        long local = directory.getInt(at + 42) & UNSIGNED;
        Optional<ByteBuffer> extra = extra64(directory, at + CENTRAL_BYTES + lengthAt(directory, at + 28),
                lengthAt(directory, at + 30));
        try {
            size = size == UNSIGNED ? extra.orElseThrow().getLong() : size;
            stored = stored == UNSIGNED ? extra.orElseThrow().getLong() : stored;
            local = local == UNSIGNED ? extra.orElseThrow().getLong() : local;
        } catch (RuntimeException e) {
            throw new CheckpointException(file.path(), where, "found no sizes of 64 bits, expected them", e);
        }
        if (directory.getShort(at + 10) != 0 || stored != size) {
            throw new CheckpointException(file.path(), where, "is compressed, expected it stored as PyTorch does; "
                    + "extract the archive if it holds a model");
        }
        ByteBuffer header = at(file, local, LOCAL_BYTES, LOCAL);
        long data = local + LOCAL_BYTES + lengthAt(header, 26) + lengthAt(header, 28);
        if (size < 0 || data > file.sizeBytes() || size > file.sizeBytes() - data) {
            throw new CheckpointException(file.path(), where, "found " + size + " bytes at byte " + data
                    + ", expected them inside the file; it may be truncated");
        }
        if (places.put(name, new Place(data, size)) != null) {
            throw new CheckpointException(file.path(), where, "is there twice");
        }
        directory.position(at + length);
    }

    /// The values of the extra field with sizes of 64 bits.
    private static Optional<ByteBuffer> extra64(ByteBuffer directory, int from, int length) {
        int end = from + length;
        for (int at = from; at + 4 <= end; at += 4 + lengthAt(directory, at + 2)) {
            if (directory.getShort(at) == 1 && at + 4 + lengthAt(directory, at + 2) <= end) {
                return Optional.of(directory.slice(at + 4, lengthAt(directory, at + 2))
                        .order(ByteOrder.LITTLE_ENDIAN));
            }
        }
        return Optional.empty();
    }

    private static int lengthAt(ByteBuffer bytes, int at) {
        return bytes.getShort(at) & 0xFFFF;
    }

    private static ByteBuffer at(MappedFile file, long offset, int length, int magic) throws CheckpointException {
        if (offset < 0 || offset > file.sizeBytes() - length) {
            throw error(file, offset, "expected a record of a zip archive inside the file; it may be truncated");
        }
        ByteBuffer bytes = bytes(file, offset, length);
        if (bytes.getInt(0) != magic) {
            throw error(file, offset, String.format("found %08x, expected the record %08x of a zip archive; the file "
                    + "may be truncated", bytes.getInt(0), magic));
        }
        return bytes;
    }

    private static ByteBuffer bytes(MappedFile file, long offset, int length) throws CheckpointException {
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        file.read(bytes, offset);
        return bytes.flip();
    }

    private static CheckpointException error(MappedFile file, long offset, String problem) {
        return new CheckpointException(file.path(), "byte " + offset, problem);
    }
}
