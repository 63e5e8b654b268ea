package glia.kernels.asm;

import java.util.Locale;

/// The tile registers of AMX: up to 16 rows of 64 bytes each.
public enum Tile {
    TMM0, TMM1, TMM2, TMM3, TMM4, TMM5, TMM6, TMM7;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
