package glia.kernels.panels;

import glia.kernels.code.CodeOnDemand;
import glia.kernels.code.SystemMemory;
import glia.kernels.tiled.Scratch;
import glia.tensor.CodedMatrix;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import glia.tensor.format.CodedBlocks;
import glia.tensor.kernel.Conversions;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.WeakHashMap;

/// Weights as panels (`PanelFormat`), packed when a matrix is first met and kept until it is no longer reachable. What
/// counts is the object: its numbers must not change, and another object on the same memory is packed again. A file's
/// pages that were read for it leave the process's memory, not the system's cache. Panels that were kept from another
/// time (`Conversions`) are taken as they are.
public final class PackedWeights extends RangeTask {
    /// Matrices are equal only to themselves.
    private final Map<Matrix, MemorySegment> packed = new WeakHashMap<>();
    private final CodeOnDemand code = new CodeOnDemand(Arena.ofAuto(), PanelFormat.values().length,
            format -> PanelPack.emit(PanelFormat.values()[format]));
    private final Scratch[] scratch;
    private final CodedBlocks[] blocks;
    private PanelFormat format;
    private Matrix w;
    private long to;
    private Conversions conversions = Conversions.NONE;

    public PackedWeights(Workers workers) {
        super(workers);
        scratch = Scratch.each(workers.count());
        blocks = new CodedBlocks[workers.count()];
        for (int i = 0; i < blocks.length; i++) {
            blocks[i] = new CodedBlocks();
        }
    }

    /// Where panels are looked for before a matrix is packed, and who is told of each that is.
    public void conversions(Conversions other) {
        conversions = other;
    }

    /// The panels of w, one after the other, `panelBytes` apart; at a multiple of 64.
    public MemorySegment of(PanelFormat format, Matrix w) {
        MemorySegment panels = packed.get(w);
        if (panels == null) {
            panels = conversions.kept(w, format.form(), format.sizeBytes(w));
            if (panels == null) {
                panels = pack(format, w);
                conversions.converted(w, format.form(), panels);
            }
            packed.put(w, panels);
        }
        return panels;
    }

    private MemorySegment pack(PanelFormat format, Matrix w) {
        MemorySegment panels = SystemMemory.allocate(Arena.ofAuto(), format.sizeBytes(w));
        this.format = format;
        this.w = w;
        to = panels.address();
        spread(Math.ceilDiv(w.rows(), PanelFormat.ROWS), (long) PanelFormat.ROWS * w.cols());
        this.w = null;
        switch (w) {
            case Tensor t -> forget(t);
            case CodedMatrix c -> {
                // Of a view other rows are needed, too; what is read again comes from the system's cache.
                forget(c.parts().codes());
                forget(c.parts().scales());
            }
        }
        return panels;
    }

    private static void forget(Tensor t) {
        if (t.memory().isMapped()) {
            SystemMemory.forget(t.address(), t.memory().byteSize());
        }
    }

    @Override
    protected void range(int from, int end, int worker) {
        int cols = w.cols();
        for (int panel = from; panel < end; panel++) {
            int row = panel * PanelFormat.ROWS;
            long quants = to + panel * format.panelBytes(cols);
            // Rows that the last panel lacks stay 0, as the memory came.
            int rows = Math.min(PanelFormat.ROWS, w.rows() - row);
            long rowBytes = format.type.bytes(cols);
            long stored = switch (w) {
                case Tensor t -> t.address() + row * rowBytes;
                case CodedMatrix c -> {
                    long at = scratch[worker].reserve(PanelFormat.ROWS * rowBytes);
                    blocks[worker].write(c, format.type, row, rows, at);
                    yield at;
                }
            };
            code.of(format.ordinal()).call(stored, rowBytes, cols / format.type.blockElements(), quants,
                    quants + (long) (cols / PanelFormat.BLOCK) * format.blockBytes(), rows);
        }
    }
}
