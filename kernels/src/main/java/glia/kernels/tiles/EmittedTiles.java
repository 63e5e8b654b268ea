package glia.kernels.tiles;

import glia.kernels.code.IsaLevel.PerIsaLevel;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.Processor;
import glia.kernels.decode.RowDecoder;
import glia.kernels.rows.Pointwise.PointwiseCode;
import glia.kernels.tiled.Prefetch;
import glia.kernels.tiled.Scratch;
import glia.kernels.tiled.Tiles;
import glia.kernels.tiles.TileCode.TileShape;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.QuantizedMatrix;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// The inner loops of GEMM and attention in machine code. Addresses and sizes come from the surrounding loops, which
/// take them from tensors, never from a file. Counts are never 0.
public class EmittedTiles implements Tiles {
    private static final int ZEROS = 4096;
    /// A panel's part then exceeds the L1 cache but comes from L2 as fast as needed, and results are loaded and stored
    /// half as often. With the larger L2 caches of Intel and Zen 5, still less often.
    private static final int DEPTH = 512;
    private static final int LARGE_DEPTH = 1024;
    /// Zeros to copy, or to read in place of a missing row.
    public static final MemorySegment ZERO = Arena.ofAuto().allocate(4L * ZEROS, 64);

    final IsaLevel level;
    public final RowDecoder decoder;
    private final Scratch[] scratch;
    private final TileCode tile;
    private final TileShape shape;

    public EmittedTiles(Workers workers, RowDecoder decoder, IsaLevel level) {
        this(workers, decoder, level, TileCode.TALL);
    }

    /// Tiles that are faster in GEMM, but narrower than attention's query panels.
    public static EmittedTiles wide(Workers workers, RowDecoder decoder, IsaLevel level) {
        return new EmittedTiles(workers, decoder, level, TileCode.WIDE);
    }

    /// @param tile the GEMM micro-kernel
    public EmittedTiles(Workers workers, RowDecoder decoder, IsaLevel level, PerIsaLevel<TileCode> tile) {
        this.level = level;
        this.tile = tile.of(level);
        shape = this.tile.shape();
        scratch = Scratch.each(workers.count());
        this.decoder = decoder;
    }

    @Override
    public int rows() {
        return shape.rows(level);
    }

    @Override
    public int cols() {
        return shape.cols(level);
    }

    @Override
    public int minRows(int rows) {
        return rows;
    }

    @Override
    public int minCols(int cols) {
        return Math.ceilDiv(cols, level.lanes) * level.lanes;
    }

    @Override
    public void multiply(int rows, int cols, long c, long cRow, long a, long aRow, long aStep, long b, int depth) {
        if (depth > 0) {
            tile.multiply(rows, cols, c, cRow, a, aRow, aStep, b, depth);
        }
    }

    @Override
    public void set(int rows, int cols, long c, long cRow, long a, long aRow, long aStep, long b, int depth) {
        if (depth > 0) {
            tile.set(rows, cols, c, cRow, a, aRow, aStep, b, depth);
        } else {
            Tiles.super.set(rows, cols, c, cRow, a, aRow, aStep, b, depth);
        }
    }

    @Override
    public int depth() {
        return Processor.here().isIntel() || Processor.here().isZen5() ? LARGE_DEPTH : DEPTH;
    }

    @Override
    public int cacheWays() {
        return Math.max(Processor.here().cacheWays(), Tiles.super.cacheWays());
    }

    @Override
    public void clear(long at, int count) {
        zero(at, count);
    }

    /// Sets `count` values to 0.
    public static void zero(long at, int count) {
        // Not by a slice and `fill`: a slice is a heap object unless C2 removes it.
        for (int i = 0; i < count; i += ZEROS) {
            MemorySegment.copy(ZERO, 0, Memory.ALL, at + 4L * i, 4L * Math.min(ZEROS, count - i));
        }
    }

    @Override
    public void scale(long y, long x, int count, float factor) {
        PointwiseCode.CODES.of(level).scale(y, x, count, factor);
    }

    @Override
    public void add(long y, long a, long b, int count, float factor) {
        PointwiseCode.CODES.of(level).add(y, a, b, count, factor);
    }

    @Override
    public void differentiate(long d, long p, int count, long shift) {
        if (count > 0) {
            QueryPanelCode.CODES.of(level).differentiate(d, p, count, shift);
        }
    }

    @Override
    public void collect(long from, long step, int count, long to) {
        if (count > 0) {
            CopyCode.CODES.of(level).collect(shape, from, step, count, to);
        }
    }

    @Override
    public void fetch(long from, long step, int rows, long sizeBytes) {
        if (rows > 0) {
            CopyCode.CODES.of(level).fetch(from, step, rows, sizeBytes);
        }
    }

    @Override
    public void decode(QuantizedMatrix w, int row, int rows, int col, int count, long to, int worker) {
        decoder.decode(w, row, rows, col, count, to, worker);
    }

