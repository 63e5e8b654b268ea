package glia.tensor.kernel.emitted;

import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.tiled.Scratch;

/// `linear` and both of its gradients by tile registers, with each factor as one BF16 number or as the sum of three
/// (`TermCode`), which is as exact as F32 products are. Both factors are packed, A in groups of rows (`AmxRows`) and B
/// in panels (`AmxPanels`), then multiplied (`AmxProduct`); large ones piece by piece, so that what is packed stays
/// below 100 MB.
final class AmxProducts {
    /// The largest pieces: rows of A, columns of B, and the depth of both. Whole blocks of every format.
    private static final int ROWS = 2048;
    private static final int COLS = 2048;
    private static final int DEPTH = 4096;

    private final AmxRows rows;
    private final AmxPanels panels;
    private final AmxProduct product;
    private final Scratch packed = new Scratch(SystemMemory::scratch);
    // The present product.
    private Tensor a;
    private boolean aTurned;
    private Matrix b;
    private boolean bTurned;
    private int depth;

    /// @param terms 1 or 3
    AmxProducts(Workers workers, RowDecoder decoder, int terms) {
        rows = new AmxRows(workers, terms);
        panels = new AmxPanels(workers, decoder, terms);
        product = new AmxProduct(workers, rows, terms);
    }

    AmxPanels panels() {
        return panels;
    }

    /// `y[n,r] = Σ_k x[n,k] · w[r,k]`.
    ///
    /// @return whether all numbers fit (`TermCode`); if not, nothing is computed
    boolean linear(Tensor y, Tensor x, Matrix w) {
        return run(y, false, x, false, w, true, x.cols());
    }

    /// `dx[n,k] += Σ_r dy[n,r] · w[r,k]`, as `linear`.
    boolean linearBackwardInput(Tensor dx, Tensor dy, Matrix w) {
        return run(dx, true, dy, false, w, false, dy.cols());
    }

    /// `dw[r,k] += Σ_n dy[n,r] · x[n,k]`, as `linear`.
    boolean linearBackwardWeight(Tensor dw, Tensor dy, Tensor x) {
        return run(dw, true, dy, true, x, false, dy.rows());
    }

    /// `linear` of one term with all panels of w at hand.
    void linear(Tensor y, Tensor x, long panels) {
        if (isEmpty(y, false, x.cols())) {
            return;
        }
        for (int row = 0; row < y.rows(); row += ROWS) {
            rows.straight(x, row, Math.min(ROWS, y.rows() - row), 0, x.cols());
            product.run(y, row, 0, y.cols(), false, panels);
        }
    }

    private static boolean isEmpty(Tensor c, boolean adds, int depth) {
        if (depth == 0 && !adds) {
            c.zero();
        }
        return depth == 0 || c.size() == 0;
    }

    private boolean run(Tensor c, boolean adds, Tensor a, boolean aTurned, Matrix b, boolean bTurned, int depth) {
        if (isEmpty(c, adds, depth)) {
            return true;
        }
        this.a = a;
        this.aTurned = aTurned;
        this.b = b;
        this.bTurned = bTurned;
        this.depth = depth;
        boolean isWhole = c.rows() <= ROWS && c.cols() <= COLS && depth <= DEPTH;
        boolean fits = (isWhole || fits(c)) && multiply(c, adds);
        this.a = null;
        this.b = null;
        return fits;
    }

    /// Packs all pieces for nothing but to learn whether their numbers fit, before any of C is written.
    private boolean fits(Tensor c) {
        for (int k = 0; k < depth; k += DEPTH) {
            for (int row = 0; row < c.rows(); row += ROWS) {
                if (!packA(c, row, k)) {
                    return false;
                }
            }
            for (int col = 0; col < c.cols(); col += COLS) {
                if (!packB(c, col, k)) {
                    return false;
                }
            }
        }
        return true;
    }

    private boolean multiply(Tensor c, boolean adds) {
        for (int k = 0; k < depth; k += DEPTH) {
            for (int col = 0; col < c.cols(); col += COLS) {
                if (!packB(c, col, k)) {
                    return false;
                }
                for (int row = 0; row < c.rows(); row += ROWS) {
                    if ((col == 0 || c.rows() > ROWS) && !packA(c, row, k)) {
                        return false;
                    }
                    product.run(c, row, col, Math.min(COLS, c.cols() - col), adds || k > 0,
                            packed.reserve(0));
                }
            }
        }
        return true;
    }

    private boolean packA(Tensor c, int row, int k) {
        int count = Math.min(ROWS, c.rows() - row);
        int part = Math.min(DEPTH, depth - k);
        return aTurned ? rows.turned(a, k, part, row, count) : rows.straight(a, row, count, k, part);
    }

    private boolean packB(Tensor c, int col, int k) {
        int count = Math.min(COLS, c.cols() - col);
        int part = Math.min(DEPTH, depth - k);
        long to = packed.reserve(panels.sizeBytes(count, part));
        return bTurned ? panels.turned(b, col, count, k, part, to) : panels.straight(b, k, part, col, count, to);
    }
}
