package glia.io.gguf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// A growing little-endian buffer for a GGUF header.
final class GgufOutput {
    private ByteBuffer buffer = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);

    /// The bytes written so far.
    byte[] toBytes() {
        byte[] bytes = new byte[buffer.position()];
        buffer.get(0, bytes);
        return bytes;
    }

    GgufOutput int32(int value) {
        room(Integer.BYTES).putInt(value);
        return this;
    }

    GgufOutput int64(long value) {
        room(Long.BYTES).putLong(value);
        return this;
    }

    GgufOutput bytes(byte[] bytes) {
        room(bytes.length).put(bytes);
        return this;
    }

    /// A length of 8 bytes and a string in UTF-8.
    GgufOutput string(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return int64(utf8.length).bytes(utf8);
    }

    /// A scalar without its type.
    ///
    /// @param value a `Long`, `Float`, `Double`, `Boolean` or `String`, as the type requires
    GgufOutput scalar(GgufKind kind, Object value) {
        switch (kind) {
            case UINT8, INT8 -> room(1).put((byte) (long) (Long) value);
            case UINT16, INT16 -> room(2).putShort((short) (long) (Long) value);
            case UINT32, INT32 -> int32((int) (long) (Long) value);
            case UINT64, INT64 -> int64((Long) value);
            case FLOAT32 -> room(Float.BYTES).putFloat((Float) value);
            case FLOAT64 -> room(Double.BYTES).putDouble((Double) value);
            case BOOL -> room(1).put((byte) ((Boolean) value ? 1 : 0));
            case STRING -> string((String) value);
            case ARRAY -> throw new IllegalArgumentException("an array is not a scalar");
        }
        return this;
    }

    /// An array without the type ARRAY: element type, count, elements.
    GgufOutput list(GgufValue.GgufList list) {
        return int32(list.elements().ordinal()).int64(list.count()).bytes(list.bytes());
    }

    private ByteBuffer room(int bytes) {
        if (buffer.remaining() < bytes) {
            int capacity = Math.max(Math.addExact(buffer.position(), bytes), (int) Math.min(Integer.MAX_VALUE - 8,
                    2L * buffer.capacity()));
            buffer = ByteBuffer.allocate(capacity).order(ByteOrder.LITTLE_ENDIAN).put(buffer.flip());
        }
        return buffer;
    }
}
