package glia.kernels.code;

import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.*;
import static glia.kernels.asm.Operand.Mem.at;
import static glia.kernels.asm.Operand.Vec.xmm;

import glia.tensor.Memory;
import glia.kernels.asm.Assembler;
import glia.kernels.asm.Operand;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// An assembler for one instruction-set level. It has a macro instruction for each operation that AVX-512 does in one
/// instruction and AVX2 in several, so that generators do not depend on the level: masked loads, stores and blends,
/// broadcasts from memory, and bitwise instructions, whose names differ.
///
/// Masks K1 to K6 select lanes at every level. With AVX2, which has no mask registers, mask i is the vector register
/// `16 - i`, whose selected lanes are all ones; code that uses a mask must not use that register.
public final class Emitter extends Assembler {
    private static final int NEAREST_EVEN = 8;
    private static final MemorySegment LANE_BITS = laneBits();

    private final IsaLevel level;

    public Emitter(IsaLevel level) {
        this.level = level;
    }

    /// Bit i in lane i.
    private static MemorySegment laneBits() {
        MemorySegment bits = Arena.ofAuto().allocate(32, 32);
        for (int i = 0; i < 8; i++) {
            bits.set(Memory.I32, 4 * i, 1 << i);
        }
        return bits;
    }

    public IsaLevel level() {
        return level;
    }

    public int bytes() {
        return level.bytes;
    }

    public int lanes() {
        return level.lanes;
    }

    public boolean isWide() {
        return level.isWide();
    }

    /// A vector register of full width.
    public Vec v(int number) {
        return level.v(number);
    }

    /// The lower half of a register.
    public Vec half(int number) {
        return new Vec(number, level.bytes / 2, Mask.K0, false);
    }

    /// Ends a function: clears the upper halves of vector registers (`vzeroupper`), which would slow down SSE code.
    public byte[] end() {
        op(glia.kernels.asm.Op.VZEROUPPER);
        ret();
        return toBytes();
    }

    // ---- masks ---------------------------------------------------------------------------------------------------

    /// The vector register of a mask, with AVX2.
    private static Vec lanes(Mask mask, int bytes) {
        return new Vec(16 - mask.ordinal(), bytes, Mask.K0, false);
    }

    /// Selects the lanes whose bits are set.
    ///
    /// @param temporary a register to be overwritten, which may be that of the bits
    public void mask(Mask to, Gpr bits, Gpr temporary) {
        if (isWide()) {
            op(KMOVW, to, bits);
            return;
        }
        Vec lanes = lanes(to, 32);
        op(VMOVD, lanes.as(16), bits);
        mov(temporary, LANE_BITS.address());
        op(VPBROADCASTD, lanes, lanes.as(16));
        op(VPAND, lanes, lanes, at(temporary));
        op(VPCMPEQD, lanes, lanes, at(temporary));
    }

    /// Stores the mask as bits in a general register.
    public void bits(Gpr to, Mask mask) {
        if (isWide()) {
            op(KMOVW_TO, to, mask);
        } else {
            op(VMOVMSKPS, to, lanes(mask, 32));
        }
    }

    /// Selects the lanes for which the predicate holds.
    public void compare(Mask to, Vec a, Operand b, int predicate) {
        if (isWide()) {
            op(VCMPPS, to, a, b, predicate);
        } else {
            op(VCMPPS_VEX, lanes(to, a.bytes()), a, b, predicate);
        }
    }

    /// Selects 64-bit lanes for which the predicate holds.
    public void compareDoubles(Mask to, Vec a, Operand b, int predicate) {
        if (isWide()) {
            op(VCMPPD, to, a, b, predicate);
        } else {
            op(VCMPPD_VEX, lanes(to, a.bytes()), a, b, predicate);
        }
    }

