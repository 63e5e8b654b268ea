package glia.tensor.format;

import static glia.tensor.format.CodebookBlocks.Grids.BITS;

import glia.tensor.DType;
import glia.tensor.Memory;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/// Reads blocks of ggml's formats with a `Codebook`: the codes of all values and the scale of each 16,
/// `value = scale(k / 16) · codebook value of code k`. Most scales are a small integer times the block's `d`.
///
/// | format | block | scale |
/// |---|---|---|
/// | IQ4_NL | F16 d, 16 bytes of codes j and j + 16 | d |
/// | IQ4_XS | F16 d, u16 high bits of sc, 4 bytes low bits, 8 × 16 bytes as IQ4_NL | `d · (sc - 32)` |
/// | IQ3_S | F16 d, 64 bytes index, 8 bytes ninth bits, 32 bytes signs, 4 bytes sc | `d · (2 sc + 1)` |
/// | IQ3_XXS | F16 d, 64 bytes index, 8 × u32 (4 × 7 bits of signs, sc) | `d / 4 · (2 sc + 1)` |
/// | IQ2_S | F16 d, 32 bytes index, 32 bytes signs, 8 bytes high bits of indexes, 8 bytes sc | `d / 8 · (2 sc + 1)` |
/// | IQ2_XS | F16 d, 32 × u16 (9 bits index, 7 bits signs), 8 bytes sc | `d / 8 · (2 sc + 1)` |
/// | IQ2_XXS | F16 d, 8 × (4 bytes index, u32 as in IQ3_XXS) | `d / 8 · (2 sc + 1)` |
/// | IQ1_S | F16 d, 32 bytes index, 8 × u16 (4 × 3 bits of indexes, sc, sign of 1/8) | `d / 8 · (2 sc + 1)` |
/// | IQ1_M | 32 bytes index, 32 × 4 bits (3 of index, sign of 1/8), 4 × u16 (4 × 3 bits sc, 4 of d) | as IQ1_S |
/// | NVFP4 | 4 × E4M3 sc, 4 × 8 bytes of codes j and j + 8 | `sc / 2` |
/// | TQ2_0 | 2 × 32 bytes of codes j, j + 32, j + 64, j + 96; F16 d | d |
/// | TQ1_0 | 32, 16 and 4 bytes of 5, 5 and 4 base-3 digits, F16 d | d |
/// | Q2_0, Q1_0 | F16 d, codes of 2 bits or 1 bit (-1 and 1) | d |
///
/// Seven bits of signs have an eighth that makes their number even. Not thread-safe.
///
/// Source: https://github.com/ggml-org/ggml/blob/master/src/ggml-quants.c
public final class CodebookBlocks {
    /// Values that share a scale.
    public static final int GROUP = 16;
    private static final long NIBBLES = 0x0f0f0f0f0f0f0f0fL;
    private static final long PAIRS = 0x0303030303030303L;
    private static final ThreadLocal<CodebookBlocks> OF_THREAD = ThreadLocal.withInitial(CodebookBlocks::new);
    private static final int[] POWERS_OF_3 = {1, 3, 9, 27, 81};

    private final long[] codes = new long[32];
    private final int[] factors = new int[16];
    private float d;
    private boolean isE4m3;

    public CodebookBlocks() { }

    /// Whether blocks of this type are read here.
    public static boolean reads(DType type) {
        return type.ordinal() >= DType.IQ4_NL.ordinal();
    }

    /// The codes of the values 8i to 8i + 7 of the last block read, in bytes, the first in the lowest.
    public long codes(int i) {
        return codes[i];
    }

    /// The integer by which `d` is multiplied in a group of 16; of NVFP4 the E4M3 bits.
    public int factor(int group) {
        return factors[group];
    }

    /// The block's own scale; 1 for NVFP4.
    public float d() {
        return d;
    }

    /// The scale of a group of 16 values.
    public float scale(int group) {
        return isE4m3 ? halfE4m3(factors[group]) : d * factors[group];
    }

