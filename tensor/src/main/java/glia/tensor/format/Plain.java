package glia.tensor.format;

import glia.tensor.Memory;

/// Decodes and encodes formats with one value a block: F64, F16, BF16.
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

    static void toF16(float[] from, int offset, int count, long address) {
        for (int i = 0; i < count; i++) {
            Memory.f16(address + 2L * i, from[offset + i]);
        }
    }

    static void toBf16(float[] from, int offset, int count, long address) {
        for (int i = 0; i < count; i++) {
            int bits = Float.floatToRawIntBits(from[offset + i]);
            // Half to even; NaN is made quiet, so that dropping bits cannot turn it into infinity.
            int rounded = Float.isNaN(from[offset + i]) ? bits | 1 << 22 : bits + 0x7fff + (bits >> 16 & 1);
            Memory.ALL.set(Memory.I16, address + 2L * i, (short) (rounded >> 16));
        }
    }
}
