package glia.kernels.emitted;

import glia.kernels.amx.AmxCode;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.Processor;
import glia.kernels.panels.PanelFormat;
import glia.kernels.panels.TileLayout;
import glia.kernels.tiled.Scratch;
import java.util.Arrays;

/// Where the results of a chunk's panels go. On Intel's processors a panel's results, a line in each of as many rows as
/// there are tokens, would keep the weights waiting that come from memory meanwhile; long pieces of rows do not. So
/// there those of up to one tile of tokens are collected, panel by panel in memory of the worker's own, and moved to
/// their rows together. One for each worker.
final class ResultBuffer {
    private static final int TOKEN_BYTES = 4 * PanelFormat.ROWS;
    private static final int PANEL_BYTES = TileLayout.MOST_TOKENS * TOKEN_BYTES;

    private final boolean pays;
    private final Scratch memory = new Scratch();
    private boolean collects;
    private int tokens;
    private long to;
    private long toRowBytes;
    private long at;

    private ResultBuffer(IsaLevel level) {
        pays = level.isWide() && Processor.here().isIntel();
    }

    /// One for each of `count` workers.
    static ResultBuffer[] each(int count, IsaLevel level) {
        ResultBuffer[] all = new ResultBuffer[count];
        Arrays.setAll(all, _ -> new ResultBuffer(level));
        return all;
    }

    /// Begins a chunk.
    ///
    /// @param panelsAtOnce of several, results are neighbors, and not collected
    /// @param to where the first token's results of the chunk's first panel belong; tokens are `rowBytes` apart
    void begin(int numPanels, int panelsAtOnce, int tokens, long to, long rowBytes) {
        this.tokens = tokens;
        this.to = to;
        toRowBytes = rowBytes;
        collects = pays && panelsAtOnce == 1 && tokens > 1 && tokens <= TileLayout.MOST_TOKENS;
        at = collects ? memory.reserve((long) numPanels * PANEL_BYTES) : to;
    }

    /// Where the first token's results of one of the chunk's panels are to be written.
    long of(int panel) {
        return at + (long) panel * (collects ? PANEL_BYTES : TOKEN_BYTES);
    }

    /// Bytes from token to token there.
    long rowBytes() {
        return collects ? TOKEN_BYTES : toRowBytes;
    }

    /// Ends a chunk of so many rows of weights.
    void end(int rows) {
        if (collects) {
            AmxCode.move(false, to, toRowBytes, at, TileLayout.MOST_TOKENS, 2L * PANEL_BYTES, tokens, rows);
        }
    }
}