    /// Half of an unsigned E4M3 value. As in ggml, the code of NaN is 0 and the highest bit has no meaning.
    private static float halfE4m3(int bits) {
        int exponent = bits >> 3 & 15;
        if (bits == 0x7f) {
            return 0;
        }
        return exponent == 0 ? (bits & 7) * 0x1p-10f : Math.scalb(8 + (bits & 7), exponent - 11);
    }

    /// Decodes `count` values, whole blocks. Allocates nothing after a thread's first call.
    static void toFloats(DType type, long address, float[] to, int offset, int count) {
        OF_THREAD.get().decode(type, address, to, offset, count);
    }

    private void decode(DType type, long address, float[] to, int offset, int count) {
        float[] values = Codebook.of(type).floats;
        long block = address;
        for (int i = offset; i < offset + count; i += type.blockElements(), block += type.blockBytes()) {
            read(type, block);
            for (int k = 0; k < type.blockElements(); k += 8) {
                float scale = scale(k / GROUP);
                long eight = codes[k / 8];
                for (int j = 0; j < 8; j++) {
                    to[i + k + j] = scale * values[(int) (eight >>> 8 * j) & 15];
                }
            }
        }
    }

    /// Reads the block at an address, which is not checked.
    public void read(DType type, long block) {
        isE4m3 = type == DType.NVFP4;
        d = isE4m3 || type == DType.IQ1_M ? 1 : Memory.f16(block);
        switch (type) {
            case IQ4_NL -> {
                nibbles(block + 2, 2, 0);
                all(1);
            }
            case IQ4_XS -> iq4xs(block);
            case IQ3_S -> iq3s(block);
            case IQ3_XXS -> {
                for (int i = 0; i < 32; i++) {
                    codes[i] = Grids.IQ3_XXS[u8(block + 2 + 2 * i)] | Grids.IQ3_XXS[u8(block + 3 + 2 * i)] << 32
                            | evenSigns(Memory.i32(block + 66 + i / 4 * 4) >> 7 * (i % 4)) << 3;
                    factors[i / 2] = odd(Memory.i32(block + 66 + i / 4 * 4) >>> 28);
                }
                d /= 4;
            }
            case IQ2_S -> {
                for (int i = 0; i < 32; i++) {
                    int index = u8(block + 2 + i) | (u8(block + 66 + i / 4) >> i % 4 * 2 & 3) << 8;
                    codes[i] = Grids.IQ2_S[index] | BITS[u8(block + 34 + i)] << 2;
                    factors[i / 2] = odd(u8(block + 74 + i / 4) >> i / 2 % 2 * 4 & 15);
                }
                d /= 8;
            }
            case IQ2_XS -> {
                for (int i = 0; i < 32; i++) {
                    int word = u16(block + 2 + 2 * i);
                    codes[i] = Grids.IQ2_XS[word & 511] | evenSigns(word >> 9) << 2;
                    factors[i / 2] = odd(u8(block + 66 + i / 4) >> i / 2 % 2 * 4 & 15);
                }
                d /= 8;
            }
            case IQ2_XXS -> {
                for (int i = 0; i < 32; i++) {
                    long part = block + 2 + i / 4 * 8;
                    codes[i] = Grids.IQ2_XXS[u8(part + i % 4)] | evenSigns(Memory.i32(part + 4) >> 7 * (i % 4)) << 2;
                    factors[i / 2] = odd(Memory.i32(part + 4) >>> 28);
                }
                d /= 8;
            }
            case IQ1_M -> iq1m(block);
            case IQ1_S -> {
                for (int i = 0; i < 32; i++) {
                    int high = u16(block + 34 + i / 4 * 2);
                    codes[i] = iq1(u8(block + 2 + i) | (high >> i % 4 * 3 & 7) << 8, high >> 15);
                    factors[i / 2] = odd(high >> 12 & 7);
                }
                d /= 8;
            }
            case NVFP4 -> {
                for (int i = 0; i < 4; i++) {
                    factors[i] = u8(block + i);
                    nibbles(block + 4 + 8 * i, 1, 2 * i);
                }
            }
            case TQ2_0 -> {
                for (int i = 0; i < 32; i++) {
                    codes[i] = i64(block + i / 16 * 32 + i % 4 * 8) >>> i / 4 % 4 * 2 & PAIRS;
                }
                d = Memory.f16(block + 64);
                all(1);
            }
            case TQ1_0 -> {
                digits(block, 32, 5, 0);
                digits(block + 32, 16, 5, 160);
                digits(block + 48, 4, 4, 240);
                d = Memory.f16(block + 52);
                all(1);
            }
            case Q2_0 -> {
                for (int i = 0; i < 8; i++) {
                    long pairs = u16(block + 2 + 2 * i);
                    codes[i] = (pairs | pairs << 24) & 0x000000ff000000ffL;
                    codes[i] = (codes[i] | codes[i] << 6 | codes[i] << 12 | codes[i] << 18) & PAIRS;
                }
                all(1);
            }
            case Q1_0 -> {
                for (int i = 0; i < 16; i++) {
                    codes[i] = BITS[u8(block + 2 + i)] << 1;
                }
                all(1);
            }
            default -> throw new IllegalArgumentException(type + " has no codebook");
        }
    }

