package glia.kernels.rows;

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
import glia.kernels.code.MaskedLoop;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Positions;
import glia.tensor.kernel.RangeTask;
import glia.tensor.kernel.RopeRows;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.util.List;

/// Rotary position embedding in place, by `RotateCode`, for several tokens at a time. Each call checks that x is F32,
/// has a row for each token, and consists of whole heads that hold all pairs. The rows of angles are computed first.
public final class Rotation extends RangeTask {
    /// Number of values in a call, which takes a few µs, unless a token has more.
    private static final int MAX_PER_CALL = 16_384;

    private final IsaLevel level;
    private final RopeRows rows = new RopeRows();
    private RopeTable.Layout layout;
    private long x;
    private int cols;
    private int headSize;
    private long angles;
    private int numPairs;
    private float sign;

    public Rotation(Workers workers, IsaLevel level) {
        super(workers);
        this.level = level;
    }

    /// @param sign 1 forward, -1 for the inverse rotation
    public void run(Tensor x, int headSize, RopeTable table, Positions positions, float sign) {
        if (x.dtype() != DType.F32 || x.rows() != positions.numTokens() || headSize < 1 || x.cols() % headSize != 0
                || 2L * table.numPairs() > headSize) {
            throw new IllegalArgumentException(x + " by heads of " + headSize + " with " + table.numPairs()
                    + " pairs, for " + positions.numTokens() + " tokens");
        }
        layout = table.layout();
        this.x = x.address();
        this.headSize = headSize;
        this.sign = sign;
        cols = x.cols();
        angles = rows.of(table, positions);
        numPairs = table.numPairs();
        distribute(numPairs == 0 || cols == 0 ? 0 : x.rows(), cols);
    }

    @Override
    protected void range(int from, int to, int worker) {
        int most = Math.max(1, MAX_PER_CALL / cols);
        for (int n = from; n < to;) {
            int tokens = Math.min(most, to - n);
            RotateCode.CODES.of(level).rotate(layout, x + 4L * n * cols, tokens, cols / headSize, headSize,
                    angles + 8L * n * numPairs, numPairs, sign);
            n += tokens;
        }
    }

    /// Emits rotary position embedding in place (https://arxiv.org/abs/2104.09864): pair (a, b) at the angle t becomes
    /// `(a·cos t - b·sin t, b·cos t + a·sin t)`, with the bits of the scalar backend.
    static final class RotateCode {
        private static final Gpr[] KEPT = {RBX, R12, R13, R14};
        private static final int COS = 0;
        private static final int SIN = 1;

        static final PerIsaLevel<RotateCode> CODES = new PerIsaLevel<>(RotateCode::new);

        private final IsaLevel level;
        private final Constants constants;
        private final Function split;
        private final Function interleaved;
        private final Vec cos;
        private final Vec sin;
        private final Vec a;
        private final Vec b;
        private final Vec t;
        private final Vec u;
        /// The sign of all sines, or -sign and sign alternating.
        private final Vec sign;
        /// Each of the lower lanes twice.
        private final Vec twice;

        private RotateCode(IsaLevel level) {
            this.level = level;
            cos = level.v(COS);
            sin = level.v(SIN);
            a = level.v(2);
            b = level.v(3);
            t = level.v(4);
            u = level.v(5);
            sign = level.v(6);
            twice = level.v(7);
            Arena arena = Arena.ofAuto();
            constants = new Constants(arena, R11, level);
            CodePages pages = CodePages.seal(arena, List.of(split(), interleaved()));
            split = pages.function(0);
            interleaved = pages.function(1);
        }

        /// Rotates `tokens` tokens at consecutive positions, each of `heads` heads.
        ///
        /// @param x the address of the first token
        /// @param tokens at least 1, as are heads and pairs
        /// @param headSize at least `2 · numPairs`
        /// @param angles the first token's row of the table: `numPairs` cosines, then as many sines
        void rotate(RopeTable.Layout layout, long x, int tokens, int heads, int headSize, long angles, int numPairs,
                float direction) {
            (layout == RopeTable.Layout.HALF_SPLIT ? split : interleaved).call(x, (long) tokens << 32 | heads,
                    4L * headSize, angles, numPairs, Float.floatToRawIntBits(direction));
        }

