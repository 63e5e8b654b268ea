package glia.kernels.rows;

import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;
import static glia.kernels.asm.Operand.Vec.xmm;

import glia.kernels.asm.Assembler.Condition;
import glia.kernels.asm.Assembler.Label;
import glia.kernels.asm.Operand.Vec;
import glia.kernels.code.CodePages.Function;
import glia.kernels.code.CodePages;
import glia.kernels.code.Constants;
import glia.kernels.code.Emitter;
import glia.kernels.code.IsaLevel.PerIsaLevel;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.Lanes;
import glia.kernels.code.MaskedLoop;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.util.List;

/// Norms of rows, by `NormCode`. Each call checks that all operands are F32 and that x and y are whole rows of w's
/// length.
public final class Norms extends RangeTask {
    /// Number of values in a call, which takes a few µs, unless a row has more.
    private static final int MAX_PER_CALL = 16_384;

    private final IsaLevel level;
    private long y;
    private long x;
    private long w;
    private long b;
    private int cols;
    private float eps;
    private float offset;
    private boolean centered;

    public Norms(Workers workers, IsaLevel level) {
        super(workers);
        this.level = level;
    }

    /// Computes `y = x / √(mean(x²) + eps) · (w + offset)` for each row of w's length; y may be x.
    public void rms(Tensor y, Tensor x, Tensor w, float eps, float offset) {
        run(y, x, w, null, eps, offset, false);
    }

    /// Computes `y = (x - mean) / √(var + eps) · w + b`; b may be null, y may be x.
    public void layer(Tensor y, Tensor x, Tensor w, Tensor b, float eps) {
        if (b != null && (b.dtype() != DType.F32 || b.size() != w.size())) {
            throw new IllegalArgumentException("a bias " + b + " for a weight " + w);
        }
        run(y, x, w, b, eps, 0, true);
    }

    private void run(Tensor y, Tensor x, Tensor w, Tensor b, float eps, float offset, boolean centered) {
        if (y.dtype() != DType.F32 || x.dtype() != DType.F32 || w.dtype() != DType.F32) {
            throw new IllegalArgumentException(y + ", " + x + " and " + w + " are not all F32");
        }
        if (y.size() != x.size() || w.size() < 1 || w.size() > Integer.MAX_VALUE || x.size() % w.size() != 0) {
            throw new IllegalArgumentException(x + " by rows of " + w + " to " + y);
        }
        this.y = y.address();
        this.x = x.address();
        this.w = w.address();
        this.b = b == null ? 0 : b.address();
        this.eps = eps;
        this.offset = offset;
        this.centered = centered;
        cols = (int) w.size();
        distribute(Math.toIntExact(x.size() / cols), cols);
    }

    @Override
    protected void range(int from, int to, int worker) {
        int step = Math.max(1, MAX_PER_CALL / cols);
        for (int row = from; row < to; row += step) {
            int rows = Math.min(step, to - row);
            long start = 4L * row * cols;
            if (centered) {
                NormCode.CODES.of(level).layer(y + start, x + start, w, b, rows, cols, eps);
            } else {
                NormCode.CODES.of(level).rms(y + start, x + start, w, rows, cols, eps, offset);
            }
        }
    }

    /// Emits RMS norm (https://arxiv.org/abs/1910.07467) and layer norm (https://arxiv.org/abs/1607.06450) of rows,
    /// computed as in the scalar backend: sums, mean and factor in F64. The results differ from its results only by the
    /// order of F64 additions, which rarely shows in F32.
    static final class NormCode {
        private static final int SUMS = 4;
        private static final int VALUE = 4;
        /// Registers with the same value throughout a row, or throughout the call.
        private static final int FACTOR = 5;
        private static final int MEAN = 6;
        private static final int COLS = 7;
        private static final int EPS = 8;
        private static final int OFFSET = 9;
        private static final int ONE = 10;

        static final PerIsaLevel<NormCode> CODES = new PerIsaLevel<>(NormCode::new);

        private final IsaLevel level;
        private final Arena arena = Arena.ofAuto();
        private final Constants constants;
        private final Function rms;
        private final PerIsaLevel<Layer> layer;

        /// Separate, since few models use it.
        private record Layer(Function withoutBias, Function withBias) { }

        private NormCode(IsaLevel level) {
            this.level = level;
            constants = new Constants(arena, R11, level);
            rms = CodePages.seal(arena, List.of(emit(false, false))).function(0);
            layer = new PerIsaLevel<>(_ -> {
                CodePages pages = CodePages.seal(arena, List.of(emit(true, false), emit(true, true)));
                return new Layer(pages.function(0), pages.function(1));
            });
        }

        /// Computes `y = x · factor · (w + offset)` for `rows` rows of `cols` values, at least 1 of each.
        void rms(long y, long x, long w, int rows, int cols, float eps, float offset) {
            rms.call(y, x, w, 0, pair(rows, cols), pair(Float.floatToRawIntBits(offset), Float.floatToRawIntBits(eps)));
        }

