package glia.tensor.kernel.emitted;

import static glia.tensor.asm.Gpr.R10;
import static glia.tensor.asm.Gpr.R11;
import static glia.tensor.asm.Gpr.R8;
import static glia.tensor.asm.Gpr.R9;
import static glia.tensor.asm.Gpr.RAX;
import static glia.tensor.asm.Gpr.RCX;
import static glia.tensor.asm.Gpr.RDI;
import static glia.tensor.asm.Gpr.RDX;
import static glia.tensor.asm.Gpr.RSI;
import static glia.tensor.asm.Mem.at;
import static glia.tensor.asm.Op.VADDPS;
import static glia.tensor.asm.Op.VCMPPS;
import static glia.tensor.asm.Op.VFMADD213PS;
import static glia.tensor.asm.Op.VMAXPS;
import static glia.tensor.asm.Op.VMOVUPS;
import static glia.tensor.asm.Op.VMULPS;
import static glia.tensor.asm.Op.VPBROADCASTD_GPR;
import static glia.tensor.asm.Op.VPXORD;
import static glia.tensor.asm.Op.VSUBPS;
import static glia.tensor.asm.Op.VZEROUPPER;
import static glia.tensor.asm.Vec.zmm;

import glia.tensor.asm.Assembler;
import glia.tensor.asm.Condition;
import glia.tensor.asm.Label;
import glia.tensor.asm.Mask;
import glia.tensor.asm.Vec;
import java.lang.foreign.Arena;
import java.util.List;

/// Attention of a panel of queries: turns scores into weights, a vector of 16 queries at a time (see `Tiles.weigh`).
/// ```
/// for each position:  largest' = max(largest', score), where the query sees it
/// decay       = e^(largest - largest')
/// for each position:  weight = e^(score - largest')
/// denominator = decay · denominator + Σ weights
/// sums        = decay · sums
/// ```
final class QueryPanelCode {
    private static final int PANEL_BYTES = TileCode.PANEL_BYTES;
    private static final int VECTOR = 64;
    private static final int LESS = 1;
    private static final Vec LARGEST = zmm(16);
    private static final Vec DECAY = zmm(17);
    private static final Vec TOTAL = zmm(18);
    private static final Vec POSITION = zmm(19);
    private static final Vec HIDDEN = zmm(20);

    private static final Arena ARENA = Arena.ofAuto();
    private static final Constants CONSTANTS = new Constants(ARENA, R10);
    private static final Function SEEN;
    private static final Function MASKED;

    static {
        CodePages pages = CodePages.seal(ARENA, List.of(emit(false), emit(true)));
        SEEN = pages.function(0);
        MASKED = pages.function(1);
    }

    private QueryPanelCode() { }

    /// See `Tiles.weigh`. Reads and writes `count` rows of scores, four of the state and `size` of sums.
    ///
    /// @param count at least 1
    /// @param size at least 1
    static void weigh(long scores, int count, int position, boolean masked, long state, long sums, int size) {
        Function function = masked ? MASKED : SEEN;
        int bits = Float.floatToRawIntBits(position);
        for (int side = 0; side < PANEL_BYTES; side += VECTOR) {
            function.call(scores + side, count, bits, state + side, sums + side, size);
        }
    }

    private static byte[] emit(boolean masked) {
        var a = new Assembler();
        CONSTANTS.load(a);
        a.op(VMOVUPS, LARGEST, at(RCX));
        a.op(VMOVUPS, DECAY, LARGEST);
        if (masked) {
            a.op(VPBROADCASTD_GPR, POSITION, RDX);
            CONSTANTS.fill(a, HIDDEN, Float.NEGATIVE_INFINITY);
        }
        findLargest(a, masked);
        a.op(VMOVUPS, at(RCX), LARGEST);
        a.op(VSUBPS, DECAY, DECAY, LARGEST);
        ExpCode.emitBounded(a, CONSTANTS, DECAY, zmm(1), zmm(2));

        a.op(VPXORD, TOTAL, TOTAL, TOTAL);
        a.mov(RAX, RDI);
        a.mov(R11, RSI);
        Label weights = a.here();
        a.op(VMOVUPS, zmm(0), at(RAX));
        a.op(VSUBPS, zmm(0), zmm(0), LARGEST);
        ExpCode.emitBounded(a, CONSTANTS, zmm(0), zmm(1), zmm(2));
        a.op(VADDPS, TOTAL, TOTAL, zmm(0));
        a.op(VMOVUPS, at(RAX), zmm(0));
        a.add(RAX, PANEL_BYTES);
        a.dec(R11);
        a.jump(Condition.NOT_EQUAL, weights);

        a.op(VMOVUPS, zmm(0), at(RCX, PANEL_BYTES));
        a.op(VFMADD213PS, zmm(0), DECAY, TOTAL);
        a.op(VMOVUPS, at(RCX, PANEL_BYTES), zmm(0));
        Label sums = a.here();
        a.op(VMULPS, zmm(0), DECAY, at(R8));
        a.op(VMOVUPS, at(R8), zmm(0));
        a.add(R8, PANEL_BYTES);
        a.dec(R9);
        a.jump(Condition.NOT_EQUAL, sums);
        a.op(VZEROUPPER);
        a.ret();
        return a.toBytes();
    }

    /// Raises LARGEST to the largest score; scores of hidden positions become -∞. A NaN does not count: where an
    /// operand is NaN, VMAXPS answers its last.
    private static void findLargest(Assembler a, boolean masked) {
        a.mov(RAX, RDI);
        a.mov(R11, RSI);
        Label loop = a.here();
        a.op(VMOVUPS, zmm(0), at(RAX));
        if (masked) {
            a.op(VCMPPS, Mask.K1, POSITION, at(RCX, 2 * PANEL_BYTES), LESS);
            a.op(VMOVUPS, zmm(0).under(Mask.K1), HIDDEN);
            a.op(VMOVUPS, zmm(1), at(RCX, 3 * PANEL_BYTES));
            a.op(VCMPPS, Mask.K1, zmm(1), POSITION, LESS);
            a.op(VMOVUPS, zmm(0).under(Mask.K1), HIDDEN);
            a.op(VMOVUPS, at(RAX), zmm(0));
            a.op(VADDPS, POSITION, POSITION, CONSTANTS.of(1f));
        }
        a.op(VMAXPS, LARGEST, zmm(0), LARGEST);
        a.add(RAX, PANEL_BYTES);
        a.dec(R11);
        a.jump(Condition.NOT_EQUAL, loop);
    }
}
