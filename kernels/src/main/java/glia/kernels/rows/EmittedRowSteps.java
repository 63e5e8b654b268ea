package glia.kernels.rows;

import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;
import static glia.kernels.asm.Operand.Vec.xmm;

import glia.kernels.asm.Operand.Vec;
import glia.kernels.code.CodePages.Function;
import glia.kernels.code.CodePages;
import glia.kernels.code.Constants;
import glia.kernels.code.Emitter;
import glia.kernels.code.IsaLevel.PerIsaLevel;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.Lanes;
import glia.kernels.code.MaskedLoop;
import glia.kernels.gradient.RowSteps.NormFactors;
import glia.kernels.gradient.RowSteps;
import glia.kernels.rows.Logits.LogitCode;
import glia.kernels.rows.Pointwise.PointwiseCode;
import glia.tensor.Memory;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.GradientKernels.AdamStep;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// The inner loops of row-wise gradients in machine code.
public final class EmittedRowSteps implements RowSteps {
    private final IsaLevel level;
    /// A sum, with padding; then the factors of a step of Adam.
    private final MemorySegment sum = Arena.ofAuto().allocate(16 + AdamCode.FACTOR_BYTES, 64);

    public EmittedRowSteps(IsaLevel level) {
        this.level = level;
    }

    @Override
    public double sum(long x, int count) {
        GradientCode.CODES.of(level).total(x, count, sum.address());
        return sum.get(Memory.F64, 0);
    }

    @Override
    public void normSums(long x, long dy, long w, int count, long factors) {
        GradientCode.CODES.of(level).normSums(x, dy, w, count, factors);
    }

    @Override
    public void normGradient(long dx, long dw, long dy, long x, long w, int count, long factors) {
        Memory.i64(factors + NormFactors.WEIGHT_GRADIENT, dw);
        GradientCode.CODES.of(level).normGradient(dx, dy, x, w, count, factors);
    }

    @Override
    public void add(long y, long x, int count) {
        PointwiseCode.CODES.of(level).add(y, y, x, count, 1);
    }

    @Override
    public void activation(Activation f, long dx, long dy, long x, int count) {
        DerivativeCode.CODES.of(level).activation(f, dx, dy, x, count);
    }

    @Override
    public void gated(Activation f, long dgate, long dup, long dy, long gate, long up, int count) {
        DerivativeCode.CODES.of(level).gated(f, dgate, dup, dy, gate, up, count);
    }

    @Override
    public float largest(long x, int count) {
        return LogitCode.CODES.of(level).largest(x, count);
    }

    @Override
    public double exponentials(long x, int count, float shift) {
        return LogitCode.CODES.of(level).sumOfExponentials(x, count, shift);
    }

    @Override
    public double products(long x, int count, float shift) {
        GradientCode.CODES.of(level).products(x, count, shift, sum.address());
        return sum.get(Memory.F64, 0);
    }

    @Override
    public void softmaxGradients(long y, long x, int count, float shift, float a, float b, boolean add) {
        GradientCode.CODES.of(level).softmaxGradients(y, x, count, shift, a, b, add);
    }

    @Override
    public double sumOfSquares(long x, int count) {
        AdamCode.CODES.of(level).sumOfSquares(x, count, sum.address());
        return sum.get(Memory.F64, 0);
    }

    @Override
    public void roundToBf16(long x, int count) {
        RoundCode.CODES.of(level).round(x, count);
    }

    @Override
    public void adam(long w, long m, long v, long g, int count, AdamStep step) {
        AdamCode.CODES.of(level).step(w, m, v, g, count, sum.address() + 16, step);
    }

    /// Emits the rounding of F32 to BF16 values in place, half to even: `bits + 0x7fff + (bit 16)`, then the lower 16
    /// bits are cleared. A product with 1 makes NaN quiet; the magnitude is at most that of a quiet NaN without
    /// payload, so that the sum does not overflow.
    static final class RoundCode {
        private static final int QUIET_NAN = 0x7fc0_0000;

        static final PerIsaLevel<RoundCode> CODES = new PerIsaLevel<>(RoundCode::new);

        private final IsaLevel level;
        private final Constants constants;
        private final Function round;

        private RoundCode(IsaLevel level) {
            this.level = level;
            Arena arena = Arena.ofAuto();
            constants = new Constants(arena, R11, level);
            round = CodePages.seal(arena, List.of(emit())).function(0);
        }

        /// See `RowSteps`.
        void round(long x, int count) {
            round.call(x, 0, 0, count, 0, 0);
        }

        /// x RDI.
        private byte[] emit() {
            var emitter = new Emitter(level);
            constants.load(emitter);
            Vec one = emitter.v(3);
            constants.fill(emitter, one, 1);
            MaskedLoop.emit(emitter, level.lanes, 4, R10, (a, at, copy, mask) -> {
                Vec x = a.v(0);
                Vec sign = a.v(1);
                Vec odd = a.v(2);
                a.load(x, at(RDI, RAX, 1, at), mask);
                a.op(VMULPS, x, x, one);
                a.and(sign, x, constants.of(1 << 31));
                a.and(x, x, constants.of(Integer.MAX_VALUE));
                a.op(VPMINSD, x, x, constants.of(QUIET_NAN));
                a.op(VPSRLD, odd, x, 16);
                a.and(odd, odd, constants.of(1));
                a.op(VPADDD, x, x, constants.of(0x7fff));
                a.op(VPADDD, x, x, odd);
                a.and(x, x, constants.of(0xffff_0000));
                a.or(x, x, sign);
                a.store(at(RDI, RAX, 1, at), x, mask);
            });
            return emitter.end();
        }
    }

    /// Emits the inner loops of an optimizer: steps of Adam and sums of squares.
    static final class AdamCode {
        private static final int NUM_FACTORS = 10;
        /// Size of the memory for the factors of a step.
        static final int FACTOR_BYTES = 4 * NUM_FACTORS;

        static final PerIsaLevel<AdamCode> CODES = new PerIsaLevel<>(AdamCode::new);

        private final IsaLevel level;
        private final Function step;
        private final Function squares;

        private AdamCode(IsaLevel level) {
            this.level = level;
            CodePages pages = CodePages.seal(Arena.ofAuto(), List.of(emitStep(), emitSquares()));
            step = pages.function(0);
            squares = pages.function(1);
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
}
