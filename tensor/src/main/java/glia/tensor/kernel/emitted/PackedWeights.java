package glia.tensor.kernel.emitted;

import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;

/// Weights as panels (`PanelFormat`), packed when a tensor is first met and kept until it is no longer reachable. What
/// counts is the object: its numbers must not change, and another object on the same memory is packed again. A file's
/// pages that were read for it leave the process's memory, not the system's cache.
final class PackedWeights extends RangeTask {
    /// Tensors are equal only to themselves.
    private final Map<Tensor, MemorySegment> packed = new WeakHashMap<>();
    private final Function[] code = new Function[PanelFormat.values().length];
    private PanelFormat format;
    private Tensor w;
    private long to;

    PackedWeights(Workers workers) {
        super(workers);
    }

    /// The panels of w, one after the other, `panelBytes` apart; at a multiple of 64.
    MemorySegment of(PanelFormat format, Tensor w) {
        MemorySegment panels = packed.get(w);
        if (panels == null) {
            panels = pack(format, w);
            packed.put(w, panels);
        }
        return panels;
    }

    private MemorySegment pack(PanelFormat format, Tensor w) {
        MemorySegment panels = SystemMemory.allocate(Arena.ofAuto(), format.sizeBytes(w));
        if (code[format.ordinal()] == null) {
            code[format.ordinal()] = CodePages.seal(Arena.ofAuto(), List.of(PanelPack.emit(format))).function(0);
        }
        this.format = format;
        this.w = w;
        to = panels.address();
        spread(Math.ceilDiv(w.rows(), PanelFormat.ROWS), (long) PanelFormat.ROWS * w.cols());
        this.w = null;
        if (w.memory().isMapped()) {
            SystemMemory.forget(w.address(), w.memory().byteSize());
        }
        return panels;
    }

    @Override
    protected void range(int from, int end, int worker) {
        int cols = w.cols();
        for (int panel = from; panel < end; panel++) {
            int row = panel * PanelFormat.ROWS;
            long quants = to + panel * format.panelBytes(cols);
            // Rows that the last panel lacks stay 0, as the memory came.
            code[format.ordinal()].call(w.address() + row * w.rowBytes(), w.rowBytes(),
                    cols / format.type.blockElements(), quants,
                    quants + (long) (cols / PanelFormat.BLOCK) * format.blockBytes(),
                    Math.min(PanelFormat.ROWS, w.rows() - row));
        }
    }
}
