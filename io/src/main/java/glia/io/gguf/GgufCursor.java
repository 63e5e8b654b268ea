package glia.io.gguf;

import glia.io.CheckpointException;
import glia.io.file.MappedFile;
import glia.io.file.Utf8;
import glia.io.gguf.GgufValue.GgufList;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Arrays;

/// Reads the header of a GGUF file sequentially by plain reads. Checks every count and length against the rest of the
/// file before memory is allocated for it.
final class GgufCursor {
    /// Longer headers are refused.
    static final int MAX_BYTES = 100_000_000;
    private static final int FIRST_BYTES = 1 << 16;
    /// The deepest nesting of lists; known files have none.
    private static final int MAX_DEPTH = 4;

    private final MappedFile file;
    private final int limit;
    private byte[] bytes;
    private int at;
    private String place = "header";
    private Object which = "";

    GgufCursor(MappedFile file) {
        this.file = file;
        this.limit = (int) Math.min(file.sizeBytes(), MAX_BYTES);
        this.bytes = new byte[0];
    }

    /// Sets the place for messages, such as `tensor` and its name.
    void where(String kind, Object name) {
        place = kind;
        which = name;
    }

    /// The file offset of the next byte.
    int position() {
        return at;
    }

    CheckpointException error(String problem) {
        return new CheckpointException(file.path(), (place + " " + which).strip(), problem);
    }

    int int32(String what) throws CheckpointException {
        need(Integer.BYTES, what);
        at += Integer.BYTES;
        return GgufList.length(bytes, at - Integer.BYTES);
    }

    long int64(String what) throws CheckpointException {
        need(Long.BYTES, what);
        at += Long.BYTES;
        return (GgufList.length(bytes, at - 8) & 0xFFFF_FFFFL) | (long) GgufList.length(bytes, at - 4) << 32;
    }

    /// A count of elements of at least `minBytes` each, which must fit into the rest of the file.
    int count(String what, int minBytes) throws CheckpointException {
        long count = int64("a count");
        long most = (limit - at) / minBytes;
        if (count < 0 || count > most) {
            throw error("found a count of " + Long.toUnsignedString(count) + " " + what + " at byte "
                    + (at - Long.BYTES) + ", expected at most " + most + ", as fit what follows" + limitNote());
        }
        return (int) count;
    }

    /// A length of 8 bytes and a string in UTF-8.
    String string(String what, int maxBytes) throws CheckpointException {
        int length = count("bytes of text", 1);
        if (length > maxBytes) {
            throw error("found " + length + " bytes of " + what + ", expected at most " + maxBytes);
        }
        need(length, what);
        at += length;
        try {
            return Utf8.decode(bytes, at - length, length);
        } catch (CharacterCodingException e) {
            CheckpointException error = error(what + " at byte " + (at - length) + " is not UTF-8");
            error.initCause(e);
            throw error;
        }
    }

    GgufValue value() throws CheckpointException {
        GgufKind kind = kind();
        if (kind == GgufKind.STRING) {
            return GgufValue.of(kind, string("text", MAX_BYTES));
        }
        if (kind == GgufKind.ARRAY) {
            return GgufValue.of(list());
        }
        int start = at;
        skip(kind, 1, 0);
        GgufList one = new GgufList(kind, 1, Arrays.copyOfRange(bytes, start, at));
        return GgufValue.of(kind, switch (kind) {
            case FLOAT32 -> (Object) one.floats()[0];
            case FLOAT64 -> one.doubles()[0];
            case BOOL -> one.flags()[0];
            default -> one.integers()[0];
        });
    }

    private GgufKind kind() throws CheckpointException {
        int number = int32("the kind of a value");
        GgufKind kind = GgufKind.of(number);
        if (kind == null) {
            throw error("found the kind " + Integer.toUnsignedString(number) + " at byte " + (at - Integer.BYTES)
                    + ", expected 0 to " + (GgufKind.values().length - 1));
        }
        return kind;
    }

    private GgufList list() throws CheckpointException {
        GgufKind elements = kind();
        int count = count("elements", elements.minBytes());
        int start = at;
        skip(elements, count, 1);
        return new GgufList(elements, count, Arrays.copyOfRange(bytes, start, at));
    }

    /// Skips `count` values and checks them, except for UTF-8, which is checked on decoding.
    private void skip(GgufKind kind, int count, int depth) throws CheckpointException {
        switch (kind) {
            case STRING -> {
                for (int i = 0; i < count; i++) {
                    skipString();
                }
            }
            case ARRAY -> {
                if (depth == MAX_DEPTH) {
                    throw error("found lists nested more than " + MAX_DEPTH + " deep at byte " + at);
                }
                for (int i = 0; i < count; i++) {
                    GgufKind elements = kind();
                    skip(elements, count("elements", elements.minBytes()), depth + 1);
                }
            }
            default -> {
                long size = (long) count * kind.minBytes();
                need(size, "values");
                for (int i = at; kind == GgufKind.BOOL && i < at + count; i++) {
                    if ((bytes[i] & ~1) != 0) {
                        throw error("found the flag " + (bytes[i] & 0xFF) + " at byte " + i + ", expected 0 or 1");
                    }
                }
                at += (int) size;
            }
        }
    }

    /// A separate small method, which the JVM compiles early: a vocabulary has 100,000 strings.
    private void skipString() throws CheckpointException {
        need(Long.BYTES, "a count");
        int length = GgufList.length(bytes, at);
        int upper = GgufList.length(bytes, at + Integer.BYTES);
        at += Long.BYTES;
        if (length < 0 || upper != 0 || length > limit - at) {
            at -= Long.BYTES;
            count("bytes of text", 1);
        }
        need(length, "a string");
        at += length;
    }

    private void need(long size, String what) throws CheckpointException {
        if (size > limit - at) {
            throw error("found " + (limit - at) + " bytes from byte " + at + " on, expected " + size + " for " + what
                    + limitNote());
        }
        if (at + size > bytes.length) {
            int loaded = bytes.length;
            long more = Math.max(FIRST_BYTES, Math.max(at + size, 2L * loaded));
            bytes = Arrays.copyOf(bytes, (int) Math.min(limit, more));
            file.read(ByteBuffer.wrap(bytes, loaded, bytes.length - loaded), loaded);
        }
    }

    private String limitNote() {
        return limit < file.sizeBytes() ? " of the " + MAX_BYTES + " bytes that a header may have"
                : "; the file may be truncated";
    }
}
