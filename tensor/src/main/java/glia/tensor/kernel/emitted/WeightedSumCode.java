package glia.tensor.kernel.emitted;

import static glia.tensor.asm.Gpr.R8;
import static glia.tensor.asm.Gpr.R9;
import static glia.tensor.asm.Gpr.RAX;
import static glia.tensor.asm.Gpr.RCX;
import static glia.tensor.asm.Gpr.RDI;
import static glia.tensor.asm.Gpr.RDX;
import static glia.tensor.asm.Gpr.RSI;
import static glia.tensor.asm.Mem.at;
import static glia.tensor.asm.Op.VBROADCASTSS;
import static glia.tensor.asm.Op.VFMADD231PS;
import static glia.tensor.asm.Op.VMULPS;

import glia.tensor.Memory;
import glia.tensor.asm.Condition;
import glia.tensor.asm.Label;
import glia.tensor.asm.Mask;
import glia.tensor.asm.Vec;

/// `sums = decay · sums + Σ_j weights[j] · rows[j]`: what attention does with values. The sums of up to `SIZE` numbers
/// stay in registers; longer rows are taken in stretches.
final class WeightedSumCode {
    /// Bytes of the memory that a call needs for its parameters.
    static final int PARAMETER_BYTES = 8;

    private static final int VECTORS = 8;
    private static final PerLevel<WeightedSumCode> CODES = new PerLevel<>(WeightedSumCode::new);

    private final Level level;
    private final Function[] sum;

    private WeightedSumCode(Level level) {
        this.level = level;
        sum = CodePages.ofSizes(VECTORS, this::emit);
    }

    static WeightedSumCode of(Level level) {
        return CODES.of(level);
    }

    /// Reads `count` rows of `size` numbers, which lie `rowBytes` apart, and `count` weights; changes `size` sums.
    ///
    /// @param count at least 1
    /// @param parameters memory of `PARAMETER_BYTES`
    void sum(long sums, int size, float decay, long rows, long rowBytes, long weights, int count, long parameters) {
        Memory.f32(parameters, decay);
        int stretch = VECTORS * level.lanes;
        for (int i = 0; i < size; i += stretch) {
            int part = Math.min(stretch, size - i);
            int vectors = Math.ceilDiv(part, level.lanes);
            Memory.i32(parameters + 4, (1 << level.lanes) - 1 >>> level.lanes * vectors - part);
            sum[vectors].call(sums + 4L * i, rows + 4L * i, rowBytes, weights, count, parameters);
        }
    }

    private byte[] emit(int vectors) {
        var a = new Emitter(level);
        Vec factor = a.v(VECTORS);
        Vec row = a.v(VECTORS + 1);
        int last = vectors - 1;
        a.mov32(RAX, at(R9, 4));
        a.mask(Mask.K1, RAX, RAX);
        a.op(VBROADCASTSS, factor, at(R9));
        for (int i = 0; i < vectors; i++) {
            a.load(a.v(i), at(RDI, i * level.bytes), i == last ? Mask.K1 : Mask.K0);
            a.op(VMULPS, a.v(i), a.v(i), factor);
        }
        Label loop = a.here();
        a.op(VBROADCASTSS, factor, at(RCX));
        for (int i = 0; i < last; i++) {
            a.op(VFMADD231PS, a.v(i), factor, at(RSI, i * level.bytes));
        }
        a.load(row, at(RSI, last * level.bytes), Mask.K1);
        a.op(VFMADD231PS, a.v(last), factor, row);
        a.add(RSI, RDX);
        a.add(RCX, 4);
        a.dec(R8);
        a.jump(Condition.NOT_EQUAL, loop);
        for (int i = 0; i < vectors; i++) {
            a.store(at(RDI, i * level.bytes), a.v(i), i == last ? Mask.K1 : Mask.K0);
        }
        return a.end();
    }
}
