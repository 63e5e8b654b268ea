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
import static glia.tensor.asm.Op.VSUBPS;
import static glia.tensor.asm.Vec.xmm;

import glia.tensor.Memory;
import glia.tensor.asm.Condition;
import glia.tensor.asm.Label;
import glia.tensor.asm.Vec;
import java.lang.foreign.Arena;
import java.util.List;

/// Attention of one query: turns its scores into weights, as `QueryPanelCode` does for many (see `Tiles.weights`).
final class QueryRowCode {
    private static final PerLevel<QueryRowCode> CODES = new PerLevel<>(QueryRowCode::new);

    private final Level level;
    private final Constants constants;
    private final Function weights;
    private final Vec largest;
    private final Vec decay;
    private final Vec total;

    private QueryRowCode(Level level) {
        this.level = level;
        largest = level.v(3);
        decay = level.v(4);
        total = level.v(5);
        Arena arena = Arena.ofAuto();
        constants = new Constants(arena, R10, level);
        weights = CodePages.seal(arena, List.of(emit())).function(0);
    }

    static QueryRowCode of(Level level) {
        return CODES.of(level);
    }

    /// See `Tiles.weights`. Reads and writes whole vectors of scores.
    ///
    /// @param count at least 1
    /// @param most the address of the largest score so far
    float weights(long scores, int count, long most, long denominator) {
        int vectors = Math.ceilDiv(count, level.lanes);
        for (int j = count; j < level.lanes * vectors; j++) {
            Memory.f32(scores + 4L * j, Float.NEGATIVE_INFINITY);
        }
        return Float.intBitsToFloat((int) weights.call(scores, vectors, most, denominator, 0, 0));
    }

    private byte[] emit() {
        var a = new Emitter(level);
        constants.load(a);
        a.op(VBROADCASTSS, largest, at(RDX));
        a.op(VMOVUPS, decay, largest);
        a.mov(RAX, RDI);
        a.mov(R11, RSI);
        Label find = a.here();
        a.op(VMOVUPS, a.v(0), at(RAX));
        a.op(VMAXPS, largest, a.v(0), largest);
        a.add(RAX, level.bytes);
        a.dec(R11);
        a.jump(Condition.NOT_EQUAL, find);
        Lanes.across(a, VMAXPS, largest, a.v(0), 4);
        a.op(VMOVD_TO, at(RDX), largest.as(16));
        a.op(VSUBPS, decay, decay, largest);
        ExpCode.emitBounded(a, constants, decay, a.v(1), a.v(2));

        a.zero(total);
        Label weights = a.here();
        a.op(VMOVUPS, a.v(0), at(RDI));
        a.op(VSUBPS, a.v(0), a.v(0), largest);
        ExpCode.emitBounded(a, constants, a.v(0), a.v(1), a.v(2));
        a.op(VADDPS, total, total, a.v(0));
        a.op(VMOVUPS, at(RDI), a.v(0));
        a.add(RDI, level.bytes);
        a.dec(RSI);
        a.jump(Condition.NOT_EQUAL, weights);
        Lanes.across(a, VADDPS, total, a.v(0), 4);
        a.op(VBROADCASTSS, a.v(0), at(RCX));
        a.op(VFMADD213PS, a.v(0), decay, total);
        a.op(VMOVD_TO, at(RCX), xmm(0));
        a.op(VMOVD_TO, RAX, decay.as(16));
        return a.end();
    }
}
