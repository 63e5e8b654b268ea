package glia.kernels.vector;

import static glia.kernels.vector.Simd.*;

import glia.tensor.QuantizedMatrix;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.format.MatrixReader;
import glia.tensor.kernel.Workers;
import glia.kernels.tiled.Prefetch;
import glia.kernels.tiled.Tiles;
import jdk.incubator.vector.FloatVector;

/// The inner loops of GEMM and attention on the Vector API.
final class VectorTiles implements Tiles {
    private final PanelDecoder[] decoders;
    private final MatrixReader[] readers;

    VectorTiles(Workers workers) {
        readers = MatrixReader.each(workers.count());
        decoders = new PanelDecoder[workers.count()];
        for (int i = 0; i < decoders.length; i++) {
            decoders[i] = new PanelDecoder();
        }
    }

    @Override
    public int rows() {
        return Tile.ROWS;
    }

    @Override
    public int cols() {
        return PANEL;
    }

    /// Tiles are always whole: their accumulators are named locals.
    @Override
    public int minRows(int rows) {
        return Tile.ROWS;
    }

    /// Always a whole panel.
    @Override
    public int minCols(int cols) {
        return PANEL;
    }

    @Override
    public void multiply(int rows, int cols, long c, long cRow, long a, long aRow, long aStep, long b, int depth) {
        Tile.multiply(c, cRow, a, aRow, aStep, b, PANEL_BYTES, depth);
    }

    @Override
    public void clear(long at, int count) {
        zero(at, count);
    }

    /// Sets `count` values to 0.
    static void zero(long at, int count) {
        int i = 0;
        for (; i <= count - Simd.LANES; i += Simd.LANES) {
            FloatVector.zero(Simd.F).intoMemorySegment(Memory.ALL, at + 4L * i & Simd.ADDRESS, Simd.ORDER);
        }
        for (; i < count; i++) {
            Memory.f32(at + 4L * i, 0);
        }
    }

    @Override
    public void decode(QuantizedMatrix w, int row, int rows, int col, int count, long to, int worker) {
        for (int r = 0; r < rows; r++) {
            readers[worker].read(w, row + r, col, count, to + 4L * r * count);
        }
    }

    @Override
    public void decode(DType type, long from, long rowBytes, int rows, int count, long to, int worker) {
        if (Rows.AVAILABLE && type == DType.BF16) {
            RowDecoder.bf16(from, rowBytes, rows, count, to);
        } else if (Rows.AVAILABLE && type == DType.Q8_0) {
            RowDecoder.q8p0(from, rowBytes, rows, count, to);
        } else {
            decoders[worker].decodeRows(type, from, rowBytes, rows, count, to);
        }
    }

    @Override
    public void transpose(DType type, long from, long rowBytes, int rows, int count, long panel, int worker) {
        decoders[worker].decode(type, from, rowBytes, rows, count, panel);
    }

    @Override
    public void straight(
            DType type, long from, long rowBytes, int rows, int count, long panels, long partBytes, int worker) {
        if (type == DType.F32 && count <= PANEL) {
            Stage.straight(from, rowBytes, rows, count, panels);
        } else {
            decoders[worker].decodeStraight(type, from, rowBytes, rows, count, panels, partBytes);
        }
    }

    @Override
    public void weigh(long scores, int count, int position, boolean masked, long state, long sums, int size) {
        for (int side = 0; side < PANEL_BYTES; side += BYTES) {
            long largests = state + side;
            if (masked) {
                QueryPanel.mask(scores + side, count, position, largests + 2 * PANEL_BYTES, largests + 3 * PANEL_BYTES);
            }
            QueryPanel.weigh(scores + side, count, largests, largests + PANEL_BYTES, sums + side, size);
        }
    }

    @Override
    public void cap(long x, int count, float cap) {
        HyperbolicTangent.apply(x, 4L * count, 1 / cap, cap, x);
    }

    @Override
    public void scores(long q, int heads, int size, long keys, long step, int count, float scale, long scores,
            long scoresRow, Prefetch ahead, long scratch) {
        for (int h = 0; h < heads; h++) {
            QueryRow.dots(q + 4L * h * size, size, keys, step, count, scratch);
            Rows.reduce(scratch, count, scale, scores + h * scoresRow);
        }
    }

    @Override
    public void weights(long scores, long scoresRow, int heads, int count, long state, long scratch) {
        for (int h = 0; h < heads; h++) {
            QueryRow.weights(scores + h * scoresRow, count, state + h * STATE_BYTES, scratch);
        }
    }

    @Override
    public void accumulate(long sums, int heads, int size, long state, long weights, long weightsRow, long values,
            long step, int count, Prefetch ahead, long scratch) {
        for (int h = 0; h < heads; h++) {
            float decay = Memory.f32(state + h * STATE_BYTES + DECAY);
            QueryRow.accumulate(sums + 4L * h * size, size, decay, weights + h * weightsRow, values, step, count);
        }
    }
}
