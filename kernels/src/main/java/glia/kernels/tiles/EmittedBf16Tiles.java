package glia.kernels.tiles;

import glia.kernels.code.IsaLevel;
import glia.kernels.decode.RowDecoder;
import glia.kernels.tiled.Bf16Tiles;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.kernel.Workers;

/// The GEMM micro-kernels with `vdpbf16ps`.
public final class EmittedBf16Tiles extends EmittedPackingTiles implements Bf16Tiles {
    public EmittedBf16Tiles(Workers workers, RowDecoder decoder, IsaLevel level) {
        super(workers, decoder, level, TileCode.PAIRS);
    }

    @Override
    public void round(DType type, long from, long rowBytes, int rows, int count, int pairs, long to, int worker) {
        long step = type == DType.F32 ? rowBytes : 4L * count;
        long at = decoded(type, from, rowBytes, rows, count, worker);
        for (int r = 0; r < rows; r++) {
            Bf16Code.round(to + 4L * r * pairs, at + r * step, count);
            for (int i = count; i < 2 * pairs; i++) {
                Memory.i16(to + 4L * r * pairs + 2L * i, 0);
            }
        }
    }

    @Override
    public void decode(DType type, long from, long rowBytes, int rows, int count, long to, int worker) {
        decoder.decode(type, from, rowBytes, rows, count, to, worker);
    }

    @Override
    public void interleave(long to, long a, long b, int count) {
        Bf16x3Code.of(1).rowsTogether(to, a, b, count, panelBytes());
    }

    @Override
    public void interleave(long to, long from, long rowBytes, int pairs, int count) {
        // A panel's row, with the tiles that pairs have.
        if (count == Bf16x3Code.STEP && cols() == count) {
            Bf16x3Code.of(1).together(to, from, from + rowBytes, pairs, panelBytes(), 2 * rowBytes);
            return;
        }
        for (int p = 0; p < pairs; p++) {
            long even = from + 2 * p * rowBytes;
            interleave(to + p * panelBytes(), even, even + rowBytes, count);
        }
    }
}