    private void iq4xs(long block) {
        for (int part = 0; part < 8; part++) {
            nibbles(block + 8 + 16 * part, 2, 4 * part);
            int low = u8(block + 4 + part / 2) >> part % 2 * 4 & 15;
            int factor = (low | (u16(block + 2) >> 2 * part & 3) << 4) - 32;
            factors[2 * part] = factor;
            factors[2 * part + 1] = factor;
        }
    }

    private void iq3s(long block) {
        for (int i = 0; i < 32; i++) {
            int high = u8(block + 66 + i / 4) >> i % 4 * 2;
            codes[i] = Grids.IQ3_S[u8(block + 2 + 2 * i) | (high & 1) << 8]
                    | Grids.IQ3_S[u8(block + 3 + 2 * i) | (high & 2) << 7] << 32 | BITS[u8(block + 74 + i)] << 3;
            factors[i / 2] = odd(u8(block + 106 + i / 8) >> i / 4 % 2 * 4 & 15);
        }
    }

    private void iq1m(long block) {
        int bits = 0;
        for (int i = 0; i < 4; i++) {
            bits |= u16(block + 48 + 2 * i) >> 12 << 4 * i;
        }
        d = Float.float16ToFloat((short) bits) / 8;
        for (int i = 0; i < 32; i++) {
            int high = u8(block + 32 + i / 2) >> i % 2 * 4;
            codes[i] = iq1(u8(block + i) | (high & 7) << 8, high >> 3 & 1);
            factors[i / 2] = odd(u16(block + 48 + i / 8 * 2) >> i / 2 % 4 * 3 & 7);
        }
    }

    private static long iq1(int index, int negative) {
        return Grids.IQ1[index] | negative * 0x0404040404040404L;
    }

    private static int odd(int scale) {
        return 2 * scale + 1;
    }

    /// Seven signs and the eighth.
    private static long evenSigns(int bits) {
        int seven = bits & 127;
        return BITS[seven | (Integer.bitCount(seven) & 1) << 7];
    }

    private void all(int factor) {
        Arrays.fill(factors, factor);
    }

    /// Reads codes of `8 · longs` bytes, first those of the low halves, then those of the high ones.
    private void nibbles(long from, int longs, int to) {
        for (int i = 0; i < longs; i++) {
            codes[to + i] = i64(from + 8 * i) & NIBBLES;
            codes[to + longs + i] = i64(from + 8 * i) >>> 4 & NIBBLES;
        }
    }

    /// Reads base-3 digits: digit n of a byte is `3 · (byte · 3ⁿ mod 256) / 256`.
    ///
    /// @param to the first value
    private void digits(long from, int bytes, int count, int to) {
        for (int i = 0; i < bytes * count; i += 8) {
            long eight = 0;
            for (int j = 0; j < 8; j++) {
                int shifted = u8(from + (i + j) % bytes) * POWERS_OF_3[(i + j) / bytes] & 255;
                eight |= (long) (3 * shifted >> 8) << 8 * j;
            }
            codes[(to + i) / 8] = eight;
        }
    }

    private static int u8(long address) {
        return Memory.u8(address);
    }

