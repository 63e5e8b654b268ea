package glia.kernels.tiles;

import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.*;
import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;
import static glia.kernels.asm.Operand.Vec.xmm;

import glia.kernels.asm.Assembler.Condition;
import glia.kernels.asm.Assembler.Label;
import glia.kernels.code.CodePages;
import glia.kernels.code.Constants;
import glia.kernels.code.Emitter;
import glia.kernels.code.MathCode.ExpCode;
import glia.kernels.code.CodePages.Function;
import glia.kernels.code.Lanes;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.IsaLevel.PerIsaLevel;
import glia.kernels.tiled.Tiles;
import java.lang.foreign.Arena;
import java.util.List;

/// Emits the online softmax for single queries: converts their scores into weights, as `QueryPanelCode` does for many
/// (see `Tiles.weights`).
public final class QueryRowCode {
    public static final PerIsaLevel<QueryRowCode> CODES = new PerIsaLevel<>(QueryRowCode::new);

    private final IsaLevel level;
    private final Constants constants;
    private final Function weights;
    private final Function weightsInOrder;
    private final Vec largest;
    private final Vec decay;
    private final Vec total;

    private QueryRowCode(IsaLevel level) {
        this.level = level;
        largest = level.v(3);
        decay = level.v(4);
        total = level.v(5);
        Arena arena = Arena.ofAuto();
        constants = new Constants(arena, R10, level);
        CodePages pages = CodePages.seal(arena, List.of(emit(false), emit(true)));
        weights = pages.function(0);
        weightsInOrder = pages.function(1);
    }

    /// See `Tiles.weights`. Reads and writes whole vectors of scores.
    ///
    /// @param heads at least 1
    /// @param count scores of a head, at least 1
    /// @param inOrder whether weights are added one by one, in the order of `QueryPanelCode`
    public void weights(long scores, long rowBytes, int heads, int count, long state, boolean inOrder) {
        int vectors = Math.ceilDiv(count, level.lanes);
        int beyond = level.lanes * vectors - count;
        int hidden = (1 << beyond) - 1 << level.lanes - beyond;
        (inOrder ? weightsInOrder : weights).call(scores, vectors, state, rowBytes, heads, hidden);
    }

    /// RDI: a head's scores, RSI: vectors of them, RDX: its state, RCX: bytes from head to head, R8: heads left, R9:
    /// unused lanes of the last vector. Two loops over the heads: the first finds the largest scores, the second
    /// converts. With shorter loops the processor overlaps the reductions of more heads.
    private byte[] emit(boolean inOrder) {
        var a = new Emitter(level);
        constants.load(a);
        a.mask(Mask.K1, R9, RAX);
        a.push(RDI);
        a.push(RDX);
        a.push(R8);
        Label head = a.here();
        findLargest(a);
        next(a, head);
        a.pop(R8);
        a.pop(RDX);
        a.pop(RDI);
        head = a.here();
        convert(a, inOrder);
        next(a, head);
        return a.end();
    }

    private static void next(Emitter a, Label head) {
        a.add(RDX, Tiles.STATE_BYTES);
        a.add(RDI, RCX);
        a.dec(R8);
        a.jump(Condition.NOT_EQUAL, head);
    }

    /// Updates the largest score; the place of the decay gets the difference of the largest scores before and after.
    private void findLargest(Emitter a) {
        hideRest(a);
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
        a.op(VMOVD_TO, at(RDX, Tiles.DECAY), decay.as(16));
    }

    /// Converts scores to weights and updates the denominator.
    private void convert(Emitter a, boolean inOrder) {
        a.op(VBROADCASTSS, largest, at(RDX));
        a.op(VBROADCASTSS, decay, at(RDX, Tiles.DECAY));
        ExpCode.emitBounded(a, constants, decay, a.v(1), a.v(2));
        a.zero(total);
        a.mov(RAX, RDI);
        a.mov(R11, RSI);
        Label weights = a.here();
        a.op(VMOVUPS, a.v(0), at(RAX));
        a.op(VSUBPS, a.v(0), a.v(0), largest);
        ExpCode.emitBounded(a, constants, a.v(0), a.v(1), a.v(2));
        a.op(VMOVUPS, at(RAX), a.v(0));
        if (inOrder) {
            for (int lane = 0; lane < level.lanes; lane++) {
                a.op(VBROADCASTSS, a.v(1), at(RAX, Float.BYTES * lane));
                a.op(VADDPS, total, total, a.v(1));
            }
        } else {
            a.op(VADDPS, total, total, a.v(0));
        }
        a.add(RAX, level.bytes);
        a.dec(R11);
        a.jump(Condition.NOT_EQUAL, weights);
        if (!inOrder) {
            Lanes.across(a, VADDPS, total, a.v(0), 4);
        }
        a.op(VBROADCASTSS, a.v(0), at(RDX, Tiles.DENOMINATOR));
        a.op(VFMADD213PS, a.v(0), decay, total);
        a.op(VMOVD_TO, at(RDX, Tiles.DENOMINATOR), xmm(0));
        a.op(VMOVD_TO, at(RDX, Tiles.DECAY), decay.as(16));
    }

    /// Sets the lanes of the last vector beyond the scores to -∞.
    private void hideRest(Emitter a) {
        a.mov(RAX, RSI);
        a.shl(RAX, Integer.numberOfTrailingZeros(level.bytes));
        a.add(RAX, RDI);
        a.op(VMOVUPS, a.v(0), at(RAX, -level.bytes));
        constants.fill(a, a.v(1), Float.NEGATIVE_INFINITY);
        a.blend(a.v(0), Mask.K1, a.v(1));
        a.op(VMOVUPS, at(RAX, -level.bytes), a.v(0));
    }
}
