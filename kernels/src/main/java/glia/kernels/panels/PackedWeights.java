package glia.kernels.panels;

import static glia.kernels.panels.PanelFormat.BLOCK;
import static glia.kernels.panels.PanelFormat.QUADS;

import glia.kernels.code.CodePages.CodeOnDemand;
import glia.kernels.code.SystemMemory;
import glia.kernels.tiled.PackedWeightCache;
import glia.kernels.tiled.Scratch;
import glia.tensor.Matrix;
import glia.tensor.Memory;
import glia.tensor.QuantizedMatrix;
import glia.tensor.Tensor;
import glia.tensor.format.BlockConverter;
import glia.tensor.format.CodebookBlocks;
import glia.tensor.kernel.PackedWeightStore;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Quantized weights packed into panels (`PanelFormat`, `PackedWeightCache`). After packing, the pages of a mapped file
/// leave the process's resident memory, but not the page cache.
public final class PackedWeights extends RangeTask implements PackedWeightCache.Maker {
    private final PackedWeightCache forms = new PackedWeightCache();
    private final Scratch[] scratch;
    private final BlockConverter[] blocks;
    private final PanelPacker[] packers;
    private PanelFormat format;
    private Matrix w;
    private long to;

    public PackedWeights(Workers workers) {
        super(workers);
        scratch = Scratch.each(workers.count());
        blocks = new BlockConverter[workers.count()];
        packers = new PanelPacker[workers.count()];
        for (int i = 0; i < blocks.length; i++) {
            blocks[i] = new BlockConverter();
            packers[i] = new PanelPacker();
        }
    }

    /// Sets the store in which panels are looked up and to which packed ones are offered.
    public void usePackedWeights(PackedWeightStore other) {
        forms.usePackedWeights(other);
    }

    /// Returns the panels of w, consecutive, `panelBytes` apart, aligned to 64 bytes.
    public MemorySegment of(PanelFormat format, Matrix w) {
        MemorySegment panels = forms.current(w);
        if (panels == null) {
            this.format = format;
            panels = forms.make(w, format.form(), format.sizeBytes(w), this);
        }
        return panels;
    }

    @Override
    public MemorySegment memory(long sizeBytes) {
        return SystemMemory.allocate(Arena.ofAuto(), sizeBytes);
    }

    @Override
    public void make(Matrix w, long to) {
        this.w = w;
        this.to = to;
        distribute(Math.ceilDiv(w.rows(), PanelFormat.ROWS), (long) PanelFormat.ROWS * w.cols());
        this.w = null;
        switch (w) {
            case Tensor t -> SystemMemory.dropPages(t);
            case QuantizedMatrix c -> {
                // A view may need other rows later; they come from the page cache again.
                SystemMemory.dropPages(c.parts().codes());
                SystemMemory.dropPages(c.parts().scales());
            }
        }
    }

    @Override
    protected void range(int from, int end, int worker) {
        int cols = w.cols();
        for (int panel = from; panel < end; panel++) {
            int row = panel * PanelFormat.ROWS;
            long quants = to + panel * format.panelBytes(cols);
            // The rows that the last panel lacks stay 0, as allocated.
            int rows = Math.min(PanelFormat.ROWS, w.rows() - row);
            long rowBytes = format.type.bytes(cols);
            long stored = switch (w) {
                case Tensor t -> t.address() + row * rowBytes;
                case QuantizedMatrix c -> {
                    long at = scratch[worker].reserve(PanelFormat.ROWS * rowBytes);
                    blocks[worker].write(c, format.type, row, rows, at);
                    yield at;
                }
            };
            packers[worker].pack(format, stored, rowBytes, cols / format.type.blockElements(), quants,
                    quants + (long) (cols / PanelFormat.BLOCK) * format.blockBytes(), rows);
        }
    }

    /// Packs 16 rows of weights in a file's format into a panel: with `PanelPack`, or formats of `CodebookBlocks` by
    /// their codes. Not thread-safe.
    public static final class PanelPacker {
        private static final CodeOnDemand CODE = new CodeOnDemand(Arena.ofAuto(), PanelFormat.values().length,
                format -> PanelPack.emit(PanelFormat.values()[format]));
        private static final int PAIRS = 0x03030303;
        private static final int ONES = 0x01010101;
        private static final int LINE = 64;

        private final CodebookBlocks block = new CodebookBlocks();
        private final int[] quads = new int[QUADS];

        public PanelPacker() { }

        /// Packs `rows` rows, 1 to 16. Lanes of missing rows are not changed.
        ///
        /// @param from the first row
        /// @param rowBytes bytes from row to row
        /// @param blocks blocks of the file in a row
        /// @param quants the panel's quants
        /// @param scales its scales
        public void pack(PanelFormat format, long from, long rowBytes, int blocks, long quants, long scales, int rows) {
            if (!CodebookBlocks.reads(format.type)) {
                CODE.of(format.ordinal()).call(from, rowBytes, blocks, quants, scales, rows);
                return;
            }
            int parts = format.type.blockElements() / BLOCK;
            for (int r = 0; r < rows; r++) {
                for (int i = 0; i < blocks; i++) {
                    block.read(format.type, from + r * rowBytes + (long) i * format.type.blockBytes());
                    for (int part = 0; part < parts; part++) {
                        quants(format.bits, part, quants + (long) (i * parts + part) * format.blockBytes() + 4 * r);
                    }
                    scales(format.scales, parts, scales + (long) i * parts / format.scales.blocks
                            * format.scales.sizeBytes, r);
                }
            }
        }

        /// Stores 32 codes.
        ///
        /// @param to the row's lane of the block's first vector
        private void quants(int bits, int part, long to) {
            for (int i = 0; i < QUADS / 2; i++) {
                long eight = block.codes(4 * part + i);
                quads[2 * i] = (int) eight;
                quads[2 * i + 1] = (int) (eight >>> 32);
            }
            if (bits == 4) {
                for (int m = 0; m < QUADS / 2; m++) {
                    Memory.i32(to + LINE * m, quads[m] | quads[m + 4] << 4);
                }
                return;
            }
            int third = 0;
            for (int half = 0; half < 2; half++) {
                int pairs = 0;
                for (int i = 0; i < 4; i++) {
                    int quad = quads[4 * half + i];
                    pairs |= (quad & PAIRS) << 2 * i;
                    third |= (quad >>> 2 & ONES) << 4 * half + i;
                }
                Memory.i32(to + LINE * half, pairs);
            }
            if (bits == 3) {
                Memory.i32(to + 2 * LINE, third);
            }
        }

        private void scales(PanelFormat.Scales scales, int parts, long to, int row) {
            int halves = scales.halves();
            for (int i = 0; i < parts * halves; i++) {
                int group = 2 / halves * i;
                if (scales.blocks == 1) {
                    Memory.f16(to + 32 * i + 2 * row, block.scale(group));
                } else {
                    Memory.i8(to + 16 * i + row, block.factor(group));
                }
            }
            if (scales.blocks > 1) {
                Memory.f32(to + scales.blocks * scales.blockBytes + 4 * row, block.d());
            }
        }
    }
}
