package glia.tensor.kernel.emitted;

import glia.tensor.kernel.tiled.Scratch;

/// Results of a chunk's panels, one behind the other in memory of the worker's own, from where they go to their rows
/// together. On Intel's processors a panel's results, a line in each of as many rows as there are tokens, would keep
/// the weights waiting that come from memory meanwhile; long pieces of rows do not.
final class CollectedResults {
    /// From token to token, and of a panel.
    static final int TOKEN_BYTES = 4 * PanelFormat.ROWS;
    private static final int PANEL_BYTES = TileLayout.MOST_TOKENS * TOKEN_BYTES;

    private final Scratch[] memory;
    private final boolean pays;

    CollectedResults(int workers, Level level) {
        memory = Scratch.each(workers);
        pays = level.isWide() && Processor.here().isIntel();
    }

    /// Whether results of this many tokens are to be collected.
    boolean serves(int tokens) {
        return pays && tokens > 1 && tokens <= TileLayout.MOST_TOKENS;
    }

    /// Where the results of a chunk's first panel go.
    long begin(int worker, int numPanels) {
        return memory[worker].reserve((long) numPanels * PANEL_BYTES);
    }

    /// Where the results of a panel go, counted from the first.
    static long of(long begin, int panel) {
        return begin + (long) panel * PANEL_BYTES;
    }

    /// Moves the results of `rows` rows of weights to where they belong.
    ///
    /// @param to the first token's first result; tokens are `rowBytes` apart
    static void end(long begin, int tokens, int rows, long to, long rowBytes) {
        AmxCode.move(false, to, rowBytes, begin, TileLayout.MOST_TOKENS, 2L * PANEL_BYTES, tokens, rows);
    }
}