    /// Copies the selected lanes of another register.
    public void blend(Vec to, Mask mask, Vec from) {
        if (isWide()) {
            op(VMOVUPS, to.under(mask), from);
        } else {
            op(VBLENDVPS, to, to, from, lanes(mask, to.bytes()));
        }
    }

    /// Sets the lanes that are not selected to 0.
    void keep(Vec v, Mask mask) {
        if (isWide()) {
            op(VMOVUPS, v.zeroUnder(mask), v);
        } else {
            op(VANDPS, v, v, lanes(mask, v.bytes()));
        }
    }

    /// Loads the selected lanes and reads nothing else; the others become 0.
    public void load(Vec to, Mem from, Mask mask) {
        if (mask == Mask.K0) {
            op(VMOVUPS, to, from);
        } else if (isWide()) {
            op(VMOVUPS, to.zeroUnder(mask), from);
        } else {
            op(VMASKMOVPS, to, lanes(mask, to.bytes()), from);
        }
    }

    /// Stores the selected lanes and writes nothing else.
    public void store(Mem to, Vec from, Mask mask) {
        if (isWide() || mask == Mask.K0) {
            op(VMOVUPS, to.under(mask), from);
        } else {
            op(VMASKMOVPS, to, lanes(mask, from.bytes()), from);
        }
    }

    /// Loads 32-bit floats as 64-bit floats.
    public void loadDoubles(Vec to, Mem from, Mask mask) {
        if (mask == Mask.K0) {
            op(VCVTPS2PD, to, from);
        } else {
            Vec half = to.as(to.bytes() / 2);
            load(half, from, mask);
            op(VCVTPS2PD, to, half);
        }
    }

    /// Sets 64-bit lanes to 0 that the lower half of the mask does not select. The mask is undefined afterwards.
    public void keepDoubles(Vec v, Mask mask) {
        if (mask == Mask.K0) {
            return;
        }
        if (isWide()) {
            op(VMOVUPD, v.zeroUnder(mask), v);
        } else {
            Vec lanes = lanes(mask, 32);
            op(VPMOVSXDQ, lanes, lanes.as(16));
            op(VANDPS, v, v, lanes);
        }
    }

    // ---- broadcasts ----------------------------------------------------------------------------------------------

    /// Broadcasts the lowest 32 bits of a general register.
    public void broadcast(Vec to, Gpr from) {
        if (isWide()) {
            op(VPBROADCASTD_GPR, to, from);
        } else {
            op(VMOVD, xmm(to.number()), from);
            op(VPBROADCASTD, to, xmm(to.number()));
        }
    }

    /// Broadcasts a value in memory, as the last operand of an instruction.
    ///
    /// @param temporary the register for the value if the instruction has no broadcast operand
    public Operand broadcast(Mem number, Vec temporary) {
        if (isWide()) {
            return number.toAll();
        }
        op(VBROADCASTSS, temporary, number);
        return temporary;
    }

    /// Broadcasts a 32-bit constant through a general register; with AVX-512.
    public void fill(Vec to, int bits, Gpr temporary) {
        mov(temporary, bits & 0xffff_ffffL);
        op(VPBROADCASTD_GPR, to, temporary);
    }

    // ---- instructions with level-dependent names -----------------------------------------------------------------

    public void zero(Vec v) {
        op(VXORPS, v, v, v);
    }

    public void and(Vec to, Vec a, Operand b) {
        op(isWide() ? VPANDD : VPAND, to, a, b);
    }

    public void or(Vec to, Vec a, Operand b) {
        op(isWide() ? VPORD : VPOR, to, a, b);
    }

    /// Rounds to integers, half to even.
    public void round(Vec to, Vec from) {
        op(isWide() ? VRNDSCALEPS : VROUNDPS, to, from, NEAREST_EVEN);
    }

    /// Extracts the upper half of a vector.
    public void upperHalf(Vec half, Vec whole) {
        op(whole.bytes() == 64 ? VEXTRACTF64X4 : VEXTRACTF128, half, whole, 1);
    }
}
