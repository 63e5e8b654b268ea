package glia.tensor.kernel.vector;

import static glia.tensor.kernel.vector.Simd.PANEL;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;

/// `linear` for many tokens and both of its gradients, as tiled products. What differs is what B is and how it is
/// packed.
final class Products {
    private final Forward forward;
    private final BackwardInput backwardInput;
    private final BackwardWeight backwardWeight;

    Products(Workers workers) {
        forward = new Forward(workers);
        backwardInput = new BackwardInput(workers);
        backwardWeight = new BackwardWeight(workers);
    }

    void linear(Tensor y, Tensor x, Tensor w) {
        forward.w = w;
        forward.output(y.address(), y.rowBytes(), x.rows(), w.rows(), false);
        forward.run(x.address(), x.rowBytes(), x.cols(), PANEL);
    }

    void linearBackwardInput(Tensor dx, Tensor dy, Tensor w) {
        backwardInput.w = w;
        backwardInput.output(dx.address(), dx.rowBytes(), dx.rows(), dx.cols(), true);
        backwardInput.run(dy.address(), dy.rowBytes(), dy.cols(), Math.max(PANEL, w.dtype().blockElements()));
    }

    void linearBackwardWeight(Tensor dw, Tensor dy, Tensor x) {
        backwardWeight.x = x;
        backwardWeight.output(dw.address(), dw.rowBytes(), dw.rows(), dw.cols(), true);
        backwardWeight.runTiled(tile(dy), x.rows(), PANEL);
    }

    /// dy `[N,R]` as tiles of columns: `[R / Tile.ROWS][N][Tile.ROWS]`.
    private long tile(Tensor dy) {
        int rows = dy.rows();
        int cols = dy.cols();
        int tiles = Math.ceilDiv(cols, Tile.ROWS);
        long to = backwardWeight.tiles.reserve(4L * tiles * Tile.ROWS * rows);
        for (int i = 0; i < tiles; i++) {
            int width = Math.min(Tile.ROWS, cols - i * Tile.ROWS);
            for (int n = 0; n < rows; n++) {
                long source = dy.address() + 4L * ((long) n * cols + i * Tile.ROWS);
                long target = to + 4L * Tile.ROWS * ((long) i * rows + n);
                for (int j = 0; j < Tile.ROWS; j++) {
                    Memory.f32(target + 4L * j, j < width ? Memory.f32(source + 4L * j) : 0);
                }
            }
        }
        return to;
    }

    /// `y[n,r] = Σ_k x[n,k] · w[r,k]`: rows of w are columns of B.
    private static final class Forward extends TiledProduct {
        private Tensor w;

        Forward(Workers workers) {
            super(workers);
        }

        @Override
        void pack(int col, int cols, int k0, int count, long to, int worker) {
            long from = w.address() + col * w.rowBytes() + w.dtype().bytes(k0);
            decoders[worker].decode(w.dtype(), from, w.rowBytes(), cols, count, to);
        }
    }

    /// `dx[n,k] += Σ_r dy[n,r] · w[r,k]`: w is B as it is.
    private static final class BackwardInput extends TiledProduct {
        private Tensor w;

        BackwardInput(Workers workers) {
            super(workers);
        }

        @Override
        void pack(int col, int cols, int k0, int count, long to, int worker) {
            long from = w.address() + k0 * w.rowBytes() + w.dtype().bytes(col);
            if (w.dtype() == DType.F32) {
                Stage.straight(from, w.rowBytes(), count, cols, to);
            } else {
                decoders[worker].decodeStraight(w.dtype(), from, w.rowBytes(), count, cols, to);
            }
        }
    }

    /// `dw[r,k] += Σ_n dy[n,r] · x[n,k]`: x is B as it is, dy turned is A.
    private static final class BackwardWeight extends TiledProduct {
        private final Scratch tiles = new Scratch();
        private Tensor x;

        BackwardWeight(Workers workers) {
            super(workers);
        }

        @Override
        void pack(int col, int cols, int k0, int count, long to, int worker) {
            Stage.straight(x.address() + k0 * x.rowBytes() + 4L * col, x.rowBytes(), count, cols, to);
        }
    }
}
