package glia.tensor.ops;

import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Memory;
import glia.tensor.Precision;
import glia.tensor.QuantizedMatrix.Code;
import glia.tensor.QuantizedMatrix;
import glia.tensor.Tensor;
import glia.tensor.format.Float8.E4m3;
import glia.tensor.kernel.GroupedGemm;
import glia.tensor.kernel.Kernels;
import java.util.Optional;
import java.util.function.Predicate;

/// Matrix multiplication with single matrices of every kind, in one precision. A matrix is multiplied as it is stored.
final class MatrixProducts {
    private final Kernels kernels;
    private final Workspace workspace;
    private final Precision precision;
    private final boolean hasGradients;
    private Optional<Float8Products> float8 = Optional.empty();

    /// @param hasGradients whether a backward pass follows; activations are then not quantized to int8, which has no
    ///        useful gradient
    MatrixProducts(Kernels kernels, Workspace workspace, Precision precision, boolean hasGradients) {
        this.kernels = kernels;
        this.workspace = workspace;
        this.precision = precision;
        this.hasGradients = hasGradients;
    }

    /// Multiplies some weights in FP8, forward and backward, whatever the precision is.
    void useFloat8(Predicate<Matrix> chosen) {
        float8 = Optional.of(new Float8Products(kernels, workspace, chosen));
    }

    private boolean isFloat8(Matrix w) {
        return float8.isPresent() && float8.get().covers(w);
    }

    /// Computes `y = x · wᵀ`.
    void multiply(Tensor y, Tensor x, Matrix w) {
        if (isFloat8(w)) {
            float8.get().multiply(y, x, (Tensor) w);
            return;
        }
        int mark = workspace.mark();
        Matrix straight = w;
        Tensor input = x;
        if (w instanceof QuantizedMatrix c && c.hasActOrder()) {
            straight = c.inStoredOrder();
            input = inStoredOrder(x, c);
        }
        if (quantizesActivations(straight)) {
            kernels.linearQuantized(y, input, straight, workspace.allocate(x.rows(), x.cols()));
        } else if (straight instanceof Tensor t && roundsToBf16(t)) {
            kernels.linearBf16Packed(y, input, t);
        } else {
            kernels.linearPacked(y, isTernary(straight) ? quantizedRows(input) : input, straight);
        }
        workspace.release(mark);
    }

    /// Computes all products of a list, quantizing activations to int8.
    void multiplyQuantized(GroupedGemm list) {
        int mark = workspace.mark();
        kernels.linearGroupedQuantized(list, workspace.allocate(list.maxRows(), list.maxCols()));
        workspace.release(mark);
    }

    /// Computes all products of a list.
    void multiplyEach(GroupedGemm all) {
        GroupedGemm list = float8.isEmpty() ? all : all.where(p -> !isFloat8(p.w()));
        GroupedGemm straight = list.where(p -> !takesOtherInputs(p.w()));
        GroupedGemm rounded = straight.where(p -> quantizesActivations(p.w()));
        if (rounded.size() > 0) {
            multiplyQuantized(rounded);
        }
        kernels.linearGrouped(straight.where(p -> !quantizesActivations(p.w())));
        if (straight.size() < all.size()) {
            GroupedGemm others = all.where(p -> takesOtherInputs(p.w()) || isFloat8(p.w()));
            for (int i = 0; i < others.size(); i++) {
                GroupedGemm.Problem p = others.get(i);
                multiply(p.y().rows(p.yRow(), p.yRow() + p.numRows()), p.x().rows(p.xRow(), p.xRow() + p.numRows()),
                        p.w());
            }
        }
    }

    /// Computes `dx += dy · w`.
    void addInputGradient(Tensor dx, Tensor dy, Matrix w) {
        if (isFloat8(w)) {
            float8.get().addInputGradient(dx, dy, (Tensor) w);
        } else if (hasGradients && w instanceof Tensor t && roundsToBf16(t)) {
            kernels.linearBackwardInputBf16(dx, dy, t);
        } else {
            kernels.linearBackwardInput(dx, dy, w);
        }
    }

