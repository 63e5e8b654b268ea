package glia.kernels.amx;

import glia.kernels.decode.RowDecoder;
import glia.kernels.tiled.Products;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;

/// F32 products by tile registers, which multiply BF16 numbers sixteen times as fast as vectors multiply F32 ones: each
/// number is the sum of three of BF16, and each product one of six (`AmxCode`). An error is within `2^-26` of each
/// product, beside what sums in F32 lose, and these are rounded less often.
///
/// Products that are too small to be faster in this way, and such with numbers that do not fit (`Bf16x3Code`: from 2^63
/// on, or not finite), are left to others.
public final class Bf16x3Products implements Products {
    /// Tokens from which on this is faster, forward: splitting w costs as much as multiplying with 60.
    private static final int LEAST_TOKENS = 128;
    /// The same for gradients.
    private static final int LEAST_TOKENS_BACKWARD = 64;
    /// The least weights: smaller ones are not worth the threads' meetings.
    private static final long LEAST_WEIGHTS = 1 << 16;

    private final AmxProducts products;
    private final Products others;

    public Bf16x3Products(Workers workers, RowDecoder decoder, Products others) {
        products = new AmxProducts(workers, decoder, 3);
        this.others = others;
    }

    private static boolean serves(Tensor x, int outputs, int inputs, int least) {
        return x.rows() >= least && (long) outputs * inputs >= LEAST_WEIGHTS;
    }

    @Override
    public void linear(Tensor y, Tensor x, Matrix w) {
        if (!serves(x, w.rows(), w.cols(), LEAST_TOKENS) || !products.linear(y, x, w)) {
            others.linear(y, x, w);
        }
    }

    @Override
    public void linearBackwardInput(Tensor dx, Tensor dy, Matrix w) {
        if (!serves(dy, w.rows(), w.cols(), LEAST_TOKENS_BACKWARD) || !products.linearBackwardInput(dx, dy, w)) {
            others.linearBackwardInput(dx, dy, w);
        }
    }

    @Override
    public void linearBackwardWeight(Tensor dw, Tensor dy, Tensor x) {
        if (!serves(dy, dw.rows(), dw.cols(), LEAST_TOKENS_BACKWARD) || !products.linearBackwardWeight(dw, dy, x)) {
            others.linearBackwardWeight(dw, dy, x);
        }
    }
}
