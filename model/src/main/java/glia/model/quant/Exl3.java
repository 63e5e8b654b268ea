package glia.model.quant;

import glia.io.CheckpointException;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.QuantizedMatrix.Code;
import glia.tensor.QuantizedMatrix.Grouping;
import glia.tensor.QuantizedMatrix;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Optional;
import java.util.stream.IntStream;

/// EXL3 of ExLlamaV3: the trellis codes of QTIP (https://arxiv.org/abs/2406.11235) for a matrix that was rotated on
/// both sides. `trellis` I16 `[K/16, R/16, 16·b]` holds tiles of 16 inputs by 16 outputs with b bits a weight: weight t
/// of a tile is a function of the 16 bits that end at bit `(t + 1)·b` of the tile, which is a ring, in 32-bit words
/// from the highest bit on. The function ([Codebook]) mixes the bits by a multiplication. With H, the normalized
/// Hadamard matrix of size 128, the weights are
///
/// > W = diag(suh) · H · tiles · H · diag(svh)
///
/// for blocks of 128 inputs and outputs; `suh` `[K]` and `svh` `[R]` are F16, or in older files signs, `su` and `sv`,
/// 16 in an I16. The matrix is computed at first use, in F16 but for the factors `svh`.
///
/// @see <a href="https://github.com/turboderp-org/exllamav3/tree/master/exllamav3/exllamav3_ext/quant">ExLlamaV3:
///     `exl3_dq.cuh`, `codebook.cuh`, and `tensor_core_perm` in `quantize.py`</a>
record Exl3() implements Packings.Packing {
    private static final String TRELLIS = ".trellis";
    private static final int TILE = 16;
    private static final int BLOCK = 128;
    private static final int MOST_BITS = 8;

    /// The weight of 16 bits.
    private enum Codebook {
        /// Two F16 numbers, added.
        DEFAULT(89226354, 64248484, ""), MCG(0xCBAC1FED, 0, ".mcg"),
        /// The sum of the four bytes, from -510 to 510, divided by 147.7.
        MUL1(0x83DCD12D, 0, ".mul1");

        private static final int KEPT_BITS = 0x8fff8fff;
        private static final int EXPONENTS = 0x3b603b60;
        private static final float FACTOR = Float.float16ToFloat((short) 0x1eee);
        private static final float OFFSET = Float.float16ToFloat((short) 0xc931);

        private final int multiplier;
        private final int added;
        private final String key;

        Codebook(int multiplier, int added, String key) {
            this.multiplier = multiplier;
            this.added = added;
            this.key = key;
        }

        float value(int bits) {
            int x = bits * multiplier + added;
            if (this == MUL1) {
                int sum = (x & 255) + (x >> 8 & 255) + (x >> 16 & 255) + (x >>> 24);
                return half((1024 + sum) * FACTOR + OFFSET);
            }
            int two = x & KEPT_BITS ^ EXPONENTS;
            return half(Float.float16ToFloat((short) two) + Float.float16ToFloat((short) (two >>> 16)));
        }

        private static float half(float x) {
            return Float.float16ToFloat(Float.floatToFloat16(x));
        }
    }

    @Override
    public Optional<String> weight(String name, Parts parts) {
        return name.endsWith(TRELLIS) ? Optional.of(base(name) + ".weight") : Optional.empty();
    }

    private static String base(String name) {
        return name.substring(0, name.length() - TRELLIS.length());
    }

    @Override
    public PackedTensor read(String name, Parts parts) throws CheckpointException {
        Tensor trellis = parts.codes(name, 3, DType.I16);
        int bits = trellis.cols() / TILE;
        int cols = Math.toIntExact(trellis.dim(0) * TILE);
        int rows = Math.toIntExact(trellis.dim(1) * TILE);
        if (trellis.cols() % TILE != 0 || bits < 1 || bits > MOST_BITS || rows % BLOCK != 0 || cols % BLOCK != 0) {
            throw parts.error(name, "found " + trellis + ", expected [inputs / 16, outputs / 16, 16 · bits] with "
                    + "inputs and outputs in blocks of 128 and 1 to 8 bits");
        }
        Codebook codebook = codebook(base(name), parts);
        float[] in = factors(base(name) + ".su", cols, parts);
        Tensor out = Tensor.of(Arena.ofAuto(), factors(base(name) + ".sv", rows, parts), rows, 1);
        return PackedTensor.of(new QuantizedMatrix("EXL3 " + bits + "-bit", rows, cols, new Grouping.Blocks(1, cols),
                trellis.sizeBytes() + 2L * (rows + cols), () -> new QuantizedMatrix.Parts(Code.F16,
                        weights(trellis, bits, codebook, in), out, Optional.empty(), 1)));
    }