    private static int u16(long address) {
        return Memory.ALL.get(Memory.I16, address) & 0xffff;
    }

    private static long i64(long address) {
        return Memory.ALL.get(Memory.I64, address);
    }

    /// The grids of IQ1, IQ2 and IQ3: an index of 8 to 11 bits stands for 8 codes (IQ1, IQ2) or 4 codes (IQ3) of a
    /// `Codebook`, without the sign. The tables are those that ggml chose by the frequency of such groups in models;
    /// the resource holds 16 bits an entry, codes of 2 or 4 bits from the lowest on (`src/test/python/formats.py`
    /// writes it).
    static final class Grids {
        private static final String FILE = "grids.bin";
        private static final ByteBuffer FILE_BYTES = read();

        /// A code in each byte, the first in the lowest.
        static final long[] IQ1 = next(2048, 2);
        static final long[] IQ2_XXS = next(256, 2);
        static final long[] IQ2_XS = next(512, 2);
        static final long[] IQ2_S = next(1024, 2);
        /// In the lower four bytes.
        static final long[] IQ3_XXS = next(256, 4);
        static final long[] IQ3_S = next(512, 4);
        /// The bits of a number as 0 or 1 in each byte.
        static final long[] BITS = new long[256];

        static {
            for (int i = 0; i < 256; i++) {
                for (int j = 0; j < 8; j++) {
                    BITS[i] |= (long) (i >> j & 1) << 8 * j;
                }
            }
        }

        private Grids() { }

        private static ByteBuffer read() {
            try (InputStream in = Grids.class.getResourceAsStream(FILE)) {
                return ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private static long[] next(int size, int bits) {
            long[] grid = new long[size];
            for (int i = 0; i < size; i++) {
                int packed = FILE_BYTES.getShort() & 0xffff;
                for (int j = 0; j < 16 / bits; j++) {
                    grid[i] |= (long) (packed >> bits * j & (1 << bits) - 1) << 8 * j;
                }
            }
            return grid;
        }
    }

    /// The values of ggml's formats that store codes of at most four bits: `value = scale · values[code]`. Where the
    /// file stores magnitudes and signs, the highest bit of a code is the sign. IQ1's values are eight times those of
    /// the format, -1, 0 and 1 plus or minus 1/8.
    ///
    /// Source: https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h
    public enum Codebook {
        E2M1(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12),
        IQ4(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113),
        IQ3_S(1, 3, 5, 7, 9, 11, 13, 15, -1, -3, -5, -7, -9, -11, -13, -15),
        IQ3_XXS(4, 12, 20, 28, 36, 44, 52, 62, -4, -12, -20, -28, -36, -44, -52, -62),
        IQ2(8, 25, 43, 0, -8, -25, -43, 0),
        IQ1(-7, 1, 9, 0, -9, -1, 7, 0),
        /// Codes are integers with offset 1.
        TERNARY(-1, 0, 1, 2);

        private final int[] values;
        /// The values as F32, by code.
        final float[] floats;

        Codebook(int... values) {
            this.values = values;
            floats = new float[values.length];
            for (int i = 0; i < values.length; i++) {
                floats[i] = values[i];
            }
        }

        /// Bits of a code: 2 to 4.
        public int bits() {
            return Integer.numberOfTrailingZeros(values.length);
        }

        /// The number of codes.
        public int size() {
            return values.length;
        }

        public int value(int code) {
            return values[code];
        }

        /// The codebook of a type.
        ///
        /// @throws IllegalArgumentException if the type is not read by `CodebookBlocks`
        public static Codebook of(DType type) {
            return switch (type) {
                case IQ4_NL, IQ4_XS -> IQ4;
                case IQ3_S -> IQ3_S;
                case IQ3_XXS -> IQ3_XXS;
                case IQ2_S, IQ2_XS, IQ2_XXS -> IQ2;
                case IQ1_M, IQ1_S -> IQ1;
                case NVFP4 -> E2M1;
                case TQ2_0, TQ1_0, Q2_0, Q1_0 -> TERNARY;
                default -> throw new IllegalArgumentException(type + " has no codebook");
            };
        }
    }
}
