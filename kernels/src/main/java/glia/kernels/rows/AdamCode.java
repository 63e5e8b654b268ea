package glia.kernels.rows;

import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;
import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.Vec.xmm;

import glia.kernels.asm.Operand.Vec;
import glia.kernels.code.CodePages;
import glia.kernels.code.Emitter;
import glia.kernels.code.Function;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.Lanes;
import glia.kernels.code.MaskedLoop;
import glia.kernels.code.PerIsaLevel;
import glia.tensor.Memory;
import glia.tensor.kernel.AdamStep;
import java.lang.foreign.Arena;
import java.util.List;

/// Emits the inner loops of an optimizer: steps of Adam and sums of squares.
final class AdamCode {
    private static final int NUM_FACTORS = 10;
    /// Size of the memory for the factors of a step.
    static final int FACTOR_BYTES = 4 * NUM_FACTORS;

    private static final PerIsaLevel<AdamCode> CODES = new PerIsaLevel<>(AdamCode::new);

    private final IsaLevel level;
    private final Function step;
    private final Function squares;

    private AdamCode(IsaLevel level) {
        this.level = level;
        CodePages pages = CodePages.seal(Arena.ofAuto(), List.of(emitStep(), emitSquares()));
        step = pages.function(0);
        squares = pages.function(1);
    }

    static AdamCode of(IsaLevel level) {
        return CODES.of(level);
    }

    /// See `RowSteps`.
    ///
    /// @param factors an address of `FACTOR_BYTES`, to be overwritten
    void step(long w, long m, long v, long g, int count, long factors, AdamStep s) {
        Memory.f32(factors, s.gradientScale());
        Memory.f32(factors + 4, s.decay());
        Memory.f32(factors + 8, s.keep1());
        Memory.f32(factors + 12, s.add1());
        Memory.f32(factors + 16, s.keep2());
        Memory.f32(factors + 20, s.add2());
        Memory.f32(factors + 24, s.rate());
        Memory.f32(factors + 28, s.root());
        Memory.f32(factors + 32, s.epsilon());
        Memory.f32(factors + 36, s.keepWeight());
        step.call(w, m, v, count, g, factors);
    }

    /// Writes `Σ x²` to the F64 value at `to`; the eight bytes behind it are overwritten too.
    void sumOfSquares(long x, int count, long to) {
        squares.call(x, to, 0, count, 0, 0);
    }

    /// w RDI, m RSI, v RDX, g R8, factors R9.
    private byte[] emitStep() {
        var emitter = new Emitter(level);
        Vec w = emitter.v(0);
        Vec g = emitter.v(1);
        Vec m = emitter.v(2);
        Vec v = emitter.v(3);
        Vec t = emitter.v(4);
        Vec[] f = new Vec[NUM_FACTORS];
        for (int i = 0; i < NUM_FACTORS; i++) {
            f[i] = emitter.v(5 + i);
            emitter.op(VBROADCASTSS, f[i], at(R9, 4 * i));
        }
        MaskedLoop.emit(emitter, level.lanes, 2, R10, (a, at, copy, mask) -> {
            a.load(w, at(RDI, RAX, 1, at), mask);
            a.load(g, at(R8, RAX, 1, at), mask);
            a.load(m, at(RSI, RAX, 1, at), mask);
            a.load(v, at(RDX, RAX, 1, at), mask);
            a.op(VMULPS, g, g, f[0]);
            a.op(VMULPS, t, w, f[1]);
            a.op(VADDPS, g, g, t);
            a.op(VMULPS, m, m, f[2]);
            a.op(VMULPS, t, g, f[3]);
            a.op(VADDPS, m, m, t);
            a.store(at(RSI, RAX, 1, at), m, mask);
            a.op(VMULPS, v, v, f[4]);
            a.op(VMULPS, t, g, f[5]);
            a.op(VMULPS, t, t, g);
            a.op(VADDPS, v, v, t);
            a.store(at(RDX, RAX, 1, at), v, mask);
            a.op(VSQRTPS, v, v);
            a.op(VMULPS, v, v, f[7]);
            a.op(VADDPS, v, v, f[8]);
            a.op(VMULPS, m, m, f[6]);
            a.op(VDIVPS, m, m, v);
            a.op(VMULPS, w, w, f[9]);
            a.op(VSUBPS, w, w, m);
            a.store(at(RDI, RAX, 1, at), w, mask);
        });
        return emitter.end();
    }

    /// x RDI, to RSI. Lanes that are not read are 0.
    private byte[] emitSquares() {
        var emitter = new Emitter(level);
        for (int i = 0; i < 4; i++) {
            emitter.zero(emitter.v(i));
        }
        MaskedLoop.emit(emitter, level.lanes / 2, 4, R10, (a, at, copy, mask) -> {
            Vec x = a.v(4 + copy);
            a.loadDoubles(x, at(RDI, RAX, 1, at), mask);
            a.op(VFMADD231PD, a.v(copy), x, x);
        });
        Lanes.merge(emitter, VADDPD, 0, 4);
        Lanes.reduce(emitter, VADDPD, 0, 4, 8);
        emitter.op(VMOVUPD, at(RSI), xmm(0));
        return emitter.end();
    }
}
