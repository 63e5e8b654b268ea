package glia.engine.packed;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// Quantises one matrix `[R,K]`: nearest codes under scales from the largest number of each group.
final class Quantiser {
    private static final int[] AWQ_ORDER = {0, 2, 4, 6, 1, 3, 5, 7};

    private static final float[] E4M3 = new float[256];

    static {
        for (int code = 0; code < 256; code++) {
            E4M3[code] = e4m3(code);
        }
    }

    private final Arena arena;
    private final String module;
    private final Map<String, Tensor> parts;
    private final Random random;
    private final float[] w;
    private final int rows;
    private final int cols;

    Quantiser(Arena arena, String module, Tensor w, Map<String, Tensor> parts, Random random) {
        this.arena = arena;
        this.module = module;
        this.parts = parts;
        this.random = random;
        this.w = w.toArray();
        this.rows = w.rows();
        this.cols = w.cols();
    }

    private Tensor part(String name, DType type, long... shape) {
        Tensor t = Tensor.allocate(arena, type, shape);
        parts.put(module + "." + name, t);
        return t;
    }

    /// The largest magnitude in a block.
    private float largest(int fromRow, int toRow, int fromCol, int toCol) {
        float most = 1e-6f;
        for (int r = fromRow; r < Math.min(rows, toRow); r++) {
            for (int k = fromCol; k < Math.min(cols, toCol); k++) {
                most = Math.max(most, Math.abs(w[r * cols + k]));
            }
        }
        return most;
    }

    /// Stores a positive number in any type that scales have, and gives what was stored.
    private static float store(Tensor t, int index, float value) {
        switch (t.dtype()) {
            case F32 -> t.set(index, value);
            case F16 -> Memory.f16(t.address() + 2L * index, value);
            case BF16 -> Memory.ALL.set(Memory.I16, t.address() + 2L * index,
                    (short) (Float.floatToIntBits(value) >> 16));
            case F8_E8M0 -> Memory.i8(t.address() + index, Math.getExponent(value) + 1 + 127);
            case F8_E4M3 -> Memory.i8(t.address() + index, nearest(value));
            default -> throw new IllegalArgumentException(t.toString());
        }
        float[] one = new float[1];
        Decode.toFloats(t, index, one, 0, 1);
        return one[0];
    }

    private static int nearest(float value) {
        int best = 0;
        for (int code = 0; code < 256; code++) {
            if ((code & 0x7f) != 0x7f && Math.abs(E4M3[code] - value) < Math.abs(E4M3[best] - value)) {
                best = code;
            }
        }
        return best;
    }

    private static float e4m3(int code) {
        int exponent = code >> 3 & 15;
        double magnitude = exponent == 0 ? (code & 7) / 8.0 * Math.pow(2, -6)
                : (1 + (code & 7) / 8.0) * Math.pow(2, exponent - 7);
        return (float) (code < 128 ? magnitude : -magnitude);
    }

    /// FP8 codes under scales for blocks; 0 stands for all rows or columns.
    float[] floats(String scaleName, int blockRows, int blockCols, DType scaleType) {
        int down = blockRows == 0 ? rows : blockRows;
        int across = blockCols == 0 ? cols : blockCols;
        int gridRows = Math.ceilDiv(rows, down);
        int gridCols = Math.ceilDiv(cols, across);
        Tensor codes = part("weight", DType.F8_E4M3, rows, cols);
        Tensor scales = blockRows == 0 ? part(scaleName, scaleType) : part(scaleName, scaleType, gridRows, gridCols);
        float[] numbers = new float[rows * cols];
        for (int i = 0; i < gridRows * gridCols; i++) {
            int r0 = i / gridCols * down;
            int k0 = i % gridCols * across;
            float scale = store(scales, i, largest(r0, r0 + down, k0, k0 + across) / 448);
            for (int r = r0; r < Math.min(rows, r0 + down); r++) {
                for (int k = k0; k < Math.min(cols, k0 + across); k++) {
                    int code = nearest(w[r * cols + k] / scale);
                    Memory.i8(codes.address() + (long) r * cols + k, code);
                    numbers[r * cols + k] = E4M3[code] * scale;
                }
            }
        }
        return numbers;
    }

