package glia.kernels.asm;

import java.util.Arrays;

/// A place in the code that jumps lead to: bound once, before or after the jumps.
public final class Label {
    private static final int UNBOUND = -1;

    int position = UNBOUND;
    private int[] uses = new int[4];
    private int numUses;

    /// Not bound yet.
    public Label() { }

    boolean isBound() {
        return position != UNBOUND;
    }

    /// Remembers a place that holds the distance of a jump here.
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
