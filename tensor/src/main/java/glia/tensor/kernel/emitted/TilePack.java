package glia.tensor.kernel.emitted;

import static glia.tensor.asm.Condition.BELOW;
import static glia.tensor.asm.Condition.EQUAL;
import static glia.tensor.asm.Condition.NOT_EQUAL;
import static glia.tensor.asm.Gpr.R10;
import static glia.tensor.asm.Gpr.R11;
import static glia.tensor.asm.Gpr.R8;
import static glia.tensor.asm.Gpr.R9;
import static glia.tensor.asm.Gpr.RAX;
import static glia.tensor.asm.Gpr.RCX;
import static glia.tensor.asm.Gpr.RDI;
import static glia.tensor.asm.Gpr.RDX;
import static glia.tensor.asm.Gpr.RSI;
import static glia.tensor.asm.Mem.at;
import static glia.tensor.asm.Op.*;
import static glia.tensor.asm.Vec.xmm;
import static glia.tensor.asm.Vec.zmm;

import glia.tensor.Precision;
import glia.tensor.asm.Assembler;
import glia.tensor.asm.Label;
import glia.tensor.asm.Mask;
import glia.tensor.asm.Mem;
import glia.tensor.asm.Op;
import glia.tensor.asm.Vec;

/// Emits the code that rounds the activations of a tile as `Precision.FAST` says and lays them out (`TileLayout`), for
/// AVX-512. A block of 32 numbers is two vectors, one for each half:
/// ```
/// for each block, for each token:
///     largest, squares = max |x|, Σ x²          squares in F64
///     if largest² · 32 > 16 · squares:          outliers
///         q = round(x / (largest / 32512)); store (q + 128) >> 8, and the rest as a low term
///     else:
///         q = round(x / (largest / 127)); store q
/// ```
/// Arguments: the first token's row of F32, bytes from row to row, blocks in a row, memory for `mostBytes`.
///
/// Numbers equal those of `roundActivations` but for two things. Squares are added in another order, which can matter
/// only where both sides of the comparison agree to 15 digits. And blocks with a scale so small (about 1e-42) that it
/// is rounded to few bits may need more steps than there are; these stop at the last.
final class TilePack {
    private static final int MOST = Precision.STEPS * 256;
    private static final int BLOCK_BYTES = 4 * Precision.BLOCK;
    /// Comparisons: not equal or unordered; ordered; greater.
    private static final int NOT_SAME = 4;
    private static final int ORDERED = 7;
    private static final int GREATER = 30;

    // Constants.
    private static final Vec MAGNITUDE = zmm(31);
    private static final Vec MINUS_OFFSET = zmm(30);
    private static final Vec STEPS = zmm(29);
    private static final Vec OUTLIER_STEPS = zmm(28);
    private static final Vec HALF_BYTE = zmm(27);
    private static final Vec BYTE = zmm(26);

    // Variables: the halves of the block, what they are rounded to, their sums.
    private static final Vec[] X = {zmm(0), zmm(1)};
    private static final Vec[] Q = {zmm(2), zmm(3)};
    private static final Vec[] SUMS = {zmm(4), zmm(5)};
    private static final Vec LARGEST = zmm(6);
    private static final Vec SCALE = zmm(7);
    private static final Vec SQUARES = zmm(8);
    private static final Vec ALL = zmm(9);
    private static final Vec[] FREE = {zmm(10), zmm(11), zmm(12), zmm(13)};

    private final Assembler a = new Assembler();
    private final TileLayout layout;
    private final int offset;

    private TilePack(PanelFormat format, int tokens) {
        layout = format.tile(tokens);
        offset = format.offset;
    }

    /// The code for tiles of this many tokens, for weights of this format.
    static byte[] emit(PanelFormat format, int tokens) {
        return new TilePack(format, tokens).emit();
    }

