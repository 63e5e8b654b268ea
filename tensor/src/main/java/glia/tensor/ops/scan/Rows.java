package glia.tensor.ops.scan;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Small matrices on the heap as arrays of rows, for recurrences of one head. The inner loops of `add` use one index
/// for all arrays, the form that the JIT compiler vectorizes on every processor.
///
/// An object reuses its matrices. Each thread has one, so the steady state allocates nothing.
final class Rows {
    /// Tokens whose states are kept at a time in `backward`.
    private static final int BLOCK = 32;
    private static final ThreadLocal<Rows> OF_THREAD = ThreadLocal.withInitial(Rows::new);

    private final List<float[][]> matrices = new ArrayList<>();
    private int next;

    private Rows() { }

    /// Returns the calling thread's object, with all its matrices free.
    static Rows begin() {
        Rows rows = OF_THREAD.get();
        rows.next = 0;
        return rows;
    }

    /// Takes a matrix of at least this size with undefined contents.
    float[][] take(int numRows, int numCols) {
        if (next == matrices.size()) {
            matrices.add(new float[0][]);
        }
        float[][] matrix = matrices.get(next);
        if (matrix.length < numRows || numRows > 0 && matrix[0].length < numCols) {
            int cols = Math.max(numCols, matrix.length == 0 ? 0 : matrix[0].length);
            matrix = new float[Math.max(numRows, matrix.length)][cols];
            matrices.set(next, matrix);
        }
        next++;
        return matrix;
    }

    /// Takes a row of at least this size.
    float[] take(int numCols) {
        return take(1, numCols)[0];
    }

    /// Computes `y += Σ_k a[k] · b[k]` over the rows `from` (inclusive) to `to` (exclusive) of b, for the first `cols`
    /// columns.
    static void add(float[] y, float[] a, float[][] b, int from, int to, int cols) {
        int k = from;
        for (; k <= to - 4; k += 4) {
            four(y, a, b, k, cols);
        }
        for (; k < to; k++) {
            add(y, a[k], b[k], cols);
        }
    }

    /// Adds four rows at once: y is read and written once for all of them.
    private static void four(float[] y, float[] a, float[][] b, int k, int cols) {
        float a0 = a[k];
        float a1 = a[k + 1];
        float a2 = a[k + 2];
        float a3 = a[k + 3];
        float[] b0 = b[k];
        float[] b1 = b[k + 1];
        float[] b2 = b[k + 2];
        float[] b3 = b[k + 3];
        for (int i = 0; i < cols; i++) {
            y[i] += (a0 * b0[i] + a1 * b1[i]) + (a2 * b2[i] + a3 * b3[i]);
        }
    }

    /// Computes `y += a · b` for the first `cols` columns.
    static void add(float[] y, float a, float[] b, int cols) {
        for (int i = 0; i < cols; i++) {
            y[i] += a * b[i];
        }
    }

    /// Computes `y = a · b` for the first `cols` columns.
    static void scale(float[] y, float a, float[] b, int cols) {
        for (int i = 0; i < cols; i++) {
            y[i] = a * b[i];
        }
    }

    /// Computes `y = a ∘ b` (elementwise) for the first `cols` columns.
    static void multiply(float[] y, float[] a, float[] b, int cols) {
        for (int i = 0; i < cols; i++) {
            y[i] = a[i] * b[i];
        }
    }

    /// Computes `Σ a · b` over the first `cols` columns.
    static float dot(float[] a, float[] b, int cols) {
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        int i = 0;
        for (; i <= cols - 4; i += 4) {
            s0 += a[i] * b[i];
            s1 += a[i + 1] * b[i + 1];
            s2 += a[i + 2] * b[i + 2];
            s3 += a[i + 3] * b[i + 3];
        }
        for (; i < cols; i++) {
            s0 += a[i] * b[i];
        }
        return (s0 + s2) + (s1 + s3);
    }

    /// Sets the first `cols` columns of the first `rows` rows to zero.
    static void zero(float[][] matrix, int rows, int cols) {
        for (int i = 0; i < rows; i++) {
            Arrays.fill(matrix[i], 0, cols, 0);
        }
    }