        /// Computes `y = (x - mean) · factor · w + b`.
        ///
        /// @param b 0 for none
        void layer(long y, long x, long w, long b, int rows, int cols, float eps) {
            Function function = b == 0 ? layer.of(level).withoutBias : layer.of(level).withBias;
            function.call(y, x, w, b, pair(rows, cols), pair(0, Float.floatToRawIntBits(eps)));
        }

        private static long pair(int high, int low) {
            return (long) high << 32 | low & 0xffffffffL;
        }

        private byte[] emit(boolean centered, boolean biased) {
            var a = new Emitter(level);
            constants.load(a);
            constants.fill(a, xmm(VALUE), 1);
            a.op(VCVTPS2PD, xmm(ONE), xmm(VALUE));
            a.op(VMOVD, xmm(VALUE), R9);
            a.op(VCVTPS2PD, xmm(EPS), xmm(VALUE));
            a.shr(R9, 32);
            a.op(VMOVD, xmm(VALUE), R9);
            a.op(VBROADCASTSS, a.v(OFFSET), xmm(VALUE));
            a.op(VMOVD, xmm(VALUE), R8);
            a.op(VCVTDQ2PD, xmm(COLS), xmm(VALUE));
            // From here on: y RDI, x RSI, w RDX, b R9, rows R10, cols R8.
            a.mov(R9, RCX);
            a.mov(R10, R8);
            a.shr(R10, 32);
            a.mov32(R8, R8);
            Label row = a.here();
            if (centered) {
                sum(a, false, false);
                a.op(VDIVPD, xmm(MEAN), xmm(0), xmm(COLS));
                a.op(VBROADCASTSD, a.v(MEAN), xmm(MEAN));
            }
            sum(a, true, centered);
            a.op(VDIVPD, xmm(0), xmm(0), xmm(COLS));
            a.op(VADDPD, xmm(0), xmm(0), xmm(EPS));
            a.op(VSQRTPD, xmm(0), xmm(0));
            a.op(VDIVPD, xmm(0), xmm(ONE), xmm(0));
            if (centered) {
                a.op(VBROADCASTSD, a.v(FACTOR), xmm(0));
                applyCentered(a, biased);
            } else {
                a.op(VCVTPD2PS, xmm(0), xmm(0));
                a.op(VBROADCASTSS, a.v(FACTOR), xmm(0));
                apply(a);
            }
            a.lea(RSI, at(RSI, R8, 4, 0));
            a.lea(RDI, at(RDI, R8, 4, 0));
            a.dec(R10);
            a.jump(Condition.NOT_EQUAL, row);
            return a.end();
        }

        /// Computes `Σ x`, or `Σ (x - mean)²`, in register 0.
        private static void sum(Emitter emitter, boolean squared, boolean centered) {
            for (int i = 0; i < SUMS; i++) {
                emitter.zero(emitter.v(i));
            }
            emitter.mov(RCX, R8);
            MaskedLoop.emit(emitter, emitter.lanes() / 2, SUMS, R11, (a, at, copy, mask) -> {
                Vec value = a.v(VALUE);
                a.loadDoubles(value, at(RSI, RAX, 1, at), mask);
                if (centered) {
                    a.op(VSUBPD, value, value, a.v(MEAN));
                    a.keepDoubles(value, mask);
                }
                if (squared) {
                    a.op(VFMADD231PD, a.v(copy), value, value);
                } else {
                    a.op(VADDPD, a.v(copy), a.v(copy), value);
                }
            });
            Lanes.merge(emitter, VADDPD, 0, SUMS);
            Lanes.reduce(emitter, VADDPD, 0, 1, 8);
        }

        private static void apply(Emitter emitter) {
            emitter.mov(RCX, R8);
            MaskedLoop.emit(emitter, emitter.lanes(), 4, R11, (a, at, copy, mask) -> {
                a.load(a.v(1), at(RDX, RAX, 1, at), mask);
                a.op(VADDPS, a.v(1), a.v(1), a.v(OFFSET));
                a.load(a.v(0), at(RSI, RAX, 1, at), mask);
                a.op(VMULPS, a.v(0), a.v(0), a.v(FACTOR));
                a.op(VMULPS, a.v(0), a.v(0), a.v(1));
                a.store(at(RDI, RAX, 1, at), a.v(0), mask);
            });
        }

        private static void applyCentered(Emitter emitter, boolean biased) {
            emitter.mov(RCX, R8);
            MaskedLoop.emit(emitter, emitter.lanes() / 2, 4, R11, (a, at, copy, mask) -> {
                a.loadDoubles(a.v(0), at(RSI, RAX, 1, at), mask);
                a.op(VSUBPD, a.v(0), a.v(0), a.v(MEAN));
                a.op(VMULPD, a.v(0), a.v(0), a.v(FACTOR));
                a.op(VCVTPD2PS, a.half(0), a.v(0));
                a.load(a.half(1), at(RDX, RAX, 1, at), mask);
                a.op(VMULPS, a.half(0), a.half(0), a.half(1));
                if (biased) {
                    a.load(a.half(1), at(R9, RAX, 1, at), mask);
                    a.op(VADDPS, a.half(0), a.half(0), a.half(1));
                }
                a.store(at(RDI, RAX, 1, at), a.half(0), mask);
            });
        }
    }
}