    private static Codebook codebook(String base, Parts parts) throws CheckpointException {
        for (Codebook codebook : new Codebook[] {Codebook.MCG, Codebook.MUL1}) {
            if (parts.has(base + codebook.key)) {
                int found = parts.integer(base + codebook.key);
                if (found != codebook.multiplier) {
                    throw parts.error(base + codebook.key, "found " + Integer.toUnsignedString(found)
                            + ", expected the multiplier " + Integer.toUnsignedString(codebook.multiplier));
                }
                return codebook;
            }
        }
        return Codebook.DEFAULT;
    }

    private static float[] factors(String key, int size, Parts parts) throws CheckpointException {
        if (!parts.has(key)) {
            return parts.floats(key + "h", size);
        }
        Tensor signs = parts.whole(key, DType.I16, size / TILE);
        float[] factors = new float[size];
        for (int i = 0; i < size; i++) {
            factors[i] = Memory.u8(signs.address() + i / 8) >> i % 8 & 1;
            factors[i] = 1 - 2 * factors[i];
        }
        return factors;
    }

    private static Tensor weights(Tensor trellis, int bits, Codebook codebook, float[] in) {
        int cols = in.length;
        int down = (int) trellis.dim(1) * TILE / BLOCK;
        float[] table = new float[1 << TILE];
        for (int i = 0; i < table.length; i++) {
            table[i] = codebook.value(i);
        }
        Tensor weights = Tensor.allocate(Arena.ofAuto(), DType.U8, (long) down * BLOCK, 2L * cols);
        IntStream.range(0, down * (cols / BLOCK)).parallel().forEach(i ->
                block(trellis, bits, table, in, i / (cols / BLOCK) * BLOCK, i % (cols / BLOCK) * BLOCK, weights));
        return weights;
    }

    /// Computes 128 rows and columns. Sums of F16 numbers are exact in F64.
    private static void block(Tensor trellis, int bits, float[] table, float[] in, int row, int col, Tensor to) {
        double[] w = new double[BLOCK * BLOCK];
        int tileBytes = 2 * TILE * bits;
        for (int k = 0; k < BLOCK / TILE; k++) {
            for (int r = 0; r < BLOCK / TILE; r++) {
                long tile = (col / TILE + k) * trellis.dim(1) + row / TILE + r;
                tile(trellis.address() + tile * tileBytes, bits, table, w, r * TILE * BLOCK + k * TILE);
            }
        }
        hadamard(w, 1);
        hadamard(w, BLOCK);
        for (int r = 0; r < BLOCK; r++) {
            for (int k = 0; k < BLOCK; k++) {
                long at = to.address() + (row + r) * to.dim(1) + 2L * (col + k);
                Memory.f16(at, (float) (w[r * BLOCK + k] / BLOCK * in[col + k]));
            }
        }
    }

    /// Decodes a tile to rows of outputs. Eight neighbors in the trellis are of one thread of a tensor core: rows
    /// `2 (t % 4)` + 0, 1, 8 and 9 of column `t / 4`, and of column `t / 4 + 8`.
    private static void tile(long address, int bits, float[] table, double[] w, int to) {
        int words = MOST_BITS * bits;
        for (int i = 0; i < TILE * TILE; i++) {
            int end = (i + 1) * bits;
            int last = (end - 1) / 32;
            long two = (long) Memory.i32(address + 4L * Math.floorMod((end - TILE) >> 5, words)) << 32
                    | Integer.toUnsignedLong(Memory.i32(address + 4L * last));
            int thread = i / 8;
            int k = thread % 4 * 2 + i % 2 + i % 4 / 2 * 8;
            int r = thread / 4 + i % 8 / 4 * 8;
            w[to + r * BLOCK + k] = table[(int) (two >>> 32 * (last + 1) - end) & 0xffff];
        }
    }

    /// Multiplies by the Hadamard matrix along rows (step 1) or columns.
    private static void hadamard(double[] w, int step) {
        for (int half = 1; half < BLOCK; half *= 2) {
            for (int i = 0; i < w.length; i++) {
                if ((i / step & half) == 0) {
                    int j = i + half * step;
                    double sum = w[i] + w[j];
                    w[j] = w[i] - w[j];
                    w[i] = sum;
                }
            }
        }
    }
}
