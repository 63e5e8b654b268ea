package glia.tensor.ops;

import glia.tensor.Matrix;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.format.E4m3;
import glia.tensor.kernel.Kernels;
import java.util.function.Predicate;

/// The three products of a linear layer in FP8, as DeepSeek-V3 is trained (https://arxiv.org/abs/2412.19437, section
/// 3.3), emulated: both factors are rounded to E4M3 numbers times F32 scales, `largest magnitude / 448`. Activations
/// and gradients have a scale for each tile of 128 values along the dimension that is summed, weights for each block of
/// 128 × 128. Products are summed in F32 within 128 terms, and these sums, times both scales, in F32:
///
/// ```
/// out[i,j] = Σ_c a_scale[c,i] · b_scale[c,j] · Σ_{l in chunk c} a[l,i] · b[l,j]
/// ```
/// E4M3 numbers and the products of two of them are exact in F32.
final class Float8Products {
    /// Terms of a chunk, and rows and columns of a weight's block.
    private static final int CHUNK = 128;

    /// A factor `v[l, i]` with l summed: `base + 4 · (l · stepL + i · stepI)` is its address.
    ///
    /// @param isWeight whether 128 neighbors i share a scale
    private record Factor(Tensor tensor, long stepL, long stepI, boolean isWeight) {
        float at(int l, int i) {
            return Memory.f32(tensor.address() + 4 * (l * stepL + i * stepI));
        }
    }

    private final Kernels kernels;
    private final Workspace workspace;
    private final Predicate<Matrix> chosen;

    /// @param chosen the weights that are multiplied in FP8, F32 matrices
    Float8Products(Kernels kernels, Workspace workspace, Predicate<Matrix> chosen) {
        this.kernels = kernels;
        this.workspace = workspace;
        this.chosen = chosen;
    }

    boolean covers(Matrix w) {
        return chosen.test(w);
    }

    /// Computes `y = x · wᵀ`.
    void multiply(Tensor y, Tensor x, Tensor w) {
        y.zero();
        add(y, new Factor(x, 1, x.cols(), false), new Factor(w, 1, w.cols(), true), x.cols());
    }

    /// Computes `dx += dy · w`.
    void addInputGradient(Tensor dx, Tensor dy, Tensor w) {
        add(dx, new Factor(dy, 1, dy.cols(), false), new Factor(w, w.cols(), 1, true), dy.cols());
    }

    /// Computes `dw += dyᵀ · x`.
    void addOuterProducts(Tensor dw, Tensor dy, Tensor x) {
        add(dw, new Factor(dy, dy.cols(), 1, false), new Factor(x, x.cols(), 1, false), x.rows());
    }

    /// Computes `out[i,j] += Σ_l a[l,i] · b[l,j]`, chunk by chunk.
    private void add(Tensor out, Factor a, Factor b, int terms) {
        int rows = out.rows();
        int cols = out.cols();
        for (int from = 0; from < terms; from += CHUNK) {
            int length = Math.min(CHUNK, terms - from);
            int mark = workspace.mark();
            Tensor left = workspace.allocate(length, rows);
            Tensor right = workspace.allocate(length, cols);
            Tensor leftScales = workspace.allocate(1, rows);
            Tensor rightScales = workspace.allocate(1, cols);
            quantize(a, from, left, leftScales);
            quantize(b, from, right, rightScales);
            Tensor sums = workspace.allocate(rows, cols);
            sums.zero();
            kernels.linearBackwardWeight(sums, left, right);
            Ranges.run(kernels.workers(), rows, 2L * cols, (first, end) -> {
                for (int i = first; i < end; i++) {
                    float scale = leftScales.get(i);
                    long at = 4L * i * cols;
                    for (int j = 0; j < cols; j++) {
                        long to = out.address() + at + 4L * j;
                        float sum = Memory.f32(sums.address() + at + 4L * j);
                        Memory.f32(to, Memory.f32(to) + scale * rightScales.get(j) * sum);
                    }
                }
            });
            workspace.release(mark);
        }
    }

    /// Rounds a chunk of a factor: `codes[l, i] · scales[i]` is its value.
    private void quantize(Factor from, int firstTerm, Tensor codes, Tensor scales) {
        int length = codes.rows();
        int width = codes.cols();
        int group = from.isWeight ? CHUNK : 1;
        Ranges.run(kernels.workers(), Math.ceilDiv(width, group), 4L * length * group, (first, end) -> {
            for (int g = first; g < end; g++) {
                int last = Math.min(width, (g + 1) * group);
                float largest = 0;
                for (int l = 0; l < length; l++) {
                    for (int i = g * group; i < last; i++) {
                        largest = Math.max(largest, Math.abs(from.at(firstTerm + l, i)));
                    }
                }
                // Not less than a normal number, so that the division is exact enough and never by 0.
                float scale = largest == 0 ? 1 : Math.max(largest / E4m3.MAX, Float.MIN_NORMAL);
                for (int i = g * group; i < last; i++) {
                    scales.set(i, scale);
                    for (int l = 0; l < length; l++) {
                        codes.set((long) l * width + i, E4m3.round(from.at(firstTerm + l, i) / scale));
                    }
                }
            }
        });
    }
}
