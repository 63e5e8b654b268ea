package glia.kernels.asm;

import java.util.Arrays;

/// A growing byte array.
final class ByteBuilder {
    private byte[] bytes = new byte[512];
    private int size;

    int size() {
        return size;
    }

    void u8(int value) {
        if (size == bytes.length) {
            bytes = Arrays.copyOf(bytes, 2 * size);
        }
        bytes[size++] = (byte) value;
    }

    void i32(int value) {
        for (int shift = 0; shift < 32; shift += 8) {
            u8(value >> shift);
        }
    }

    /// Overwrites four bytes.
    void i32At(int at, int value) {
        for (int i = 0; i < 4; i++) {
            bytes[at + i] = (byte) (value >> 8 * i);
        }
    }

    byte[] toArray() {
        return Arrays.copyOf(bytes, size);
    }
}
