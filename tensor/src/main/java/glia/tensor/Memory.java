package glia.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Reads and writes native memory by address, for inner loops of kernels and formats that cannot afford bounds checks.
/// Nothing is checked: an address outside a live allocation ends the JVM. Callers derive addresses from tensors whose
/// shapes they have checked.
///
/// Addresses need no alignment. Values are little-endian, as in every file format that is read.
public final class Memory {
    /// The whole address space as one segment; an offset in it is an address.
    public static final MemorySegment ALL = all();

    /// A little-endian 32-bit float at any address.
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

    /// Returns the same address with the two highest bits cleared, which no address has set. The compiler can then
    /// assume that it is not negative and that small offsets do not overflow, and removes the checks from loops.
    public static long address(long address) {
        return address & Long.MAX_VALUE >>> 1;
    }

    /// Reads the F32 value at an address.
    public static float f32(long address) {
        return ALL.get(F32, address);
    }

    public static void f32(long address, float value) {
        ALL.set(F32, address, value);
    }

    /// Reads the FP16 value at an address, converted to F32.
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

    /// Reads the byte at an address, 0 to 255.
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

    public static double f64(long address) {
        return ALL.get(F64, address);
    }

    public static void f64(long address, double value) {
        ALL.set(F64, address, value);
    }

    public static void i64(long address, long value) {
        ALL.set(I64, address, value);
    }

    /// Copies `count` F32 values from memory to an array.
    public static void load(long address, float[] to, int offset, int count) {
        for (int i = 0; i < count; i++) {
            to[offset + i] = ALL.get(F32, address + 4L * i);
        }
    }

    /// Copies `count` F32 values from an array to memory.
    public static void store(float[] from, int offset, long address, int count) {
        for (int i = 0; i < count; i++) {
            ALL.set(F32, address + 4L * i, from[offset + i]);
        }
    }
}
