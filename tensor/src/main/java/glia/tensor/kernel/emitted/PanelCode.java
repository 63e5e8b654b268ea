package glia.tensor.kernel.emitted;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/// The code for products of one format with tiles of one number of tokens.
///
/// @param layout of the activations
/// @param pack rounds and packs a tile: see `TilePack`
/// @param far multiplies a panel that is not in a cache yet with a tile: see `PanelProduct`
/// @param near multiplies a panel that another tile has just been multiplied with
/// @param twoFar the same as `far` for two panels at once (`TwoPanelProduct`), or null if that was not asked for
/// @param twoNear the same as `near`
record PanelCode(TileLayout layout, Function pack, Function far, Function near, Function twoFar, Function twoNear) {
    /// The code for one panel or for two.
    Function product(int panels, boolean isFar) {
        return panels == 1 ? isFar ? far : near : isFar ? twoFar : twoNear;
    }

    /// Codes that are emitted when they are first asked for, by one thread at a time, and live as long as this.
    static final class Library {
        private final Level level;
        private final PanelCode[][][] codes =
                new PanelCode[PanelFormat.values().length][TwoPanelProduct.PANELS + 1][TileLayout.MOST_TOKENS + 1];

        Library(Level level) {
            this.level = level;
        }

        Level level() {
            return level;
        }

        /// @param panels how many are multiplied at once, at most: 1 or 2
        PanelCode of(PanelFormat format, int tokens, int panels) {
            PanelCode[] known = codes[format.ordinal()][panels];
            if (known[tokens] == null) {
                known[tokens] = emit(format, tokens, panels == TwoPanelProduct.PANELS);
            }
            return known[tokens];
        }

        private PanelCode emit(PanelFormat format, int tokens, boolean two) {
            Arena arena = Arena.ofAuto();
            List<byte[]> codes = new ArrayList<>();
            codes.add(TilePack.emit(level, arena, format, tokens));
            codes.add(PanelProduct.emit(level, format, tokens, true));
            codes.add(PanelProduct.emit(level, format, tokens, false));
            if (two) {
                codes.add(TwoPanelProduct.emit(level, format, tokens, true));
                codes.add(TwoPanelProduct.emit(level, format, tokens, false));
            }
            CodePages pages = CodePages.seal(arena, codes);
            return new PanelCode(format.tile(level, tokens), pages.function(0), pages.function(1), pages.function(2),
                    two ? pages.function(3) : null, two ? pages.function(4) : null);
        }
    }
}
