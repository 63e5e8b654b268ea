package glia.tensor.format;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Objects;

/// Decodes values of every real `DType` to F32. Each result is exactly what the format's definition gives when computed
/// in F32, for the block formats in ggml's order of operations
/// (https://github.com/ggml-org/ggml/blob/master/src/ggml-quants.c). F64 is rounded to the nearest F32.
public final class Decode {
    /// Values decoded at a time from memory to memory: a multiple of every block.
    private static final int CHUNK = 4096;

    private Decode() { }

    /// Decodes `count` values stored from `address` on. Allocates nothing.
    ///
    /// @param address the first byte of a block; not checked
    /// @param count a multiple of the type's block
    /// @throws IllegalArgumentException if `count` does not fill blocks or the type holds no real numbers
    public static void toFloats(DType type, long address, float[] to, int offset, int count) {
        Objects.checkFromIndexSize(offset, count, to.length);
        if (count % type.blockElements() != 0) {
            throw new IllegalArgumentException(
                    type + " comes in blocks of " + type.blockElements() + ", not " + count + " numbers");
        }
        switch (type) {
            case F64 -> Plain.f64(address, to, offset, count);
            case F32 -> Memory.load(address, to, offset, count);
            case F16 -> Plain.f16(address, to, offset, count);
            case BF16 -> Plain.bf16(address, to, offset, count);
            case F8_E4M3 -> Float8.decode(Float8.E4M3, address, to, offset, count);
            case F8_E5M2 -> Float8.decode(Float8.E5M2, address, to, offset, count);
            case F8_E8M0 -> Float8.decode(Float8.E8M0, address, to, offset, count);
            case Q8_0 -> Blocks32.q8p0(address, to, offset, count);
            case Q4_0 -> Blocks32.q4p0(address, to, offset, count);
            case Q4_1 -> Blocks32.q4p1(address, to, offset, count);
            case Q5_0 -> Blocks32.q5p0(address, to, offset, count);
            case Q5_1 -> Blocks32.q5p1(address, to, offset, count);
            case MXFP4 -> Blocks32.mxfp4(address, to, offset, count);
            case Q2_K -> Blocks256.q2k(address, to, offset, count);
            case Q3_K -> Blocks256.q3k(address, to, offset, count);
            case Q4_K -> Blocks256.q4k(address, to, offset, count);
            case Q5_K -> Blocks256.q5k(address, to, offset, count);
            case Q6_K -> Blocks256.q6k(address, to, offset, count);
            case IQ4_NL, IQ4_XS, IQ3_S, IQ3_XXS, IQ2_S, IQ2_XS, IQ2_XXS, IQ1_M, IQ1_S, NVFP4, TQ2_0, TQ1_0,
                    Q2_0, Q1_0 -> CodebookBlocks.toFloats(type, address, to, offset, count);
            case I64, I32, I16, I8, U8, BOOL ->
                    throw new IllegalArgumentException(type + " holds no real numbers to decode");
        }
    }

    /// Decodes `count` values of a tensor from the flat index `firstElement` on.
    ///
    /// @throws IllegalArgumentException if the range does not begin and end at blocks
    /// @throws IndexOutOfBoundsException if it leaves the tensor or the array
    public static void toFloats(Tensor source, long firstElement, float[] to, int offset, int count) {
        Objects.checkFromIndexSize(firstElement, count, source.size());
        toFloats(source.dtype(), source.address() + source.dtype().bytes(firstElement), to, offset, count);
    }

    /// Decodes `count` values stored from `address` on to F32 memory at `toAddress`. Neither address is checked.
    ///
    /// @param count a multiple of the type's block
    public static void toMemory(DType type, long address, long toAddress, long count) {
        if (type == DType.F32) {
            java.lang.foreign.MemorySegment.copy(Memory.ALL, address, Memory.ALL, toAddress, 4 * count);
            return;
        }
        float[] chunk = new float[(int) Math.min(CHUNK, count)];
        for (long i = 0; i < count; i += CHUNK) {
            int n = (int) Math.min(CHUNK, count - i);
            toFloats(type, address + type.bytes(i), chunk, 0, n);
            Memory.store(chunk, 0, toAddress + 4 * i, n);
        }
    }

    /// Decodes the rows `from` (inclusive) to `to` (exclusive) of a tensor to the F32 tensor `into` of their size.
    public static void rows(Tensor source, int from, int to, Tensor into) {
        Tensor part = source.rows(from, to);
        if (into.dtype() != DType.F32 || into.size() != part.size()) {
            throw new IllegalArgumentException("cannot decode " + part + " to " + into);
        }
        toMemory(part.dtype(), part.address(), into.address(), part.size());
    }

    /// Returns a new F32 tensor with the values and the shape of `source`, freed with `arena`.
    public static Tensor widen(Tensor source, Arena arena) {
        Tensor wide = Tensor.allocate(arena, DType.F32, source.shape());
        toMemory(source.dtype(), source.address(), wide.address(), source.size());
        return wide;
    }

    /// I64 numbers in F32, which holds them exactly up to 2^24.
    public static Tensor integers(Tensor table, Arena arena) {
        Tensor numbers = Tensor.allocate(arena, DType.F32, table.shape());
        for (long i = 0; i < numbers.size(); i++) {
            numbers.set(i, table.memory().get(Memory.I64, 8 * i));
        }
        return numbers;
    }

    /// Decodes and encodes formats with one value a block: F64, F16, BF16.
    static final class Plain {
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
}