    private static void or(Tensor words, long index, int bits) {
        long at = words.address() + 4 * index;
        Memory.i32(at, Memory.i32(at) | bits);
    }

    private int code(int r, int k, float scale, int zero, int bits) {
        return Math.clamp(Math.round(w[r * cols + k] / scale) + zero, 0, (1 << bits) - 1);
    }

    /// The group of each input: in order, or sorted at random.
    private int[] groups(int size, boolean shuffled) {
        int[] groups = new int[cols];
        for (int k = 0; k < cols; k++) {
            groups[k] = k / size;
        }
        for (int k = cols - 1; shuffled && k > 0; k--) {
            int other = random.nextInt(k + 1);
            int kept = groups[k];
            groups[k] = groups[other];
            groups[other] = kept;
        }
        return groups;
    }

    private float largestOf(int row, int[] groups, int group) {
        float most = 1e-6f;
        for (int k = 0; k < cols; k++) {
            most = Math.max(most, groups[k] == group ? Math.abs(w[row * cols + k]) : 0);
        }
        return most;
    }

    /// @param zeros what zero points are taken from
    /// @param less what zero points are stored less
    float[] gptq(int bits, int groupSize, List<Integer> zeros, int less, boolean actOrder) {
        int perWord = 32 / bits;
        int size = groupSize == 0 ? cols : groupSize;
        int numGroups = Math.ceilDiv(cols, size);
        Tensor words = part("qweight", DType.I32, cols / perWord, rows);
        Tensor points = part("qzeros", DType.I32, numGroups, rows / perWord);
        Tensor scales = part("scales", DType.F16, numGroups, rows);
        int[] groups = groups(size, actOrder);
        Tensor order = part("g_idx", DType.I32, cols);
        for (int k = 0; k < cols; k++) {
            Memory.i32(order.address() + 4L * k, groups[k]);
        }
        float[] numbers = new float[rows * cols];
        for (int r = 0; r < rows; r++) {
            for (int g = 0; g < numGroups; g++) {
                int zero = zeros.get(random.nextInt(zeros.size()));
                float scale = store(scales, g * rows + r, largestOf(r, groups, g) / ((1 << bits - 1) - 1));
                or(points, (long) g * (rows / perWord) + r / perWord, zero - less << bits * (r % perWord));
                for (int k = 0; k < cols; k++) {
                    if (groups[k] == g) {
                        int code = code(r, k, scale, zero, bits);
                        or(words, (long) k / perWord * rows + r, code << bits * (k % perWord));
                        numbers[r * cols + k] = (code - zero) * scale;
                    }
                }
            }
        }
        return numbers;
    }

    float[] awq(int groupSize) {
        int numGroups = Math.ceilDiv(cols, groupSize);
        Tensor words = part("qweight", DType.I32, cols, rows / 8);
        Tensor points = part("qzeros", DType.I32, numGroups, rows / 8);
        Tensor scales = part("scales", DType.F16, numGroups, rows);
        int[] place = new int[8];
        for (int j = 0; j < 8; j++) {
            place[AWQ_ORDER[j]] = 4 * j;
        }
        float[] numbers = new float[rows * cols];
        for (int r = 0; r < rows; r++) {
            for (int g = 0; g < numGroups; g++) {
                int zero = random.nextInt(16);
                float scale = store(scales, g * rows + r, largest(r, r + 1, g * groupSize, (g + 1) * groupSize) / 7);
                or(points, (long) g * (rows / 8) + r / 8, zero << place[r % 8]);
                for (int k = g * groupSize; k < Math.min(cols, (g + 1) * groupSize); k++) {
                    int code = code(r, k, scale, zero, 4);
                    or(words, (long) k * (rows / 8) + r / 8, code << place[r % 8]);
                    numbers[r * cols + k] = (code - zero) * scale;
                }
            }
        }
        return numbers;
    }

