package glia.kernels.panels;

import glia.kernels.code.CodePages;
import glia.kernels.code.CodePages.Function;
import glia.kernels.code.IsaLevel;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/// The machine code for matrix multiplications of one format with tiles of a given number of tokens.
///
/// @param layout of the activations
/// @param pack quantizes and packs a tile (see `TilePack`)
/// @param far multiplies panels that are not in a cache by a tile: one panel (`PanelProduct`), and if requested two at
///        once (`TwoPanelProduct`)
/// @param near multiplies panels that another tile has just been multiplied by
public record PanelCode(TileLayout layout, Function pack, List<Function> far, List<Function> near) {
    /// The code for one panel or for two.
    public Function product(int panels, boolean isFar) {
        return (isFar ? far : near).get(panels - 1);
    }

    /// Code that is emitted at its first use, by one thread at a time, and lives as long as this object.
    public static final class Library {
        private final IsaLevel level;
        private final boolean twoPanels;
        private final PanelCode[][][] codes =
                new PanelCode[TwoPanelProduct.PANELS][PanelFormat.values().length][TileLayout.MAX_TOKENS + 1];

        public Library(IsaLevel level) {
            this.level = level;
            twoPanels = TwoPanelProduct.paysOff(level);
        }

        public IsaLevel level() {
            return level;
        }

        /// The best number of panels to multiply at once for this many tokens: 1 or 2.
        public int panelsAtOnce(int tokens) {
            return twoPanels && tokens >= TwoPanelProduct.MIN_TOKENS ? TwoPanelProduct.PANELS : 1;
        }

        /// @param panels maximal number of panels multiplied at once
        public PanelCode of(PanelFormat format, int tokens, int panels) {
            PanelCode[] known = codes[panels - 1][format.ordinal()];
            if (known[tokens] == null) {
                known[tokens] = emit(format, tokens, panels);
            }
            return known[tokens];
        }

        private PanelCode emit(PanelFormat format, int tokens, int panels) {
            Arena arena = Arena.ofAuto();
            List<byte[]> codes = new ArrayList<>();
            codes.add(TilePack.emit(level, arena, format, tokens));
            for (boolean isFar : new boolean[] {true, false}) {
                codes.add(PanelProduct.emit(level, format, tokens, isFar));
                if (panels == TwoPanelProduct.PANELS) {
                    codes.add(TwoPanelProduct.emit(level, format, tokens, isFar));
                }
            }
            CodePages pages = CodePages.seal(arena, codes);
            List<Function> far = new ArrayList<>();
            List<Function> near = new ArrayList<>();
            for (int i = 1; i <= panels; i++) {
                far.add(pages.function(i));
                near.add(pages.function(panels + i));
            }
            return new PanelCode(format.tile(level, tokens), pages.function(0), far, near);
        }
    }
}
