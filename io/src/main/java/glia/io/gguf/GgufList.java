package glia.io.gguf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// An array in GGUF metadata, kept as the bytes of the file and decoded on access: creating 100,000 strings of a
/// vocabulary takes longer than all other work of opening a file.
///
/// @param elements the type of the elements
/// @param bytes `count` elements without gaps; the creator has checked that they fill the bytes exactly
record GgufList(GgufKind elements, int count, byte[] bytes) {
    private ByteBuffer buffer() {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /// The elements of any integer type, UINT64 as its bits.
    long[] integers() {
        ByteBuffer buffer = buffer();
        long[] values = new long[count];
        for (int i = 0; i < count; i++) {
            values[i] = switch (elements) {
                case UINT8 -> bytes[i] & 0xFF;
                case INT8 -> bytes[i];
                case UINT16 -> buffer.getShort(2 * i) & 0xFFFF;
                case INT16 -> buffer.getShort(2 * i);
                case UINT32 -> buffer.getInt(4 * i) & 0xFFFF_FFFFL;
                case INT32 -> buffer.getInt(4 * i);
                case UINT64, INT64 -> buffer.getLong(8 * i);
                case FLOAT32, FLOAT64, BOOL, STRING, ARRAY -> throw new IllegalStateException(elements.toString());
            };
        }
        return values;
    }

    float[] floats() {
        float[] values = new float[count];
        buffer().asFloatBuffer().get(values);
        return values;
    }

    double[] doubles() {
        double[] values = new double[count];
        buffer().asDoubleBuffer().get(values);
        return values;
    }

    boolean[] flags() {
        boolean[] values = new boolean[count];
        for (int i = 0; i < count; i++) {
            values[i] = bytes[i] != 0;
        }
        return values;
    }

    /// The lower four bytes of the length at an offset.
    static int length(byte[] bytes, int at) {
        return (bytes[at] & 0xFF) | (bytes[at + 1] & 0xFF) << 8 | (bytes[at + 2] & 0xFF) << 16
                | (bytes[at + 3] & 0xFF) << 24;
    }
}
