package glia.kernels.emitted;

import glia.kernels.amx.AmxCode;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.Processor;
import glia.kernels.panels.PanelFormat;
import glia.kernels.panels.TileLayout;
import glia.kernels.tiled.Scratch;
import java.util.Arrays;

/// Buffers the results of a chunk's panels. On Intel's processors, stores of a panel's results, one cache line in each
/// of as many rows as there are tokens, delay the reading of weights from memory; long pieces of rows do not. So
/// results of up to one tile of tokens are buffered in the worker's memory and copied to their rows together. One
/// object for each worker.
final class ResultBuffer {
    private static final int TOKEN_BYTES = 4 * PanelFormat.ROWS;
    private static final int PANEL_BYTES = TileLayout.MAX_TOKENS * TOKEN_BYTES;

    private final boolean buffers;
    private final Scratch memory = new Scratch();
    private boolean collects;
    private int tokens;
    private long to;
    private long toRowBytes;
    private long at;

    private ResultBuffer(IsaLevel level) {
        buffers = level.isWide() && Processor.here().isIntel();
    }

    /// Creates one for each of `count` workers.
    static ResultBuffer[] each(int count, IsaLevel level) {
        ResultBuffer[] all = new ResultBuffer[count];
        Arrays.setAll(all, _ -> new ResultBuffer(level));
        return all;
    }

    /// Begins a chunk.
    ///
    /// @param panelsAtOnce with several, results are neighbors and not buffered
    /// @param to the address of the first token's results of the chunk's first panel; tokens are `rowBytes` apart
    void begin(int numPanels, int panelsAtOnce, int tokens, long to, long rowBytes) {
        this.tokens = tokens;
        this.to = to;
        toRowBytes = rowBytes;
        collects = buffers && panelsAtOnce == 1 && tokens > 1 && tokens <= TileLayout.MAX_TOKENS;
        at = collects ? memory.reserve((long) numPanels * PANEL_BYTES) : to;
    }

    /// The address for the first token's results of one of the chunk's panels.
    long of(int panel) {
        return at + (long) panel * (collects ? PANEL_BYTES : TOKEN_BYTES);
    }

    /// Bytes from token to token at this address.
    long rowBytes() {
        return collects ? TOKEN_BYTES : toRowBytes;
    }

    /// Ends a chunk of so many rows of weights.
    void end(int rows) {
        if (collects) {
            AmxCode.move(false, to, toRowBytes, at, TileLayout.MAX_TOKENS, 2L * PANEL_BYTES, tokens, rows);
        }
    }
}
