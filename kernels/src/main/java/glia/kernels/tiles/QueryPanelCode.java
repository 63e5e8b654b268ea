package glia.kernels.tiles;

import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.*;
import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;

import glia.kernels.asm.Assembler.Condition;
import glia.kernels.asm.Assembler.Label;
import glia.kernels.code.CodePages.Function;
import glia.kernels.code.CodePages;
import glia.kernels.code.Constants;
import glia.kernels.code.Emitter;
import glia.kernels.code.IsaLevel.PerIsaLevel;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.MathCode.ExpCode;
import glia.kernels.tiles.TileCode.TileShape;
import java.lang.foreign.Arena;
import java.util.List;

/// Emits the online softmax for a panel of queries, and its gradient (`Tiles.differentiate`): converts scores into
/// weights, a vector of queries at a time (see `Tiles.weigh`).
/// ```
/// for each position:  largest' = max(largest', score), if visible to the query
/// decay       = e^(largest - largest')
/// for each position:  weight = e^(score - largest')
/// denominator = decay · denominator + Σ weights
/// sums        = decay · sums
/// ```
final class QueryPanelCode {
    private static final int LESS = 1;
    static final PerIsaLevel<QueryPanelCode> CODES = new PerIsaLevel<>(QueryPanelCode::new);

    private final IsaLevel level;
    private final Constants constants;
    private final int panelBytes;
    private final Vec largest;
    private final Vec decay;
    private final Vec total;
    private final Vec position;
    private final Vec hidden;
    private final Function seen;
    private final Function masked;
    private final Function differentiate;

    private QueryPanelCode(IsaLevel level) {
        this.level = level;
        panelBytes = TileShape.TALL.panelBytes(level);
        largest = level.v(3);
        decay = level.v(4);
        total = level.v(5);
        position = level.v(6);
        hidden = level.v(7);
        Arena arena = Arena.ofAuto();
        constants = new Constants(arena, R10, level);
        CodePages pages = CodePages.seal(arena, List.of(emit(false), emit(true), emitDifferentiate()));
        seen = pages.function(0);
        masked = pages.function(1);
        differentiate = pages.function(2);
    }

    /// See `Tiles.weigh`. Reads and writes `count` rows of scores, four of the state and `size` of sums.
    ///
    /// @param count at least 1
    /// @param size at least 1
    void weigh(long scores, int count, int first, boolean hides, long state, long sums, int size) {
        Function function = hides ? masked : seen;
        int bits = Float.floatToRawIntBits(first);
        for (int side = 0; side < panelBytes; side += level.bytes) {
            function.call(scores + side, count, bits, state + side, sums + side, size);
        }
    }

    /// See `Tiles.differentiate`.
    ///
    /// @param count at least 1
    void differentiate(long d, long p, int count, long shift) {
        for (int side = 0; side < panelBytes; side += level.bytes) {
            differentiate.call(d + side, p + side, count, shift + side, 0, 0);
        }
    }

    private byte[] emitDifferentiate() {
        var a = new Emitter(level);
        Vec shift = a.v(1);
        a.op(VMOVUPS, shift, at(RCX));
        Label row = a.here();
        a.op(VMOVUPS, a.v(0), at(RDI));
        a.op(VSUBPS, a.v(0), a.v(0), shift);
        a.op(VMULPS, a.v(0), a.v(0), at(RSI));
        a.op(VMOVUPS, at(RDI), a.v(0));
        a.add(RDI, panelBytes);
        a.add(RSI, panelBytes);
        a.dec(RDX);
        a.jump(Condition.NOT_EQUAL, row);
        return a.end();
    }

    private byte[] emit(boolean hides) {
        var a = new Emitter(level);
        constants.load(a);
        a.op(VMOVUPS, largest, at(RCX));
        a.op(VMOVUPS, decay, largest);
        if (hides) {
            a.broadcast(position, RDX);
            constants.fill(a, hidden, Float.NEGATIVE_INFINITY);
        }
        findLargest(a, hides);
        a.op(VMOVUPS, at(RCX), largest);
        a.op(VSUBPS, decay, decay, largest);
        ExpCode.emitBounded(a, constants, decay, a.v(1), a.v(2));

        a.zero(total);
        a.mov(RAX, RDI);
        a.mov(R11, RSI);
        Label weights = a.here();
        a.op(VMOVUPS, a.v(0), at(RAX));
        a.op(VSUBPS, a.v(0), a.v(0), largest);
        ExpCode.emitBounded(a, constants, a.v(0), a.v(1), a.v(2));
        a.op(VADDPS, total, total, a.v(0));
        a.op(VMOVUPS, at(RAX), a.v(0));
        a.add(RAX, panelBytes);
        a.dec(R11);
        a.jump(Condition.NOT_EQUAL, weights);

        a.op(VMOVUPS, a.v(0), at(RCX, panelBytes));
        a.op(VFMADD213PS, a.v(0), decay, total);
        a.op(VMOVUPS, at(RCX, panelBytes), a.v(0));
        Label sums = a.here();
        a.op(VMULPS, a.v(0), decay, at(R8));
        a.op(VMOVUPS, at(R8), a.v(0));
        a.add(R8, panelBytes);
        a.dec(R9);
        a.jump(Condition.NOT_EQUAL, sums);
        return a.end();
    }

    /// Raises `largest` to the largest score; scores of hidden positions become -∞. A NaN is ignored: if an operand is
    /// NaN, VMAXPS returns its last.
    private void findLargest(Emitter a, boolean hides) {
        a.mov(RAX, RDI);
        a.mov(R11, RSI);
        Label loop = a.here();
        a.op(VMOVUPS, a.v(0), at(RAX));
        if (hides) {
            a.compare(Mask.K1, position, at(RCX, 2 * panelBytes), LESS);
            a.blend(a.v(0), Mask.K1, hidden);
            a.op(VMOVUPS, a.v(1), at(RCX, 3 * panelBytes));
            a.compare(Mask.K1, a.v(1), position, LESS);
            a.blend(a.v(0), Mask.K1, hidden);
            a.op(VMOVUPS, at(RAX), a.v(0));
            a.op(VADDPS, position, position, constants.of(1f));
        }
        a.op(VMAXPS, largest, a.v(0), largest);
        a.add(RAX, panelBytes);
        a.dec(R11);
        a.jump(Condition.NOT_EQUAL, loop);
    }
}