    /// Transposes: `to[j][i] = from[i][j]`.
    static void transpose(float[][] to, float[][] from, int rows, int cols) {
        for (int i = 0; i < rows; i++) {
            float[] row = from[i];
            for (int j = 0; j < cols; j++) {
                to[j][i] = row[j];
            }
        }
    }

    /// Reads a matrix of `rows` times `cols` F32 values at an address; zeros for address 0.
    static void load(float[][] to, long address, int rows, int cols) {
        if (address == 0) {
            zero(to, rows, cols);
            return;
        }
        for (int i = 0; i < rows; i++) {
            MemorySegment.copy(Memory.ALL, Memory.F32, address + 4L * i * cols, to[i], 0, cols);
        }
    }

    /// Writes a matrix to an address; does nothing for address 0.
    static void store(float[][] from, long address, int rows, int cols) {
        for (int i = 0; i < rows && address != 0; i++) {
            MemorySegment.copy(from[i], 0, Memory.ALL, Memory.F32, address + 4L * i * cols, cols);
        }
    }

    /// Reads `cols` columns from `col` on of the rows `from` to `from + rows` of a tensor.
    static void load(float[][] to, Tensor x, int from, int rows, int col, int cols) {
        for (int i = 0; i < rows; i++) {
            MemorySegment.copy(Memory.ALL, Memory.F32, at(x, from + i, col), to[i], 0, cols);
        }
    }

    /// Writes to a block of a tensor.
    static void store(float[][] from, Tensor y, int row, int rows, int col, int cols) {
        for (int i = 0; i < rows; i++) {
            MemorySegment.copy(from[i], 0, Memory.ALL, Memory.F32, at(y, row + i, col), cols);
        }
    }

    /// Adds to a block of a tensor.
    static void accumulate(float[][] from, float scale, Tensor y, int row, int rows, int col, int cols) {
        for (int i = 0; i < rows; i++) {
            long address = at(y, row + i, col);
            for (int j = 0; j < cols; j++) {
                Memory.f32(address + 4L * j, Memory.f32(address + 4L * j) + scale * from[i][j]);
            }
        }
    }

    private static long at(Tensor x, int row, int col) {
        return x.address() + 4 * ((long) row * x.cols() + col);
    }

    /// A recurrence over a matrix of states whose gradient needs the states before and after each token.
    interface Recurrence {
        /// Computes the state `after` token t; both states may be one array.
        void advance(int t, float[][] before, float[][] after);

        /// Turns ds, the gradient of the state after token t, into that of the state before it.
        void retreat(int t, float[][] before, float[][] after, float[][] ds);
    }

    /// Runs a recurrence that begins with zeros, then its gradient from the last token to the first. The states before
    /// each block of tokens are computed first, then, block by block, those within.
    ///
    /// @param cols the columns of a state
    void backward(Recurrence recurrence, int start, int end, int keySize, int cols) {
        int blocks = Math.ceilDiv(end - start, BLOCK);
        float[][][] firsts = new float[blocks][keySize][cols];
        for (int b = 0; b + 1 < blocks; b++) {
            float[][] from = firsts[b];
            for (int t = start + b * BLOCK; t < start + (b + 1) * BLOCK; t++) {
                recurrence.advance(t, from, firsts[b + 1]);
                from = firsts[b + 1];
            }
        }
        float[][][] states = new float[Math.min(end - start, BLOCK) + 1][][];
        for (int t = 1; t < states.length; t++) {
            states[t] = new float[keySize][cols];
        }
        float[][] ds = take(keySize, cols);
        zero(ds, keySize, cols);
        for (int b = blocks - 1; b >= 0; b--) {
            int first = start + b * BLOCK;
            int count = Math.min(BLOCK, end - first);
            states[0] = firsts[b];
            for (int t = 0; t < count; t++) {
                recurrence.advance(first + t, states[t], states[t + 1]);
            }
            for (int t = count - 1; t >= 0; t--) {
                recurrence.retreat(first + t, states[t], states[t + 1], ds);
            }
        }
    }
}
