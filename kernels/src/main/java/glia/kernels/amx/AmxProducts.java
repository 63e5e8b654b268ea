package glia.kernels.amx;

import glia.kernels.code.SystemMemory;
import glia.kernels.decode.RowDecoder;
import glia.kernels.tiled.Scratch;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;

/// GEMM with AMX tile registers: `linear` and both of its gradients, with each factor as one BF16 value or as the sum
/// of three (`Bf16x3Code`), which is as exact as F32. Both factors are packed, A in groups of rows (`AmxRows`) and B in
/// panels (`AmxPanels`), then multiplied (`AmxProduct`); large ones piece by piece.
final class AmxProducts {
    /// Maximal size of a piece of a packed factor.
    private static final long PIECE_BYTES = 64 << 20;
    /// Maximal depth of pieces, and the unit of their rows and columns: whole blocks of every format.
    private static final int DEPTH = 4096;
    private static final int BLOCK = 256;

    private final int terms;
    private final AmxRows rows;
    private final AmxPanels panels;
    private final AmxProduct product;
    private final Scratch packed = new Scratch(SystemMemory::scratch);
    // The current matrix multiplication.
    private Tensor a;
    private boolean aTransposed;
    private Matrix b;
    private boolean bTransposed;
    private int depth;
    private int maxDepth;
    private int piece;

    /// @param terms 1 or 3
    AmxProducts(Workers workers, RowDecoder decoder, int terms) {
        this.terms = terms;
        rows = new AmxRows(workers, terms);
        panels = new AmxPanels(workers, decoder, terms);
        product = new AmxProduct(workers, rows, terms);
    }

    AmxPanels panels() {
        return panels;
    }

    /// Computes `y[n,r] = Σ_k x[n,k] · w[r,k]`.
    ///
    /// @return whether all values fit (`Bf16x3Code`); if not, nothing is computed
    boolean linear(Tensor y, Tensor x, Matrix w) {
        return run(y, false, x, false, w, true, x.cols());
    }

    /// Computes `dx[n,k] += Σ_r dy[n,r] · w[r,k]`, as `linear`.
    boolean linearBackwardInput(Tensor dx, Tensor dy, Matrix w) {
        return run(dx, true, dy, false, w, false, dy.cols());
    }

    /// Computes `dw[r,k] += Σ_n dy[n,r] · x[n,k]`, as `linear`.
    boolean linearBackwardWeight(Tensor dw, Tensor dy, Tensor x) {
        return run(dw, true, dy, true, x, false, dy.rows());
    }

    /// Computes `linear` with one term and prepacked panels of w.
    void linear(Tensor y, Tensor x, long panels) {
        if (isEmpty(y, false, x.cols())) {
            return;
        }
        piece = pieces(x.cols());
        for (int row = 0; row < y.rows(); row += piece) {
            rows.straight(x, row, Math.min(piece, y.rows() - row), 0, x.cols());
            product.run(y, row, 0, y.cols(), false, panels);
        }
    }

    /// Rows or columns of a piece of this depth.
    private int pieces(int depth) {
        long numbers = PIECE_BYTES / (2L * terms * depth);
        return Math.clamp(numbers / BLOCK * BLOCK, BLOCK, 1 << 20);
    }

    private static boolean isEmpty(Tensor c, boolean adds, int depth) {
        if (depth == 0 && !adds) {
            c.zero();
        }
        return depth == 0 || c.size() == 0;
    }

    private boolean run(Tensor c, boolean adds, Tensor a, boolean aTransposed, Matrix b, boolean bTransposed,
            int depth) {
        if (isEmpty(c, adds, depth)) {
            return true;
        }
        this.a = a;
        this.aTransposed = aTransposed;
        this.b = b;
        this.bTransposed = bTransposed;
        this.depth = depth;
        // Prepacked panels use the whole depth, too, so that the bits are the same.
        maxDepth = terms == 1 && !adds ? depth : DEPTH;
        piece = pieces(Math.min(depth, maxDepth));
        boolean isWhole = c.rows() <= piece && c.cols() <= piece && depth <= maxDepth;
        boolean fits = (isWhole || terms == 1 || fits(c)) && multiply(c, adds);
        this.a = null;
        this.b = null;
        return fits;
    }

    /// Packs all pieces only to check whether their values fit, before any of C is written.
    private boolean fits(Tensor c) {
        for (int k = 0; k < depth; k += maxDepth) {
            for (int row = 0; row < c.rows(); row += piece) {
                if (!packA(c, row, k)) {
                    return false;
                }
            }
            for (int col = 0; col < c.cols(); col += piece) {
                if (!packB(c, col, k)) {
                    return false;
                }
            }
        }
        return true;
    }

    private boolean multiply(Tensor c, boolean adds) {
        for (int k = 0; k < depth; k += maxDepth) {
            for (int col = 0; col < c.cols(); col += piece) {
                if (!packB(c, col, k)) {
                    return false;
                }
                for (int row = 0; row < c.rows(); row += piece) {
                    if ((col == 0 || c.rows() > piece) && !packA(c, row, k)) {
                        return false;
                    }
                    product.run(c, row, col, Math.min(piece, c.cols() - col), adds || k > 0, packed.reserve(0));
                }
            }
        }
        return true;
    }

    private boolean packA(Tensor c, int row, int k) {
        int count = Math.min(piece, c.rows() - row);
        int part = Math.min(maxDepth, depth - k);
        return aTransposed ? rows.transposed(a, k, part, row, count) : rows.straight(a, row, count, k, part);
    }

    private boolean packB(Tensor c, int col, int k) {
        int count = Math.min(piece, c.cols() - col);
        int part = Math.min(maxDepth, depth - k);
        long to = packed.reserve(panels.sizeBytes(count, part));
        return bTransposed ? panels.transposed(b, col, count, k, part, to) : panels.straight(b, k, part, col, count,
                to);
    }
}
