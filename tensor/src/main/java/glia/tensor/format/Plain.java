package glia.tensor.format;

import glia.tensor.Memory;

/// Formats with one number a unit and a hardware or shift conversion: F64, F16, BF16.
final class Plain {
    private Plain() { }

    static void f64(long address, float[] to, int offset, int count) {
        for (int i = 0; i < count; i++) {
            to[offset + i] = (float) Memory.ALL.get(Memory.F64, address + 8L * i);
        }
    }

    static void f16(long address, float[] to, int offset, int count) {
        for (int i = 0; i < count; i++) {
            to[offset + i] = Float.float16ToFloat(Memory.ALL.get(Memory.I16, address + 2L * i));
        }
    }

    static void bf16(long address, float[] to, int offset, int count) {
        for (int i = 0; i < count; i++) {
            to[offset + i] = Float.intBitsToFloat(Memory.ALL.get(Memory.I16, address + 2L * i) << 16);
        }
    }
}
