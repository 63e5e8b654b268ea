package glia.kernels.asm;

/// Memory at `base + index · scale + displacement`.
///
/// @param base the register that holds an address
/// @param index a register that is not RSP; of no meaning where the scale is 0
/// @param scale 1, 2, 4 or 8, or 0 for "no index"
/// @param displacement bytes to add
/// @param broadcast whether one number of 32 bits is read for all lanes
/// @param mask as a destination: which lanes are written
public record Mem(Gpr base, Gpr index, int scale, int displacement, boolean broadcast, Mask mask)
        implements Operand {
    public Mem {
        if (scale != 0 && (scale > 8 || Integer.bitCount(scale) != 1 || index == Gpr.RSP)) {
            throw new IllegalArgumentException("no memory operand with " + index + "*" + scale);
        }
        if (broadcast && mask != Mask.K0) {
            throw new IllegalArgumentException("a destination cannot be broadcast");
        }
    }

    /// The memory that a register points to.
    public static Mem at(Gpr base) {
        return at(base, 0);
    }

    public static Mem at(Gpr base, int displacement) {
        return new Mem(base, base, 0, displacement, false, Mask.K0);
    }

    public static Mem at(Gpr base, Gpr index, int scale, int displacement) {
        return new Mem(base, index, scale, displacement, false, Mask.K0);
    }

    /// The memory so many bytes further on.
    public Mem plus(int bytes) {
        return new Mem(base, index, scale, Math.addExact(displacement, bytes), broadcast, mask);
    }

    /// One number of 32 bits for all lanes.
    public Mem toAll() {
        return new Mem(base, index, scale, displacement, true, mask);
    }

    /// As a destination of which only the mask's lanes are written; other bytes are not touched, so they need not be
    /// there.
    public Mem under(Mask lanes) {
        return new Mem(base, index, scale, displacement, broadcast, lanes);
    }

    /// Intel's syntax; the number of lanes of a broadcast depends on the other operands.
    String text(int lanes) {
        String sum = base + (scale == 0 ? "" : "+" + index + "*" + scale)
                + (displacement == 0 ? "" : displacement < 0 ? displacement : "+" + displacement);
        return "[" + sum + "]" + (broadcast ? "{1to" + lanes + "}" : "") + (mask == Mask.K0 ? "" : "{" + mask + "}");
    }

    @Override
    public String toString() {
        return text(16);
    }
}