    @Override
    public void decode(DType type, long from, long rowBytes, int rows, int count, long to, int worker) {
        decoder.decode(type, from, rowBytes, rows, count, to, worker);
    }

    /// The address of the rows as F32: in place, or decoded to the worker's own memory.
    final long decoded(DType type, long from, long rowBytes, int rows, int count, int worker) {
        if (type == DType.F32) {
            return from;
        }
        long at = scratch[worker].reserve(4L * rows * count);
        decoder.decode(type, from, rowBytes, rows, count, at, worker);
        return at;
    }

    @Override
    public void transpose(DType type, long from, long rowBytes, int rows, int count, long panel, int worker) {
        long step = type == DType.F32 ? rowBytes : 4L * count;
        long at = decoded(type, from, rowBytes, rows, count, worker);
        TransposeCode code = TransposeCode.of(level, shape.vectors());
        for (int r = 0; r < rows; r += TransposeCode.rows(level)) {
            code.transpose(Math.min(TransposeCode.rows(level), rows - r), panel + 4L * r, at + r * step, step, count);
        }
    }

    @Override
    public void straight(
            DType type, long from, long rowBytes, int rows, int count, long panels, long partBytes, int worker) {
        long step = type == DType.F32 ? rowBytes : 4L * count;
        long at = decoded(type, from, rowBytes, rows, count, worker);
        CopyCode code = CopyCode.CODES.of(level);
        int whole = count / cols();
        if (rows > 0 && whole > 0) {
            code.copy(shape, shape.vectors(), at, step, rows, whole, panels, partBytes);
        }
        int rest = count - whole * cols();
        long last = at + 4L * whole * cols();
        long to = panels + whole * partBytes;
        if (rest % level.lanes != 0) {
            for (int r = 0; r < rows; r++) {
                MemorySegment.copy(Memory.ALL, last + r * step, Memory.ALL, to + r * panelBytes(), 4L * rest);
            }
        } else if (rows > 0 && rest > 0) {
            code.copy(shape, rest / level.lanes, last, step, rows, 1, to, partBytes);
        }
    }

    @Override
    public void weigh(long scores, int count, int position, boolean masked, long state, long sums, int size) {
        QueryPanelCode.CODES.of(level).weigh(scores, count, position, masked, state, sums, size);
    }

    @Override
    public void cap(long x, int count, float cap) {
        PointwiseCode code = PointwiseCode.CODES.of(level);
        code.scale(x, x, count, 1 / cap);
        PointwiseCode.apply(code.activation(Activation.TANH, false), x, x, 0, count);
        code.scale(x, x, count, cap);
    }

    @Override
    public void scores(long q, int heads, int size, long keys, long step, int count, float scale, long scores,
            long scoresRow, Prefetch ahead, long scratch) {
        scores(1, q, heads, size, keys, step, count, scale, scores, scoresRow, ahead, scratch);
    }

    @Override
    public void scores(int groups, long q, int heads, int size, long keys, long step, int count, float scale,
            long scores, long scoresRow, Prefetch ahead, long scratch) {
        int most = DotsCode.rows(level);
        DotsCode code = DotsCode.CODES.of(level);
        code.prepare(scratch, scale, groups, heads, 4L * size, scoresRow, size);
        for (int j = 0; j < count; j += most) {
            code.dots(Math.min(most, count - j), scores + 4L * j, keys + j * step, step, q, ahead, scratch);
        }
    }

    @Override
    public void weights(long scores, long scoresRow, int heads, int count, long state, long scratch) {
        QueryRowCode.CODES.of(level).weights(scores, scoresRow, heads, count, state, false);
    }

    @Override
    public boolean addsRowsInOrder() {
        return true;
    }

    @Override
    public void weightsInOrder(long scores, long scoresRow, int heads, int count, long state) {
        QueryRowCode.CODES.of(level).weights(scores, scoresRow, heads, count, state, true);
    }

    @Override
    public void accumulate(long sums, int heads, int size, long state, long weights, long weightsRow, long values,
            long step, int count, Prefetch ahead, long scratch) {
        WeightedSumCode.sum(level, sums, heads, size, state, values, step, weights, weightsRow, count, ahead, scratch);
    }

    @Override
    public void accumulate(int groups, long sums, int heads, int size, long state, long weights, long weightsRow,
            long values, long step, int count, Prefetch ahead, long scratch) {
        int together = GroupSumCode.groups(level, heads, size, weightsRow);
        if (together == 0) {
            Tiles.super.accumulate(groups, sums, heads, size, state, weights, weightsRow, values, step, count, ahead,
                    scratch);
            return;
        }
        for (int g = 0; g < groups; g += together) {
            int first = g * heads;
            GroupSumCode.CODES.of(level).sum(Math.min(together, groups - g), sums + 4L * first * size, heads, size,
                    state + first * STATE_BYTES, values + 4L * g * size, step, weights + first * weightsRow, count,
                    ahead, scratch);
        }
    }
}
