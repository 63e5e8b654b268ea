package glia.kernels.asm;

import java.util.Arrays;

/// A jump target: bound once, before or after the jumps.
public final class Label {
    private static final int UNBOUND = -1;

    int position = UNBOUND;
    private int[] uses = new int[4];
    private int numUses;

    /// Creates an unbound label.
    public Label() { }

    boolean isBound() {
        return position != UNBOUND;
    }

    /// Adds the position of a jump distance to patch.
    void addUse(int at) {
        if (numUses == uses.length) {
            uses = Arrays.copyOf(uses, 2 * numUses);
        }
        uses[numUses++] = at;
    }

    int[] uses() {
        return Arrays.copyOf(uses, numUses);
    }
}
