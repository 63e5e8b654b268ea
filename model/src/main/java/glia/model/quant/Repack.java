package glia.model.quant;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.function.LongToIntFunction;
import java.util.function.LongUnaryOperator;

/// Repacks codes row by row. Copies have the size of the stored tensors and live as long as they are reachable.
final class Repack {
    /// Tile size of the transposition; source and target tiles fit the L1 cache.
    private static final int TILE = 64;

    private static final int[] AWQ_ORDER = {0, 2, 4, 6, 1, 3, 5, 7};

    private Repack() { }

    /// Transposes 32-bit words `[I,O]` to `[O,I]`, as bytes `[O,4·I]`.
    static Tensor transposedWords(Tensor words) {
        int inputs = words.rows();
        int outputs = words.cols();
        Tensor transposed = Tensor.allocate(Arena.ofAuto(), DType.U8, outputs, 4L * inputs);
        for (int i0 = 0; i0 < inputs; i0 += TILE) {
            for (int o0 = 0; o0 < outputs; o0 += TILE) {
                for (int o = o0; o < Math.min(outputs, o0 + TILE); o++) {
                    for (int i = i0; i < Math.min(inputs, i0 + TILE); i++) {
                        Memory.i32(transposed.address() + 4L * ((long) o * inputs + i),
                                Memory.i32(words.address() + 4L * ((long) i * outputs + o)));
                    }
                }
            }
        }
        return transposed;
    }

    /// Repacks AWQ's words `[I,O/8]`, with eight outputs each in the order 0, 2, 4, 6, 1, 3, 5, 7, to 4-bit codes
    /// `[O,I/2]`.
    static Tensor transposedAwq(Tensor words) {
        int inputs = words.rows();
        int wordsAcross = words.cols();
        int rowBytes = Math.ceilDiv(inputs, 2);
        Tensor transposed = Tensor.allocate(Arena.ofAuto(), DType.U8, 8L * wordsAcross, rowBytes);
        for (int o0 = 0; o0 < wordsAcross; o0 += TILE / 8) {
            for (int i = 0; i < inputs; i += 2) {
                for (int o = o0; o < Math.min(wordsAcross, o0 + TILE / 8); o++) {
                    long at = words.address() + 4L * ((long) i * wordsAcross + o);
                    int even = Memory.i32(at);
                    int odd = i + 1 < inputs ? Memory.i32(at + 4L * wordsAcross) : 0;
                    for (int j = 0; j < 8; j++) {
                        long row = 8L * o + AWQ_ORDER[j];
                        Memory.i8(transposed.address() + row * rowBytes + i / 2,
                                even >>> 4 * j & 15 | (odd >>> 4 * j & 15) << 4);
                    }
                }
            }
        }
        return transposed;
    }

    /// Transposes scales `[G,O]` to `[O,G]`.
    static Tensor transposed(Tensor scales) {
        int groups = scales.rows();
        int outputs = scales.cols();
        int bytes = scales.dtype().blockBytes();
        Tensor transposed = Tensor.allocate(Arena.ofAuto(), scales.dtype(), outputs, groups);
        for (long g = 0; g < groups; g++) {
            for (long o = 0; o < outputs; o++) {
                for (int b = 0; b < bytes; b++) {
                    Memory.i8(transposed.address() + (o * groups + g) * bytes + b,
                            Memory.i8(scales.address() + (g * outputs + o) * bytes + b));
                }
            }
        }
        return transposed;
    }

    /// Reorders the columns of each row.
    ///
    /// @param order the source column of each target column
    static Tensor ordered(Tensor codes, int bits, int[] order) {
        int rowBytes = Math.ceilDiv(order.length * bits, 8);
        Tensor ordered = Tensor.allocate(Arena.ofAuto(), DType.U8, codes.rows(), rowBytes);
        for (int r = 0; r < codes.rows(); r++) {
            long from = codes.address() + r * codes.rowBytes();
            long to = ordered.address() + (long) r * rowBytes;
            if (bits == 8) {
                for (int p = 0; p < order.length; p++) {
                    Memory.i8(to + p, Memory.u8(from + order[p]));
                }
                continue;
            }
            for (int p = 0; p < order.length; p += 2) {
                int even = nibble(from, order[p]);
                int odd = p + 1 < order.length ? nibble(from, order[p + 1]) : 0;
                Memory.i8(to + p / 2, even | odd << 4);
            }
        }
        return ordered;
    }

    private static int nibble(long row, int k) {
        return Memory.u8(row + k / 2) >> 4 * (k & 1) & 15;
    }

    /// Unpacks zero points of `bits` bits to F16 `[O,G]`.
    ///
    /// @param words `[G, O · bits / 32]`, or with `isDown` `[O · bits / 32, G]`
    /// @param add the offset added to each
    static Tensor zeros(Tensor words, int outputs, int groups, int bits, boolean isDown, boolean isAwq, int add) {
        int perWord = 32 / bits;
        int mask = (1 << bits) - 1;
        Tensor zeros = Tensor.allocate(Arena.ofAuto(), DType.F16, outputs, groups);
        int[] place = new int[perWord];
        for (int j = 0; j < perWord; j++) {
            place[isAwq ? AWQ_ORDER[j] : j] = j;
        }
        for (int o = 0; o < outputs; o++) {
            for (int g = 0; g < groups; g++) {
                long word = isDown ? (long) (o / perWord) * groups + g : (long) g * words.cols() + o / perWord;
                int code = Memory.i32(words.address() + 4 * word) >>> bits * place[o % perWord] & mask;
                Memory.f16(zeros.address() + 2 * ((long) o * groups + g), code + add);
            }
        }
        return zeros;
    }

    /// Packs codes of 2, 4 or 8 bits that are stored in another order.
    ///
    /// @param codeAt the code of row r and column k by its place `r · cols + k`
    static Tensor codes(int bits, int rows, int cols, LongToIntFunction codeAt) {
        int rowBytes = Math.ceilDiv(cols * bits, 8);
        Tensor codes = Tensor.allocate(Arena.ofAuto(), DType.U8, rows, rowBytes);
        for (long r = 0; r < rows; r++) {
            for (int b = 0; b < rowBytes; b++) {
                int all = 0;
                for (int k = b * 8 / bits, shift = 0; shift < 8 && k < cols; k++, shift += bits) {
                    all |= codeAt.applyAsInt(r * cols + k) << shift;
                }
                Memory.i8(codes.address() + r * rowBytes + b, all);
            }
        }
        return codes;
    }

    /// The largest divisor of `cols` so that blocks of `size` values, counted across rows, begin and end at multiples
    /// of it.
    static int run(int cols, int size) {
        return size == 0 ? cols : run(size, cols % size);
    }

    /// Numbers of blocks, one for each run of columns.
    ///
    /// @param blockAt the block of a place `r · cols + k`
    static Tensor spread(float[] numbers, int rows, int cols, int run, LongUnaryOperator blockAt) {
        Tensor spread = Tensor.allocate(Arena.ofAuto(), DType.F32, rows, cols / run);
        for (long i = 0; i < spread.size(); i++) {
            spread.set(i, numbers[(int) blockAt.applyAsLong(i * run)]);
        }
        return spread;
    }

    /// Whether all F16 elements have this value.
    static boolean all(Tensor numbers, float number) {
        for (long i = 0; i < numbers.size(); i++) {
            if (Memory.f16(numbers.address() + 2 * i) != number) {
                return false;
            }
        }
        return true;
    }
}
