package glia.tensor.kernel.emitted;

import static glia.tensor.asm.Gpr.R10;
import static glia.tensor.asm.Gpr.R11;
import static glia.tensor.asm.Gpr.RAX;
import static glia.tensor.asm.Gpr.RCX;
import static glia.tensor.asm.Gpr.RDI;
import static glia.tensor.asm.Gpr.RDX;
import static glia.tensor.asm.Gpr.RSI;
import static glia.tensor.asm.Mem.at;
import static glia.tensor.asm.Op.VADDPS;
import static glia.tensor.asm.Op.VBROADCASTSS;
import static glia.tensor.asm.Op.VFMADD213PS;
import static glia.tensor.asm.Op.VMAXPS;
import static glia.tensor.asm.Op.VMOVD_TO;
import static glia.tensor.asm.Op.VMOVUPS;
import static glia.tensor.asm.Op.VPXORD;
import static glia.tensor.asm.Op.VSHUFF32X4;
import static glia.tensor.asm.Op.VSHUFPS;
import static glia.tensor.asm.Op.VSUBPS;
import static glia.tensor.asm.Op.VZEROUPPER;
import static glia.tensor.asm.Vec.xmm;
import static glia.tensor.asm.Vec.zmm;

import glia.tensor.Memory;
import glia.tensor.asm.Assembler;
import glia.tensor.asm.Condition;
import glia.tensor.asm.Label;
import glia.tensor.asm.Op;
import glia.tensor.asm.Vec;
import java.lang.foreign.Arena;
import java.util.List;

/// Attention of one query: turns its scores into weights, as `QueryPanelCode` does for many (see `Tiles.weights`).
final class QueryRowCode {
    private static final int VECTOR = 64;
    private static final Vec LARGEST = zmm(16);
    private static final Vec DECAY = zmm(17);
    private static final Vec TOTAL = zmm(18);

    private static final Arena ARENA = Arena.ofAuto();
    private static final Constants CONSTANTS = new Constants(ARENA, R10);
    private static final Function WEIGHTS = CodePages.seal(ARENA, List.of(emit())).function(0);

    private QueryRowCode() { }

    /// See `Tiles.weights`. Reads and writes whole vectors of scores.
    ///
    /// @param count at least 1
    static float weights(long scores, int count, long largest, long denominator) {
        int vectors = (count + 15) / 16;
        for (int j = count; j < 16 * vectors; j++) {
            Memory.f32(scores + 4L * j, Float.NEGATIVE_INFINITY);
        }
        return Float.intBitsToFloat((int) WEIGHTS.call(scores, vectors, largest, denominator, 0, 0));
    }

    private static byte[] emit() {
        var a = new Assembler();
        CONSTANTS.load(a);
        a.op(VBROADCASTSS, LARGEST, at(RDX));
        a.op(VMOVUPS, DECAY, LARGEST);
        a.mov(RAX, RDI);
        a.mov(R11, RSI);
        Label largest = a.here();
        a.op(VMOVUPS, zmm(0), at(RAX));
        a.op(VMAXPS, LARGEST, zmm(0), LARGEST);
        a.add(RAX, VECTOR);
        a.dec(R11);
        a.jump(Condition.NOT_EQUAL, largest);
        acrossLanes(a, VMAXPS, LARGEST);
        a.op(VMOVD_TO, at(RDX), LARGEST.as(16));
        a.op(VSUBPS, DECAY, DECAY, LARGEST);
        ExpCode.emitBounded(a, CONSTANTS, DECAY, zmm(1), zmm(2));

        a.op(VPXORD, TOTAL, TOTAL, TOTAL);
        Label weights = a.here();
        a.op(VMOVUPS, zmm(0), at(RDI));
        a.op(VSUBPS, zmm(0), zmm(0), LARGEST);
        ExpCode.emitBounded(a, CONSTANTS, zmm(0), zmm(1), zmm(2));
        a.op(VADDPS, TOTAL, TOTAL, zmm(0));
        a.op(VMOVUPS, at(RDI), zmm(0));
        a.add(RDI, VECTOR);
        a.dec(RSI);
        a.jump(Condition.NOT_EQUAL, weights);
        acrossLanes(a, VADDPS, TOTAL);
        a.op(VBROADCASTSS, zmm(0), at(RCX));
        a.op(VFMADD213PS, zmm(0), DECAY, TOTAL);
        a.op(VMOVD_TO, at(RCX), xmm(0));
        a.op(VMOVD_TO, RAX, DECAY.as(16));
        a.op(VZEROUPPER);
        a.ret();
        return a.toBytes();
    }

    /// Combines all lanes of a register by halves, with the result in each.
    private static void acrossLanes(Assembler a, Op op, Vec v) {
        a.op(VSHUFF32X4, zmm(0), v, v, 0x4e);
        a.op(op, v, v, zmm(0));
        a.op(VSHUFF32X4, zmm(0), v, v, 0xb1);
        a.op(op, v, v, zmm(0));
        a.op(VSHUFPS, zmm(0), v, v, 0x4e);
        a.op(op, v, v, zmm(0));
        a.op(VSHUFPS, zmm(0), v, v, 0xb1);
        a.op(op, v, v, zmm(0));
    }
}