    float[] packed(int bits, int groupSize, boolean symmetric, boolean actOrder) {
        int perWord = 32 / bits;
        int size = groupSize == 0 ? cols : groupSize;
        int numGroups = Math.ceilDiv(cols, size);
        int wordsAcross = Math.ceilDiv(cols, perWord);
        Tensor words = part("weight_packed", DType.I32, rows, wordsAcross);
        Tensor shape = part("weight_shape", DType.I64, 2);
        Memory.i32(shape.address(), rows);
        Memory.i32(shape.address() + 8, cols);
        Tensor scales = part("weight_scale", DType.BF16, rows, numGroups);
        int[] groups = groups(size, actOrder);
        if (actOrder) {
            Tensor order = part("weight_g_idx", DType.I32, cols);
            for (int k = 0; k < cols; k++) {
                Memory.i32(order.address() + 4L * k, groups[k]);
            }
        }
        int middle = 1 << bits - 1;
        float[] numbers = new float[rows * cols];
        for (int r = 0; r < rows; r++) {
            for (int g = 0; g < numGroups; g++) {
                int zero = symmetric ? middle : random.nextInt(2 * middle);
                if (!symmetric) {
                    Tensor points = parts.containsKey(module + ".weight_zero_point")
                            ? parts.get(module + ".weight_zero_point")
                            : part("weight_zero_point", DType.I32, Math.ceilDiv(rows, perWord), numGroups);
                    or(points, (long) r / perWord * numGroups + g, zero << bits * (r % perWord));
                }
                float scale = store(scales, r * numGroups + g, largestOf(r, groups, g) / (middle - 1));
                for (int k = 0; k < cols; k++) {
                    if (groups[k] == g) {
                        int code = code(r, k, scale, zero, bits);
                        or(words, (long) r * wordsAcross + k / perWord, code << bits * (k % perWord));
                        numbers[r * cols + k] = (code - zero) * scale;
                    }
                }
            }
        }
        return numbers;
    }

    /// Whole numbers of 8 bits: a scale a row, or with a zero point one for all.
    float[] bytes(boolean zeroPoint) {
        Tensor codes = part("weight", DType.I8, rows, cols);
        Tensor scales = zeroPoint ? part("weight_scale", DType.F32, 1) : part("weight_scale", DType.F32, rows, 1);
        int zero = zeroPoint ? -5 : 0;
        if (zeroPoint) {
            Memory.i8(part("weight_zero_point", DType.I8, 1).address(), zero);
        }
        float[] numbers = new float[rows * cols];
        for (int r = 0; r < rows; r++) {
            float most = zeroPoint ? largest(0, rows, 0, cols) : largest(r, r + 1, 0, cols);
            float scale = store(scales, zeroPoint ? 0 : r, most / 120);
            for (int k = 0; k < cols; k++) {
                int code = code(r, k, scale, zero + 128, 8) - 128;
                Memory.i8(codes.address() + (long) r * cols + k, code);
                numbers[r * cols + k] = (code - zero) * scale;
            }
        }
        return numbers;
    }

    /// E2M1, two a byte.
    float[] fours(int groupSize, DType scaleType, float global) {
        float[] magnitudes = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
        int numGroups = Math.ceilDiv(cols, groupSize);
        Tensor codes = part("weight_packed", DType.U8, rows, cols / 2);
        Tensor scales = scaleType == DType.F8_E8M0 ? part("weight_scale", DType.U8, rows, numGroups)
                : part("weight_scale", scaleType, rows, numGroups);
        Tensor typed = Tensor.of(scaleType, scales.memory(), scales.shape());
        if (scaleType == DType.F8_E4M3) {
            part("weight_global_scale", DType.F32, 1).set(0, global);
        }
        float[] numbers = new float[rows * cols];
        for (int r = 0; r < rows; r++) {
            for (int k = 0; k < cols; k++) {
                int g = k / groupSize;
                float scale = store(typed, r * numGroups + g,
                        global * largest(r, r + 1, g * groupSize, (g + 1) * groupSize) / 6) / global;
                int best = 0;
                for (int code = 0; code < 16; code++) {
                    float value = (code < 8 ? 1 : -1) * magnitudes[code % 8] * scale;
                    if (Math.abs(value - w[r * cols + k]) < Math.abs(numbers[r * cols + k] - w[r * cols + k])) {
                        best = code;
                        numbers[r * cols + k] = value;
                    }
                }
                long at = codes.address() + (long) r * (cols / 2) + k / 2;
                Memory.i8(at, Memory.u8(at) | best << 4 * (k % 2));
            }
        }
        return numbers;
    }
}