    /// RDI: the block in the first token's row, R8: in the present token's, RCX: the tile's block, RAX: 4 · token,
    /// R10: the next low term, R11: low terms so far.
    private byte[] emit() {
        constant(MAGNITUDE, 0x7fffffff);
        constant(MINUS_OFFSET, -offset);
        constant(STEPS, Float.floatToRawIntBits(Precision.STEPS));
        constant(OUTLIER_STEPS, Float.floatToRawIntBits(MOST));
        constant(HALF_BYTE, 128);
        constant(BYTE, Float.floatToRawIntBits(256));
        Label block = a.here();
        a.mov(R8, RDI);
        a.mov(RAX, 0);
        a.mov(R11, 0);
        a.lea(R10, at(RCX, layout.blockBytes()));
        Label token = a.here();
        Label usual = new Label();
        Label done = new Label();
        measure();
        a.op(KORTESTW, Mask.K1, Mask.K1);
        a.jump(EQUAL, usual);
        round(OUTLIER_STEPS);
        splitAndStoreLow();
        a.jump(done);
        a.bind(usual);
        round(STEPS);
        totals();
        a.bind(done);
        storeHigh();
        a.add(R8, RSI);
        a.add(RAX, 4);
        a.cmp(RAX, 4 * layout.tokens());
        a.jump(BELOW, token);
        a.mov32(at(RCX, layout.count()), R11);
        a.mov(RCX, R10);
        a.add(RDI, BLOCK_BYTES);
        a.dec(RDX);
        a.jump(NOT_EQUAL, block);
        a.op(VZEROUPPER);
        a.ret();
        return a.toBytes();
    }

    private void constant(Vec to, int value) {
        a.mov(RAX, value);
        a.op(VPBROADCASTD_GPR, to, RAX);
    }

    /// LARGEST in all lanes; K1 = whether the block has outliers.
    private void measure() {
        for (int half = 0; half < 2; half++) {
            a.op(VMOVUPS, X[half], at(R8, 64 * half));
            a.op(VPANDD, Q[half], X[half], MAGNITUDE);
        }
        // Magnitudes have the order of their bits, NaN above all.
        a.op(VPMAXSD, LARGEST, Q[0], Q[1]);
        acrossLanes(VPMAXSD, LARGEST, 4);
        for (int quarter = 0; quarter < 4; quarter++) {
            a.op(VCVTPS2PD, FREE[quarter], at(R8, 32 * quarter));
        }
        a.op(VMULPD, SQUARES, FREE[0], FREE[0]);
        a.op(VMULPD, ALL, FREE[1], FREE[1]);
        a.op(VFMADD231PD, SQUARES, FREE[2], FREE[2]);
        a.op(VFMADD231PD, ALL, FREE[3], FREE[3]);
        a.op(VADDPD, SQUARES, SQUARES, ALL);
        acrossLanes(VADDPD, SQUARES, 8);
        a.op(VCVTPS2PD, FREE[0], LARGEST.as(32));
        a.op(VMULPD, FREE[0], FREE[0], FREE[0]);
        // 32 · largest² > 16 · squares
        a.op(VADDPD, FREE[0], FREE[0], FREE[0]);
        a.op(VCMPPD, Mask.K1, FREE[0], SQUARES, GREATER);
    }

    /// Combines all lanes of a vector, so that each has the result.
    private void acrossLanes(Op op, Vec v, int laneBytes) {
        Vec other = FREE[0];
        a.op(VSHUFI32X4, other, v, v, 0x4e);
        a.op(op, v, v, other);
        a.op(VSHUFI32X4, other, v, v, 0xb1);
        a.op(op, v, v, other);
        a.op(VPSHUFD, other, v, 0x4e);
        a.op(op, v, v, other);
        if (laneBytes == 4) {
            a.op(VPSHUFD, other, v, 0xb1);
            a.op(op, v, v, other);
        }
    }

