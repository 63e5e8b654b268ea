package glia.kernels.panels;

import glia.kernels.code.SystemMemory;
import glia.kernels.tiled.PackedWeightCache;
import glia.kernels.tiled.Scratch;
import glia.tensor.QuantizedMatrix;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.format.BlockConverter;
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
}
