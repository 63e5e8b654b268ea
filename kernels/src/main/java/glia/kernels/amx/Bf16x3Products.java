package glia.kernels.amx;

import glia.kernels.decode.RowDecoder;
import glia.kernels.tiled.Products;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;

/// F32 GEMM with AMX tile registers, which multiply BF16 sixteen times as fast as vectors multiply F32. Each value is
/// split into three BF16 terms, and each product is the sum of six (`AmxCode`). The error is within `2^-26` of each
/// product, in addition to F32 accumulation, which rounds less often than with vectors.
///
/// Multiplications that are too small to be faster this way, and those with values that do not fit (`Bf16x3Code`: from
/// 2^63 on, or not finite), use the fallback.
public final class Bf16x3Products implements Products {
    /// The number of tokens from which on this is faster, forward: splitting w costs as much as multiplying by 60
    /// tokens.
    private static final int MIN_TOKENS = 128;
    /// The same for gradients.
    private static final int MIN_TOKENS_BACKWARD = 64;
    /// The minimal number of weights: for smaller ones the synchronization of threads costs more.
    private static final long MIN_WEIGHTS = 1 << 16;

    private final AmxProducts products;
    private final Products others;

    public Bf16x3Products(Workers workers, RowDecoder decoder, Products others) {
        products = new AmxProducts(workers, decoder, 3);
        this.others = others;
    }

    private static boolean supports(Tensor x, int outputs, int inputs, int least) {
        return x.rows() >= least && (long) outputs * inputs >= MIN_WEIGHTS;
    }

    @Override
    public void linear(Tensor y, Tensor x, Matrix w) {
        if (!supports(x, w.rows(), w.cols(), MIN_TOKENS) || !products.linear(y, x, w)) {
            others.linear(y, x, w);
        }
    }

    @Override
    public void linearPacked(Tensor y, Tensor x, Matrix w) {
        if (!supports(x, w.rows(), w.cols(), MIN_TOKENS) || !products.linear(y, x, w)) {
            others.linearPacked(y, x, w);
        }
    }

    @Override
    public void linearBackwardInput(Tensor dx, Tensor dy, Matrix w) {
        if (!supports(dy, w.rows(), w.cols(), MIN_TOKENS_BACKWARD) || !products.linearBackwardInput(dx, dy, w)) {
            others.linearBackwardInput(dx, dy, w);
        }
    }

    @Override
    public void linearBackwardWeight(Tensor dw, Tensor dy, Tensor x) {
        if (!supports(dy, dw.rows(), dw.cols(), MIN_TOKENS_BACKWARD) || !products.linearBackwardWeight(dw, dy, x)) {
            others.linearBackwardWeight(dw, dy, x);
        }
    }
}