    /// Computes `dw += dyᵀ · x`, the gradient of some rows of w.
    void addOuterProducts(Tensor dw, Tensor dy, Tensor x, Matrix w) {
        if (isFloat8(w)) {
            float8.get().addOuterProducts(dw, dy, x);
        } else if (precision == Precision.HALF && kernels.multipliesBf16()) {
            kernels.linearBackwardWeightBf16(dw, dy, x);
        } else {
            kernels.linearBackwardWeight(dw, dy, x);
        }
    }

    /// Whether activations are quantized to int8 for a weight.
    boolean quantizesActivations(Matrix w) {
        return precision != Precision.EXACT && !hasGradients && w.isQuantized();
    }

    /// Whether both factors are rounded to BF16 for a weight.
    private boolean roundsToBf16(Tensor w) {
        return kernels.multipliesBf16() && switch (precision) {
            case EXACT -> false;
            case FAST -> w.dtype() == DType.BF16;
            case HALF -> !w.dtype().isQuantized();
        };
    }

    /// Whether the columns of a matrix are stored in another order.
    static boolean hasActOrder(Matrix w) {
        return w instanceof QuantizedMatrix c && c.hasActOrder();
    }

    /// Whether `multiply` changes activations before the product in F32.
    private boolean takesOtherInputs(Matrix w) {
        return hasActOrder(w) || isTernary(w) && !quantizesActivations(w);
    }

    private static boolean isTernary(Matrix w) {
        return w instanceof QuantizedMatrix c && c.parts().code() == Code.TERNARY;
    }

    /// Rounds each row to multiples of its largest magnitude / 127, as BitNet is trained. Gradients pass straight
    /// through.
    private Tensor quantizedRows(Tensor x) {
        Tensor y = workspace.allocate(x.rows(), x.cols());
        for (int n = 0; n < x.rows(); n++) {
            long from = x.address() + n * x.rowBytes();
            long to = y.address() + n * y.rowBytes();
            float largest = 1e-5f;
            for (int k = 0; k < x.cols(); k++) {
                largest = Math.max(largest, Math.abs(Memory.f32(from + 4L * k)));
            }
            float scale = 127 / largest;
            for (int k = 0; k < x.cols(); k++) {
                Memory.f32(to + 4L * k, (float) Math.rint(Memory.f32(from + 4L * k) * scale) / scale);
            }
        }
        return y;
    }

    /// Returns x with its columns in the stored order of w.
    private Tensor inStoredOrder(Tensor x, QuantizedMatrix w) {
        Tensor y = workspace.allocate(x.rows(), x.cols());
        int cols = x.cols();
        for (int n = 0; n < x.rows(); n++) {
            long from = x.address() + n * x.rowBytes();
            long to = y.address() + n * y.rowBytes();
            for (int place = 0; place < cols; place++) {
                Memory.f32(to + 4L * place, Memory.f32(from + 4L * w.column(place)));
            }
        }
        return y;
    }

    /// The three products of a linear layer in FP8, as DeepSeek-V3 is trained (https://arxiv.org/abs/2412.19437,
    /// section 3.3), emulated: both factors are rounded to E4M3 numbers times F32 scales, `largest magnitude / 448`.
    /// Activations and gradients have a scale for each tile of 128 values along the dimension that is summed, weights
    /// for each block of 128 × 128. Products are summed in F32 within 128 terms, and these sums, times both scales, in
    /// F32:
    ///
    /// ```
    /// out[i,j] = Σ_c a_scale[c,i] · b_scale[c,j] · Σ_{l in chunk c} a[l,i] · b[l,j]
    /// ```
    /// E4M3 numbers and the products of two of them are exact in F32.
    static final class Float8Products {
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
}
