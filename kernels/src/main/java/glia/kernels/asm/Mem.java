package glia.kernels.asm;

/// A memory operand: `base + index · scale + displacement`.
///
/// @param base the register that holds an address
/// @param index any register but RSP; ignored if the scale is 0
/// @param scale 1, 2, 4 or 8, or 0 for "no index"
/// @param displacement bytes to add
/// @param broadcast whether a 32-bit value is broadcast to all lanes
/// @param mask as a destination: the lanes that are written
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

    /// Memory at the address in a register.
    public static Mem at(Gpr base) {
        return at(base, 0);
    }

    public static Mem at(Gpr base, int displacement) {
        return new Mem(base, base, 0, displacement, false, Mask.K0);
    }

    public static Mem at(Gpr base, Gpr index, int scale, int displacement) {
        return new Mem(base, index, scale, displacement, false, Mask.K0);
    }

    /// Memory at `bytes` further.
    public Mem plus(int bytes) {
        return new Mem(base, index, scale, Math.addExact(displacement, bytes), broadcast, mask);
    }

    /// A 32-bit value broadcast to all lanes.
    public Mem toAll() {
        return new Mem(base, index, scale, displacement, true, mask);
    }

    /// A destination of which only the mask's lanes are written; other bytes are not accessed and need not be mapped.
    public Mem under(Mask lanes) {
        return new Mem(base, index, scale, displacement, broadcast, lanes);
    }

    /// Intel syntax; the number of lanes of a broadcast depends on the other operands.
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
