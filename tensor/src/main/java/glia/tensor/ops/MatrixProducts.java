package glia.tensor.ops;

import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Memory;
import glia.tensor.Precision;
import glia.tensor.QuantizedMatrix;
import glia.tensor.Tensor;
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
            kernels.linearPacked(y, input, straight);
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
        GroupedGemm straight = list.where(p -> !hasActOrder(p.w()));
        GroupedGemm rounded = straight.where(p -> quantizesActivations(p.w()));
        if (rounded.size() > 0) {
            multiplyQuantized(rounded);
        }
        kernels.linearGrouped(straight.where(p -> !quantizesActivations(p.w())));
        if (straight.size() < all.size()) {
            GroupedGemm others = all.where(p -> hasActOrder(p.w()) || isFloat8(p.w()));
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
}
