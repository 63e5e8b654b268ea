package glia.kernels.tiles;

import glia.kernels.code.IsaLevel;
import glia.kernels.decode.RowDecoder;
import glia.kernels.tiled.Prefetch;
import glia.kernels.tiled.Scratch;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import java.util.Arrays;

/// GEMV: computes `linear` for few tokens by dot products with 16 or 8 rows of the weight at a time, which is bound by
/// reading the weight. Rows of types other than F32, F16 and BF16 are decoded first.
public final class RowProduct extends RangeTask {
    /// Up to this many tokens this is fastest; for more, transposing rows into panels pays off.
    public static final int MAX_TOKENS = 3;

    /// Tokens that are multiplied by a few rows together, so that the rows stay in the L1 cache; a multiple of a
    /// tile's.
    private static final int BLOCK = 8;
    private static final int PARAMETER_BYTES = 64;

    private final IsaLevel level;
    private final int group;
    private final RowDecoder decoder;
    private final Scratch[] scratch;
    /// Nothing to prefetch: rows are consecutive, which the hardware prefetcher detects.
    private final Prefetch[] ahead;
    private Tensor y;
    private Tensor x;
    private Matrix w;

    public RowProduct(Workers workers, RowDecoder decoder, IsaLevel level) {
        super(workers);
        this.level = level;
        group = DotsCode.rows(level);
        this.decoder = decoder;
        scratch = Scratch.each(workers.count());
        ahead = new Prefetch[workers.count()];
        Arrays.setAll(ahead, _ -> new Prefetch());
    }

    public void run(Tensor y, Tensor x, Matrix w) {
        this.y = y;
        this.x = x;
        this.w = w;
        if (x.rows() == 0) {
            return;
        }
        distribute(Math.ceilDiv(w.rows(), group), (long) group * w.cols() * x.rows());
    }

    @Override
    protected void range(int from, int to, int worker) {
        int cols = w.cols();
        DotsCode direct = w instanceof Tensor t ? DotsCode.of(level, t.dtype(), cols) : null;
        DotsCode code = direct != null ? direct : DotsCode.CODES.of(level);
        long rowBytes = direct != null ? ((Tensor) w).rowBytes() : 4L * cols;
        long parameters = scratch[worker].reserve(3 * PARAMETER_BYTES + (direct != null ? 0 : group * rowBytes));
        int tokens = x.rows() <= MAX_TOKENS ? 0 : x.rows() / BLOCK * BLOCK;
        if (tokens < x.rows()) {
            code.prepare(parameters, 1, x.rows() - tokens, x.rowBytes(), y.rowBytes(), cols);
        }
        if (tokens > 0) {
            code.prepare(parameters + PARAMETER_BYTES, 1, BLOCK / DotsCode.tileVectors(level), x.rowBytes(),
                    y.rowBytes(), cols);
            code.prepare(parameters + 2 * PARAMETER_BYTES, 1, BLOCK, x.rowBytes(), y.rowBytes(), cols);
        }
        for (int i = from; i < to; i++) {
            int first = i * group;
            int rows = Math.min(group, w.rows() - first);
            long at = parameters + 3 * PARAMETER_BYTES;
            if (direct != null) {
                at = ((Tensor) w).address() + first * rowBytes;
            } else {
                decoder.decode(w, first, rows, 0, cols, at, worker);
            }
            for (int n = 0; n < tokens; n += BLOCK) {
                block(code, rows, first, n, at, rowBytes, parameters + PARAMETER_BYTES, worker);
            }
            if (tokens < x.rows()) {
                code.dots(rows, y.address() + 4L * first + tokens * y.rowBytes(), at, rowBytes,
                        x.address() + tokens * x.rowBytes(), ahead[worker], parameters);
            }
        }
    }

    /// Multiplies a block of tokens by a group of rows: tile by tile, and remaining rows as for few tokens.
    private void block(DotsCode code, int rows, int first, int token, long at, long rowBytes, long parameters,
            int worker) {
        long to = y.address() + 4L * first + token * y.rowBytes();
        long from = x.address() + token * x.rowBytes();
        int whole = rows / DotsCode.TILE_ROWS * DotsCode.TILE_ROWS;
        for (int r = 0; r < whole; r += DotsCode.TILE_ROWS) {
            code.tile(to + 4L * r, at + r * rowBytes, rowBytes, from, parameters);
        }
        if (whole < rows) {
            code.dots(rows - whole, to + 4L * whole, at + whole * rowBytes, rowBytes, from, ahead[worker],
                    parameters + PARAMETER_BYTES);
        }
    }
}
