package glia.model.spec;

/// Checks of attention heads.
final class Heads {
    private Heads() { }

    /// @throws IllegalArgumentException unless key-value heads divide the heads, and all have a size
    static void check(int numHeads, int numKeyValueHeads, int headSize) {
        if (numHeads < 1 || numKeyValueHeads < 1 || numHeads % numKeyValueHeads != 0 || headSize < 1
                || (long) numHeads * headSize > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("attention with " + numHeads + " heads, " + numKeyValueHeads
                    + " key-value heads of size " + headSize);
        }
    }

    /// @throws IllegalArgumentException if the rotation is wider than a head
    static void check(Rope rope, int headSize) {
        if (rope instanceof Rope.Axial axial && 2 * axial.axes().size() > headSize) {
            throw new IllegalArgumentException("RoPE rotates " + 2 * axial.axes().size()
                    + " dimensions, but heads have " + headSize);
        }
        if (rope instanceof Rope.Parts parts && parts.part().rotatedSize() * parts.axes().size() != headSize) {
            throw new IllegalArgumentException("RoPE of " + parts.axes().size() + " parts of "
                    + parts.part().rotatedSize() + " dimensions, but heads have " + headSize);
        }
        if (rope instanceof Rope.Rotary rotary && rotary.rotatedSize() > headSize) {
            throw new IllegalArgumentException("RoPE rotates " + rotary.rotatedSize() + " dimensions, but heads have "
                    + headSize);
        }
    }
}
