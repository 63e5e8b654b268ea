package glia.kernels.amx;

import glia.kernels.code.SystemMemory;
import glia.kernels.panels.PanelFormat;
import glia.kernels.tiled.Scratch;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;

/// Packs rows of x as 16-bit integers (`Int16Code`), by strips: `[strip][group][step][high, low][16 tokens][64]`,
/// scales `[strip][group][16]`. Tokens beyond the last are undefined.
final class Int16Rows extends RangeTask {
    private final Scratch packed = new Scratch(SystemMemory::scratch);
    private Tensor x;
    private int firstRow;
    private int numRows;
    private int cols;
    private Int16Strips strips;
    private long words;
    private long scales;

    Int16Rows(Workers workers) {
        super(workers);
    }

    void pack(Tensor x, int firstRow, int numRows) {
        this.x = x;
        this.firstRow = firstRow;
        this.numRows = numRows;
        if (x.cols() != cols) {
            cols = x.cols();
            strips = Int16Strips.of(cols);
        }
        long wordBytes = (long) groups() * strips.steps() * Int16Code.X_STEP_BYTES;
        words = packed.reserve(wordBytes + 4L * strips.count() * groups() * Int16Code.TOKENS);
        scales = words + wordBytes;
        distribute(numRows, x.cols());
        this.x = null;
    }

    int groups() {
        return Math.ceilDiv(numRows, Int16Code.TOKENS);
    }

    int numRows() {
        return numRows;
    }

    Int16Strips strips() {
        return strips;
    }

    /// The address of a group's integers of a strip.
    long words(int strip, int group) {
        return words + ((long) groups() * strips.first(strip) + (long) group * strips.stepsOf(strip))
                * Int16Code.X_STEP_BYTES;
    }

    /// The address of a group's scales of a strip.
    long scales(int strip, int group) {
        return scales + 4L * Int16Code.TOKENS * ((long) strip * groups() + group);
    }

    @Override
    protected void range(int from, int end, int worker) {
        int blocks = x.cols() / PanelFormat.BLOCK;
        for (int i = from; i < end; i++) {
            long row = x.address() + (firstRow + i) * x.rowBytes();
            int group = i / Int16Code.TOKENS;
            int inGroup = i % Int16Code.TOKENS;
            for (int strip = 0; strip < strips.count(); strip++) {
                int block = strips.firstBlock(strip);
                Int16Code.pack(row + 4L * PanelFormat.BLOCK * block,
                        Math.min(blocks, strips.firstBlock(strip + 1)) - block,
                        words(strip, group) + (long) Int16Strips.STEP * inGroup, scales(strip, group) + 4L * inGroup);
            }
        }
    }
}
