package glia.tensor.kernel.emitted;

import static glia.tensor.asm.Gpr.R8;
import static glia.tensor.asm.Gpr.R9;
import static glia.tensor.asm.Gpr.RAX;
import static glia.tensor.asm.Gpr.RCX;
import static glia.tensor.asm.Gpr.RDI;
import static glia.tensor.asm.Gpr.RDX;
import static glia.tensor.asm.Gpr.RSI;
import static glia.tensor.asm.Mem.at;
import static glia.tensor.asm.Op.KMOVW;
import static glia.tensor.asm.Op.VBROADCASTSS;
import static glia.tensor.asm.Op.VFMADD231PS;
import static glia.tensor.asm.Op.VMOVUPS;
import static glia.tensor.asm.Op.VMULPS;
import static glia.tensor.asm.Op.VZEROUPPER;
import static glia.tensor.asm.Vec.zmm;

import glia.tensor.Memory;
import glia.tensor.asm.Assembler;
import glia.tensor.asm.Condition;
import glia.tensor.asm.Label;
import glia.tensor.asm.Mask;

/// `sums = decay · sums + Σ_j weights[j] · rows[j]`: what attention does with values. The sums of up to `SIZE` numbers
/// stay in registers; longer rows are taken in stretches.
final class WeightedSumCode {
    /// Bytes of the memory that a call needs for its parameters.
    static final int PARAMETER_BYTES = 8;

    private static final int VECTORS = 8;
    private static final int VECTOR = 64;
    private static final int SIZE = 16 * VECTORS;
    private static final Function[] SUM = CodePages.ofSizes(VECTORS, WeightedSumCode::emit);

    private WeightedSumCode() { }

    /// Reads `count` rows of `size` numbers, which lie `rowBytes` apart, and `count` weights; changes `size` sums.
    ///
    /// @param count at least 1
    /// @param parameters memory of `PARAMETER_BYTES`
    static void sum(long sums, int size, float decay, long rows, long rowBytes, long weights, int count,
            long parameters) {
        Memory.f32(parameters, decay);
        for (int i = 0; i < size; i += SIZE) {
            int part = Math.min(SIZE, size - i);
            int vectors = (part + 15) / 16;
            Memory.i32(parameters + 4, 0xffff >>> 16 * vectors - part);
            SUM[vectors].call(sums + 4L * i, rows + 4L * i, rowBytes, weights, count, parameters);
        }
    }

    private static byte[] emit(int vectors) {
        var a = new Assembler();
        int last = vectors - 1;
        a.mov32(RAX, at(R9, 4));
        a.op(KMOVW, Mask.K1, RAX);
        a.op(VBROADCASTSS, zmm(16), at(R9));
        for (int i = 0; i < vectors; i++) {
            a.op(VMOVUPS, i == last ? zmm(i).zeroUnder(Mask.K1) : zmm(i), at(RDI, i * VECTOR));
            a.op(VMULPS, zmm(i), zmm(i), zmm(16));
        }
        Label loop = a.here();
        a.op(VBROADCASTSS, zmm(16), at(RCX));
        for (int i = 0; i < last; i++) {
            a.op(VFMADD231PS, zmm(i), zmm(16), at(RSI, i * VECTOR));
        }
        a.op(VMOVUPS, zmm(17).zeroUnder(Mask.K1), at(RSI, last * VECTOR));
        a.op(VFMADD231PS, zmm(last), zmm(16), zmm(17));
        a.add(RSI, RDX);
        a.add(RCX, 4);
        a.dec(R8);
        a.jump(Condition.NOT_EQUAL, loop);
        for (int i = 0; i < last; i++) {
            a.op(VMOVUPS, at(RDI, i * VECTOR), zmm(i));
        }
        a.op(VMOVUPS, at(RDI, last * VECTOR).under(Mask.K1), zmm(last));
        a.op(VZEROUPPER);
        a.ret();
        return a.toBytes();
    }
}
