package glia.kernels.asm;

/// A vector register, as a destination optionally with a mask. The same number names the same register in each width:
/// `ymm(3)` is the lower half of `zmm(3)`.
///
/// @param number 0 to 31; 16 and above need AVX-512
/// @param bytes 16 (xmm), 32 (ymm) or 64 (zmm)
/// @param mask the lanes that are written
/// @param zeroing whether the other lanes become 0 instead of keeping their values
public record Vec(int number, int bytes, Mask mask, boolean zeroing) implements Operand {
    public Vec {
        if (number < 0 || number > 31 || bytes != 16 && bytes != 32 && bytes != 64) {
            throw new IllegalArgumentException("no vector register " + number + " of " + bytes + " bytes");
        }
        if (zeroing && mask == Mask.K0) {
            throw new IllegalArgumentException("zeroing needs a mask from k1 on");
        }
    }

    public static Vec xmm(int number) {
        return new Vec(number, 16, Mask.K0, false);
    }

    public static Vec ymm(int number) {
        return new Vec(number, 32, Mask.K0, false);
    }

    public static Vec zmm(int number) {
        return new Vec(number, 64, Mask.K0, false);
    }

    /// The register in another width.
    public Vec as(int newBytes) {
        return new Vec(number, newBytes, mask, zeroing);
    }

    /// A destination of which only the mask's lanes are written.
    public Vec under(Mask lanes) {
        return new Vec(number, bytes, lanes, false);
    }

    /// A destination whose lanes outside the mask become 0.
    public Vec zeroUnder(Mask lanes) {
        return new Vec(number, bytes, lanes, true);
    }

    @Override
    public String toString() {
        char width = bytes == 64 ? 'z' : bytes == 32 ? 'y' : 'x';
        return width + "mm" + number + (mask == Mask.K0 ? "" : "{" + mask + "}") + (zeroing ? "{z}" : "");
    }
}
