package glia.kernels.tiles;

import glia.kernels.code.Level;
import glia.kernels.decode.RowDecoder;
import glia.kernels.tiled.Prefetch;
import glia.kernels.tiled.Scratch;
import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import java.util.Arrays;

/// `linear` for a few tokens: dot products with rows of the weight, 16 or 8 at a time, since reading these is
/// what takes the time. Rows of other types than F32, F16 and BF16 are decoded first.
public final class RowProduct extends RangeTask {
    /// Up to so many tokens rows are multiplied as they lie; for more, transposing them into panels pays.
    public static final int MOST_TOKENS = 3;

    private final Level level;
    private final int group;
    private final RowDecoder decoder;
    private final Scratch[] scratch;
    /// Nothing: rows follow each other, which the processor notices by itself.
    private final Prefetch[] ahead;
    private Tensor y;
    private Tensor x;
    private Matrix w;

    public RowProduct(Workers workers, RowDecoder decoder, Level level) {
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
        spread(Math.ceilDiv(w.rows(), group), (long) group * w.cols() * x.rows());
    }

    @Override
    protected void range(int from, int to, int worker) {
        int cols = w.cols();
        DotsCode direct = w instanceof Tensor t ? DotsCode.of(level, t.dtype(), cols) : null;
        DotsCode code = direct != null ? direct : DotsCode.of(level);
        long rowBytes = direct != null ? ((Tensor) w).rowBytes() : 4L * cols;
        long parameters = scratch[worker].reserve(64 + (direct != null ? 0 : group * rowBytes));
        code.prepare(parameters, 1, x.rows(), x.rowBytes(), y.rowBytes(), cols);
        for (int i = from; i < to; i++) {
            int first = i * group;
            int rows = Math.min(group, w.rows() - first);
            long at = parameters + 64;
            if (direct != null) {
                at = ((Tensor) w).address() + first * rowBytes;
            } else {
                decoder.decode(w, first, rows, 0, cols, at, worker);
            }
            code.dots(rows, y.address() + 4L * first, at, rowBytes, x.address(), ahead[worker], parameters);
        }
    }
}
