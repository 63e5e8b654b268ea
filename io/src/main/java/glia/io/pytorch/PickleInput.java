package glia.io.pytorch;

import glia.io.CheckpointException;
import glia.io.file.MappedFile;
import glia.io.file.Utf8;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;

/// The bytes of a pickle, read in order by plain reads.
final class PickleInput {
    /// The largest pickle; that of a model with 100,000 tensors has 20 MB.
    private static final long MAX_BYTES = 64 << 20;
    private static final int BUFFER_BYTES = 1 << 16;

    private final MappedFile file;
    private final long begin;
    private final long end;
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN).limit(0);
    /// The file offset after the buffer's last byte.
    private long filled;

    PickleInput(MappedFile file, long begin, long end) {
        this.file = file;
        this.begin = begin;
        this.end = end;
        this.filled = begin;
    }

    /// The file offset of the next byte.
    long position() {
        return filled - buffer.remaining();
    }

    int u8() throws CheckpointException {
        return ahead(1).get() & 0xFF;
    }

    int u16() throws CheckpointException {
        return ahead(2).getShort() & 0xFFFF;
    }

    int i32() throws CheckpointException {
        return ahead(4).getInt();
    }

    long i64() throws CheckpointException {
        return ahead(8).getLong();
    }

    /// A number that Python writes with the high byte first.
    double f64() throws CheckpointException {
        return Double.longBitsToDouble(Long.reverseBytes(i64()));
    }

    byte[] bytes(long length) throws CheckpointException {
        if (length < 0 || length > end - position()) {
            throw error("found a length of " + length + " bytes, expected at most " + (end - position()));
        }
        byte[] bytes = new byte[(int) length];
        for (int n = 0; n < bytes.length;) {
            int some = Math.min(bytes.length - n, BUFFER_BYTES);
            ahead(some).get(bytes, n, some);
            n += some;
        }
        return bytes;
    }

    String text(long length) throws CheckpointException {
        byte[] bytes = bytes(length);
        try {
            return Utf8.decode(bytes, 0, bytes.length);
        } catch (CharacterCodingException e) {
            throw error("found a string that is not UTF-8");
        }
    }

    /// The characters up to the end of a line.
    String line() throws CheckpointException {
        StringBuilder line = new StringBuilder();
        for (int c = u8(); c != '\n'; c = u8()) {
            if (line.length() == 1000) {
                throw error("found a name of more than 1000 characters");
            }
            line.append((char) c);
        }
        return line.toString();
    }

    CheckpointException error(String problem) {
        return new CheckpointException(file.path(), "pickle, byte " + position(), problem);
    }

    private ByteBuffer ahead(int length) throws CheckpointException {
        if (buffer.remaining() < length) {
            long left = Math.min(end, begin + MAX_BYTES) - filled;
            if (buffer.remaining() + left < length) {
                throw error(filled == end ? "the pickle ends here, expected " + length + " bytes more; the file may be "
                        + "truncated" : "the pickle is longer than " + MAX_BYTES + " bytes, more than that of any "
                        + "model");
            }
            buffer.compact().limit((int) Math.min(BUFFER_BYTES, buffer.position() + left));
            int some = buffer.remaining();
            file.read(buffer, filled);
            filled += some;
            buffer.flip();
        }
        return buffer;
    }
}
