package glia.kernels.asm;

import static glia.kernels.asm.Operand.*;

import java.util.Locale;

/// An assembler with the instructions on tile registers (AMX): Intel's manual, volume 1, chapter 18, and volume 2.
public final class AmxAssembler extends Assembler {
    /// Creates an assembler without code.
    public AmxAssembler() { }

    /// Emits `ldtilecfg`: configures the tile registers from 64 bytes at an address; their contents become 0.
    public void configureTiles(Mem at) {
        tile(0, 0x49, 0, 0, at);
    }

    /// Emits `tilerelease`: the operating system then has no tile state to save.
    public void releaseTiles() {
        tile(0, 0x49, 0, 0, 0);
    }

    public void zero(Tile to) {
        tile(3, 0x49, to.ordinal(), 0, 0);
    }

    /// Emits `tileloadd`: loads a tile's rows.
    ///
    /// @param rows the first row; the index times its scale is the distance from row to row
    public void load(Tile to, Mem rows) {
        rows(3, to, rows);
    }

    /// Emits `tileloaddt1`: loads rows that are not needed again soon, without allocating them in the L1 cache.
    public void loadOnce(Tile to, Mem rows) {
        rows(1, to, rows);
    }

    /// Emits `tilestored`: stores a tile's rows.
    ///
    /// @param rows as in `load`
    public void store(Mem rows, Tile from) {
        rows(2, from, rows);
    }

    /// Emits `tdpbf16ps`: `sums[m][n] += Σ_p a[m][p] · b[p][n]` of BF16 pairs, in F32; both products of each pair are
    /// added.
    public void addBf16Products(Tile sums, Tile a, Tile b) {
        tile(2, 0x5c, sums.ordinal(), b.ordinal(), a.ordinal());
    }

    /// Emits `tdpbssd`: `sums[m][n] += Σ_k a[m][k] · b[k][n]` of signed bytes, in 32-bit integers; four neighbors along
    /// k fill 32 bits of a and of b.
    public void addByteProducts(Tile sums, Tile a, Tile b) {
        tile(3, 0x5e, sums.ordinal(), b.ordinal(), a.ordinal());
    }

    private void rows(int prefix, Tile tile, Mem rows) {
        require(rows.scale() != 0, "a tile has rows: " + rows + " says no distance");
        tile(prefix, 0x4b, tile.ordinal(), 0, rows);
    }

    private void tile(int prefix, int opcode, int reg, int v, int rm) {
        vexOfTile(prefix, 0, 0, v);
        out.u8(opcode);
        out.u8(0xc0 | reg << 3 | rm);
    }

    private void tile(int prefix, int opcode, int reg, int v, Mem rm) {
        require(!rm.broadcast() && rm.mask() == Mask.K0, "a tile is not for " + rm);
        vexOfTile(prefix, index(rm) >> 3, rm.base().number() >> 3, v);
        out.u8(opcode);
        encoder.memory(reg, rm, 1);
    }

    private void vexOfTile(int prefix, int x, int b, int v) {
        out.u8(0xc4);
        out.u8(0x80 | (~x & 1) << 6 | (~b & 1) << 5 | 2);
        out.u8((~v & 15) << 3 | prefix);
    }

    /// The tile registers of AMX: up to 16 rows of 64 bytes each.
    public enum Tile {
        TMM0, TMM1, TMM2, TMM3, TMM4, TMM5, TMM6, TMM7;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