        private byte[] split() {
            return emit(false, level.lanes, (e, at, copy, mask) -> {
                e.load(cos, at(R9, RAX, 1, at), mask);
                e.load(sin, at(R12, RAX, 1, at), mask);
                e.op(VMULPS, sin, sin, sign);
                e.load(a, at(RDI, RAX, 1, at), mask);
                e.load(b, at(RBX, RAX, 1, at), mask);
                e.op(VMULPS, t, a, cos);
                e.op(VMULPS, u, b, sin);
                e.op(VSUBPS, t, t, u);
                e.store(at(RDI, RAX, 1, at), t, mask);
                e.op(VMULPS, t, b, cos);
                e.op(VMULPS, u, a, sin);
                e.op(VADDPS, t, t, u);
                e.store(at(RBX, RAX, 1, at), t, mask);
            });
        }

        private byte[] interleaved() {
            return emit(true, level.lanes / 2, (e, at, copy, mask) -> {
                Mask pairs = Mask.K0;
                if (mask != Mask.K0) {
                    pairs = Mask.K2;
                    MaskedLoop.maskOf(e, pairs, R13, 2);
                }
                e.load(e.half(COS), at(R9, RAX, 1, at), mask);
                e.load(e.half(SIN), at(R12, RAX, 1, at), mask);
                e.op(VPERMPS, cos, twice, cos);
                e.op(VPERMPS, sin, twice, sin);
                e.op(VMULPS, sin, sin, sign);
                e.load(a, at(RDI, RAX, 2, 2 * at), pairs);
                e.op(VPSHUFD, b, a, 0xb1);
                e.op(VMULPS, a, a, cos);
                e.op(VMULPS, b, b, sin);
                e.op(VADDPS, a, a, b);
                e.store(at(RDI, RAX, 2, 2 * at), a, pairs);
            });
        }

        /// Emits the loops over tokens and heads around the loop over pairs. RDI is the head, RBX its second half, R9
        /// the cosines, R12 the sines, R8 the number of pairs.
        private byte[] emit(boolean interleaved, int lanes, MaskedLoop.Body pairs) {
            var e = new Emitter(level);
            for (Gpr register : KEPT) {
                e.push(register);
            }
            e.broadcast(sign, R9);
            if (interleaved) {
                constants.load(e);
                int[] signs = new int[level.lanes];
                int[] pair = new int[level.lanes];
                for (int i = 0; i < level.lanes; i++) {
                    signs[i] = Float.floatToRawIntBits(i % 2 == 0 ? -1 : 1);
                    pair[i] = i / 2;
                }
                e.op(VMULPS, sign, sign, constants.vector(signs));
                e.op(VMOVUPS, twice, constants.vector(pair));
            }
            e.mov(R9, RCX);
            e.mov(R10, RSI);
            e.shr(R10, 32);
            e.mov32(RSI, RSI);
            Label token = e.here();
            e.lea(R12, at(R9, R8, 4, 0));
            e.mov(R14, RSI);
            Label head = e.here();
            e.lea(RBX, at(RDI, R8, 4, 0));
            e.mov(RCX, R8);
            MaskedLoop.emit(e, lanes, 1, R13, pairs);
            e.add(RDI, RDX);
            e.dec(R14);
            e.jump(Condition.NOT_EQUAL, head);
            e.lea(R9, at(R12, R8, 4, 0));
            e.dec(R10);
            e.jump(Condition.NOT_EQUAL, token);
            for (int i = KEPT.length - 1; i >= 0; i--) {
                e.pop(KEPT[i]);
            }
            return e.end();
        }
    }
}
