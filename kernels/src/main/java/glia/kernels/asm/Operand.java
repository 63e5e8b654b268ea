package glia.kernels.asm;

import java.util.Locale;

/// An operand of an instruction: a register or memory. `toString` returns Intel syntax, as assemblers and disassemblers
/// write it.
public sealed interface Operand {
    /// The 64-bit general registers. A function of the System V calling convention has its first six integer arguments
    /// in RDI, RSI, RDX, RCX, R8 and R9 and its result in RAX. It may change these, R10 and R11, and must preserve the
    /// others. https://gitlab.com/x86-psABIs/x86-64-ABI
    enum Gpr implements Operand {
        RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15;

        /// The number in the register's encoding.
        int number() {
            return ordinal();
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// A vector register, as a destination optionally with a mask. The same number names the same register in each
    /// width: `ymm(3)` is the lower half of `zmm(3)`.
    ///
    /// @param number 0 to 31; 16 and above need AVX-512
    /// @param bytes 16 (xmm), 32 (ymm) or 64 (zmm)
    /// @param mask the lanes that are written
    /// @param zeroing whether the other lanes become 0 instead of keeping their values
    record Vec(int number, int bytes, Mask mask, boolean zeroing) implements Operand {
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

    /// A memory operand: `base + index · scale + displacement`.
    ///
    /// @param base the register that holds an address
    /// @param index any register but RSP; ignored if the scale is 0
    /// @param scale 1, 2, 4 or 8, or 0 for "no index"
    /// @param displacement bytes to add
    /// @param broadcast whether a 32-bit value is broadcast to all lanes
    /// @param mask as a destination: the lanes that are written
    record Mem(Gpr base, Gpr index, int scale, int displacement, boolean broadcast, Mask mask)
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

        /// A destination of which only the mask's lanes are written; other bytes are not accessed and need not be
        /// mapped.
        public Mem under(Mask lanes) {
            return new Mem(base, index, scale, displacement, broadcast, lanes);
        }

        /// Intel syntax; the number of lanes of a broadcast depends on the other operands.
        String text(int lanes) {
            String sum = base + (scale == 0 ? "" : "+" + index + "*" + scale)
                    + (displacement == 0 ? "" : displacement < 0 ? displacement : "+" + displacement);
            return "[" + sum + "]" + (broadcast ? "{1to" + lanes + "}" : "")
                    + (mask == Mask.K0 ? "" : "{" + mask + "}");
        }

        @Override
        public String toString() {
            return text(16);
        }
    }

    /// A mask register, one bit for each lane of a vector. K0 as a write mask means "all lanes".
    enum Mask implements Operand {
        K0, K1, K2, K3, K4, K5, K6, K7;

        int number() {
            return ordinal();
        }

        @Override
        public String toString() {
            return "k" + ordinal();
        }
    }
}
