package glia.io.gguf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// A list of a GGUF file's metadata, kept as the bytes it has there and decoded when it is asked for: to make texts of
/// a vocabulary of 100,000 takes longer than all the rest of opening a file.
///
/// @param elements their kind
/// @param bytes `count` elements end to end; whoever makes a list has checked that they fill the bytes exactly
record GgufList(GgufKind elements, int count, byte[] bytes) {
    private ByteBuffer buffer() {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /// The integers of any integer kind, UINT64 as its bits.
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

    /// The length at an offset; its upper bytes are zero, since it lies inside an array.
    static int length(byte[] bytes, int at) {
        return (bytes[at] & 0xFF) | (bytes[at + 1] & 0xFF) << 8 | (bytes[at + 2] & 0xFF) << 16
                | (bytes[at + 3] & 0xFF) << 24;
    }
}
