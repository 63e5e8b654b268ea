package glia.tensor.kernel.tiled;

import glia.tensor.CodedMatrix;
import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;

/// `linear` for many tokens and both of its gradients, as tiled products. What differs is what B is and how it is
/// packed.
public final class Products {
    private final Forward forward;
    private final BackwardInput backwardInput;
    private final BackwardWeight backwardWeight;
    private final Tiles tiles;

    /// @param tiles the inner loops
    public Products(Workers workers, Tiles tiles) {
        this.tiles = tiles;
        forward = new Forward(workers, tiles);
        backwardInput = new BackwardInput(workers, tiles);
        backwardWeight = new BackwardWeight(workers, tiles);
    }

    /// See `Kernels`.
    public void linear(Tensor y, Tensor x, Matrix w) {
        forward.w = w;
        forward.output(y.address(), y.rowBytes(), x.rows(), w.rows(), false);
        forward.run(x.address(), x.rowBytes(), x.cols(), tiles.cols());
    }

    /// See `Kernels`.
    public void linearBackwardInput(Tensor dx, Tensor dy, Matrix w) {
        backwardInput.w = w;
        backwardInput.output(dx.address(), dx.rowBytes(), dx.rows(), dx.cols(), true);
        backwardInput.run(dy.address(), dy.rowBytes(), dy.cols(), least(w));
    }

    /// Columns that a chunk has at the least: whole blocks.
    private int least(Matrix w) {
        return w instanceof Tensor t ? Math.max(tiles.cols(), t.dtype().blockElements()) : tiles.cols();
    }

    /// See `Kernels`.
    public void linearBackwardWeight(Tensor dw, Tensor dy, Tensor x) {
        backwardWeight.x = x;
        backwardWeight.output(dw.address(), dw.rowBytes(), dw.rows(), dw.cols(), true);
        backwardWeight.runTiled(tile(dy), x.rows(), tiles.cols());
    }

    /// dy `[N,R]` as tiles of columns: `[R / rows][N][rows]`.
    private long tile(Tensor dy) {
        int rows = dy.rows();
        int cols = dy.cols();
        int tileRows = tiles.rows();
        int numTiles = Math.ceilDiv(cols, tileRows);
        long to = backwardWeight.turned.reserve(4L * numTiles * tileRows * rows);
        for (int i = 0; i < numTiles; i++) {
            int width = Math.min(tileRows, cols - i * tileRows);
            for (int n = 0; n < rows; n++) {
                long source = dy.address() + 4L * ((long) n * cols + i * tileRows);
                long target = to + 4L * tileRows * ((long) i * rows + n);
                for (int j = 0; j < tileRows; j++) {
                    Memory.f32(target + 4L * j, j < width ? Memory.f32(source + 4L * j) : 0);
                }
            }
        }
        return to;
    }

    /// `y[n,r] = Σ_k x[n,k] · w[r,k]`: rows of w are columns of B.
    private static final class Forward extends TiledProduct {
        private final Scratch[] decoded;
        private Matrix w;

        Forward(Workers workers, Tiles tiles) {
            super(workers, tiles);
            decoded = Scratch.each(workers.count());
        }

        @Override
        void pack(int col, int cols, int k0, int count, long to, int worker) {
            switch (w) {
                case Tensor t -> tiles.turn(t.dtype(), t.address() + col * t.rowBytes() + t.dtype().bytes(k0),
                        t.rowBytes(), cols, count, to, worker);
                case CodedMatrix c -> {
                    long at = decoded[worker].reserve(4L * cols * count);
                    tiles.decode(c, col, cols, k0, count, at, worker);
                    tiles.turn(DType.F32, at, 4L * count, cols, count, to, worker);
                }
            }
        }
    }

    /// `dx[n,k] += Σ_r dy[n,r] · w[r,k]`: w is B as it is.
    private static final class BackwardInput extends TiledProduct {
        private final Scratch[] decoded;
        private Matrix w;

        BackwardInput(Workers workers, Tiles tiles) {
            super(workers, tiles);
            decoded = Scratch.each(workers.count());
        }

        @Override
        void pack(int col, int cols, int k0, int count, long to, int worker) {
            switch (w) {
                case Tensor t -> tiles.straight(t.dtype(), t.address() + k0 * t.rowBytes() + t.dtype().bytes(col),
                        t.rowBytes(), count, cols, to, partBytes, worker);
                case CodedMatrix c -> {
                    long at = decoded[worker].reserve(4L * cols * count);
                    tiles.decode(c, k0, count, col, cols, at, worker);
                    tiles.straight(DType.F32, at, 4L * cols, count, cols, to, partBytes, worker);
                }
            }
        }
    }

    /// `dw[r,k] += Σ_n dy[n,r] · x[n,k]`: x is B as it is, dy turned is A.
    private static final class BackwardWeight extends TiledProduct {
        private final Scratch turned = new Scratch();
        private Tensor x;

        BackwardWeight(Workers workers, Tiles tiles) {
            super(workers, tiles);
        }

        @Override
        void pack(int col, int cols, int k0, int count, long to, int worker) {
            long from = x.address() + k0 * x.rowBytes() + 4L * col;
            tiles.straight(x.dtype(), from, x.rowBytes(), count, cols, to, partBytes, worker);
        }
    }
}