    /// SCALE and Q for so many steps; numbers become 0 where the scale is 0 or x / SCALE is NaN.
    private void round(Vec steps) {
        a.op(VDIVPS, SCALE, LARGEST, steps);
        a.op(VPXORD, FREE[0], FREE[0], FREE[0]);
        a.op(VCMPPS, Mask.K2, SCALE, FREE[0], NOT_SAME);
        a.op(VPXORD, FREE[1], FREE[1], FREE[1]);
        a.op(VCVTPS2DQ, FREE[2], steps);
        a.op(VPSUBD, FREE[3], FREE[1], FREE[2]);
        for (int half = 0; half < 2; half++) {
            Vec quotient = FREE[half];
            a.op(VDIVPS, quotient.zeroUnder(Mask.K2), X[half], SCALE);
            a.op(VCMPPS, Mask.K3, quotient, quotient, ORDERED);
            a.op(VCVTPS2DQ, Q[half].zeroUnder(Mask.K3), quotient);
            a.op(VPMINSD, Q[half], Q[half], FREE[2]);
            a.op(VPMAXSD, Q[half], Q[half], FREE[3]);
        }
    }

    /// Q = the high terms, SCALE = their scale; the low terms are stored.
    private void splitAndStoreLow() {
        totals();
        Vec[] low = X;
        for (int half = 0; half < 2; half++) {
            a.op(VMOVDQU32, low[half], Q[half]);
            a.op(VPADDD, Q[half], Q[half], HALF_BYTE);
            a.op(VPSRAD, Q[half], Q[half], 8);
            a.op(VPSLLD, FREE[0], Q[half], 8);
            a.op(VPSUBD, low[half], low[half], FREE[0]);
            a.op(VPMOVDB, at(R10, 16 * half), low[half]);
        }
        corrections(low, at(R10, layout.lowCorrection(0)), 4);
        a.op(VMOVD_TO, at(R10, layout.lowScale()), xmm(SCALE.number()));
        a.mov(R9, RAX);
        a.shl(R9, 4);
        a.mov32(at(R10, layout.lowPlace()), R9);
        a.add(R10, layout.lowBytes());
        a.inc(R11);
        a.op(VMULPS, SCALE, SCALE, BYTE);
    }

    private void storeHigh() {
        for (int half = 0; half < 2; half++) {
            a.op(VPMOVDB, at(RCX, RAX, 8, 16 * half), Q[half]);
        }
        corrections(Q, perToken(layout.correction(0, 0)), 4 * layout.tokens());
        a.op(VMOVD_TO, perToken(layout.scale(0)), xmm(SCALE.number()));
    }

    private Mem perToken(int place) {
        return at(RCX, RAX, 1, place);
    }

    /// SUMS[0] = the sum of all lanes of both.
    private void sumOf(Vec first, Vec second) {
        a.op(VPADDD, SUMS[0], first, second);
        acrossLanes(VPADDD, SUMS[0], 4);
    }

    /// Stores `scale · sum`, of all or of each half.
    private void totals() {
        switch (layout.sums()) {
            case 1 -> {
                sumOf(Q[0], Q[1]);
                total(SUMS[0], 0);
            }
            case 2 -> {
                for (int half = 0; half < 2; half++) {
                    a.op(VMOVDQU32, SUMS[half], Q[half]);
                    acrossLanes(VPADDD, SUMS[half], 4);
                    total(SUMS[half], half);
                }
            }
            default -> { }
        }
    }

    private void total(Vec sum, int half) {
        a.op(VCVTDQ2PS, sum, sum);
        a.op(VMULPS, sum, sum, SCALE);
        a.op(VMOVD_TO, perToken(layout.sum(half, 0)), xmm(sum.number()));
    }

    /// Stores `-offset · sum`, of all or of each half.
    private void corrections(Vec[] numbers, Mem to, int apart) {
        switch (layout.corrections()) {
            case 1 -> {
                sumOf(numbers[0], numbers[1]);
                correction(SUMS[0], to);
            }
            case 2 -> {
                for (int half = 0; half < 2; half++) {
                    a.op(VMOVDQU32, SUMS[half], numbers[half]);
                    acrossLanes(VPADDD, SUMS[half], 4);
                    correction(SUMS[half], to.plus(half * apart));
                }
            }
            default -> { }
        }
    }

    private void correction(Vec sum, Mem to) {
        a.op(VPMULLD, sum, sum, MINUS_OFFSET);
        a.op(VMOVD_TO, to, xmm(sum.number()));
    }
}
