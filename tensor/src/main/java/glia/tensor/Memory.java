package glia.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Reads and writes of native memory by address, for kernels and formats, whose inner loops cannot afford a bounds
/// check for every number. Nothing here is checked: an address outside of a live allocation ends the JVM. Callers
/// work from the addresses of tensors whose shapes have been checked before.
///
/// Addresses need no alignment. Numbers are little-endian, as in every file format that is read.
public final class Memory {
    /// All of the address space as one segment, so that an address is an offset.
    public static final MemorySegment ALL = all();

    /// A little-endian number of 32 bits at any address.
    public static final ValueLayout.OfFloat F32 =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    public static final ValueLayout.OfDouble F64 =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    public static final ValueLayout.OfShort I16 =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    public static final ValueLayout.OfInt I32 =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    public static final ValueLayout.OfLong I64 =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Memory() { }

    @SuppressWarnings("restricted")
    private static MemorySegment all() {
        return MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    }

    /// The same address, told to the compiler: it clears the two highest bits, which no address has set, so that the
    /// address is known not to be negative, small offsets not to overflow it, and no check is left in a loop.
    public static long address(long address) {
        return address & Long.MAX_VALUE >>> 1;
    }

    /// The F32 number at an address.
    public static float f32(long address) {
        return ALL.get(F32, address);
    }

    public static void f32(long address, float value) {
        ALL.set(F32, address, value);
    }

    /// The half-precision number at an address, widened.
    public static float f16(long address) {
        return Float.float16ToFloat(ALL.get(I16, address));
    }

    public static void f16(long address, float value) {
        ALL.set(I16, address, Float.floatToFloat16(value));
    }

    public static byte i8(long address) {
        return ALL.get(ValueLayout.JAVA_BYTE, address);
    }

    public static void i8(long address, int value) {
        ALL.set(ValueLayout.JAVA_BYTE, address, (byte) value);
    }

    /// The byte at an address, 0 to 255.
    public static int u8(long address) {
        return ALL.get(ValueLayout.JAVA_BYTE, address) & 0xff;
    }

    /// Stores the lower 16 bits.
    public static void i16(long address, int value) {
        ALL.set(I16, address, (short) value);
    }

    public static int i32(long address) {
        return ALL.get(I32, address);
    }

    public static void i32(long address, int value) {
        ALL.set(I32, address, value);
    }

    public static void i64(long address, long value) {
        ALL.set(I64, address, value);
    }

    /// Copies `count` F32 numbers from memory to an array.
    public static void load(long address, float[] to, int offset, int count) {
        for (int i = 0; i < count; i++) {
            to[offset + i] = ALL.get(F32, address + 4L * i);
        }
    }

    /// Copies `count` F32 numbers from an array to memory.
    public static void store(float[] from, int offset, long address, int count) {
        for (int i = 0; i < count; i++) {
            ALL.set(F32, address + 4L * i, from[offset + i]);
        }
    }
}
