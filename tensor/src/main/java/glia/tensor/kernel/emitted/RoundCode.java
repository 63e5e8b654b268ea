package glia.tensor.kernel.emitted;

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
import static glia.tensor.asm.Op.KMOVW;
import static glia.tensor.asm.Op.KMOVW_TO;
import static glia.tensor.asm.Op.VADDPD;
import static glia.tensor.asm.Op.VBROADCASTSS;
import static glia.tensor.asm.Op.VCMPPD;
import static glia.tensor.asm.Op.VCMPPS;
import static glia.tensor.asm.Op.VCVTDQ2PD;
import static glia.tensor.asm.Op.VCVTPS2PD;
import static glia.tensor.asm.Op.VDIVPS;
import static glia.tensor.asm.Op.VEXTRACTF64X4;
import static glia.tensor.asm.Op.VFMADD231PD;
import static glia.tensor.asm.Op.VMOVD;
import static glia.tensor.asm.Op.VMOVUPS;
import static glia.tensor.asm.Op.VMULPD;
import static glia.tensor.asm.Op.VMULPS;
import static glia.tensor.asm.Op.VPANDD;
import static glia.tensor.asm.Op.VPMAXSD;
import static glia.tensor.asm.Op.VPSHUFD;
import static glia.tensor.asm.Op.VPXORD;
import static glia.tensor.asm.Op.VRNDSCALEPS;
import static glia.tensor.asm.Op.VZEROUPPER;
import static glia.tensor.asm.Vec.xmm;
import static glia.tensor.asm.Vec.ymm;
import static glia.tensor.asm.Vec.zmm;

import glia.tensor.Precision;
import glia.tensor.asm.Assembler;
import glia.tensor.asm.Condition;
import glia.tensor.asm.Label;
import glia.tensor.asm.Mask;
import java.lang.foreign.Arena;
import java.util.List;

/// Rounds blocks of 32 numbers as `Precision.FAST` says, to the same bits as the scalar set. Whether a block has
/// outliers is decided by sums in F64; only their order differs from that of the scalar set, so where the two sides of
/// the comparison lie closer together than any order could move them, the sum is done again, number by number.
final class RoundCode {
    private static final int BLOCK = Precision.BLOCK;
    private static final int NEAREST_EVEN = 8;
    private static final int ORDERED_GREATER = 30;
    private static final int NOT_EQUAL_OR_NAN = 4;
    /// The relative error of a sum of 32 squares is below 32 · 2^-53.
    private static final double DOUBT = 0x1p-46;

    private static final int LOW = 0;
    private static final int HIGH = 1;
    private static final int LARGEST = 2;
    private static final int SQUARES = 4;
    private static final int FOUND = 8;
    private static final int SCALE = 9;
    private static final int TEMPORARY = 10;
    /// Registers that hold the same for all blocks.
    private static final int COUNT = 16;
    private static final int MAGNITUDE = 17;
    private static final int BELOW = 18;
    private static final int LIMIT = 19;
    private static final int ABOVE = 20;
    private static final int ZERO = 21;

    private static final Arena ARENA = Arena.ofAuto();
    private static final Constants CONSTANTS = new Constants(ARENA, R11);
    private static final Function ROUND = CodePages.seal(ARENA, List.of(emit())).function(0);

    private RoundCode() { }

    /// `y = x`, rounded, for `rows` rows of `cols` numbers, at least 1 of each.
    static void round(long y, long x, int rows, int cols) {
        ROUND.call(y, x, rows, cols, 0, 0);
    }

    private static byte[] emit() {
        var a = new Assembler();
        CONSTANTS.load(a);
        CONSTANTS.fill(a, zmm(MAGNITUDE), Float.intBitsToFloat(Integer.MAX_VALUE));
        double limit = Precision.OUTLIER * Precision.OUTLIER;
        a.op(VMOVUPS, xmm(BELOW), CONSTANTS.doubles(limit * (1 - DOUBT)));
        a.op(VMOVUPS, xmm(LIMIT), CONSTANTS.doubles(limit));
        a.op(VMOVUPS, xmm(ABOVE), CONSTANTS.doubles(limit * (1 + DOUBT)));
        a.op(VPXORD, zmm(ZERO), zmm(ZERO), zmm(ZERO));
        // y RDI, x RSI, rows RDX, numbers left of the row RCX, cols R9.
        a.mov(R9, RCX);
        Label row = a.here();
        Label rest = new Label();
        Label rowEnd = new Label();
        a.mov(RCX, R9);
        a.mov(RAX, BLOCK);
        count(a);
        a.cmp(RCX, BLOCK);
        a.jump(Condition.LESS, rest);
        Label loop = a.here();
        block(a, false);
        a.add(RDI, 4 * BLOCK);
        a.add(RSI, 4 * BLOCK);
        a.sub(RCX, BLOCK);
        a.cmp(RCX, BLOCK);
        a.jump(Condition.GREATER_OR_EQUAL, loop);
        a.bind(rest);
        a.test(RCX, RCX);
        a.jump(Condition.EQUAL, rowEnd);
        Strip.maskOf(a, Mask.K1, RAX, 1);
        a.shr(RAX, 16);
        a.op(KMOVW, Mask.K2, RAX);
        a.mov(RAX, RCX);
        count(a);
        block(a, true);
        a.lea(RDI, at(RDI, RCX, 4, 0));
        a.lea(RSI, at(RSI, RCX, 4, 0));
        a.bind(rowEnd);
        a.dec(RDX);
        a.jump(Condition.NOT_EQUAL, row);
        a.op(VZEROUPPER);
        a.ret();
        return a.toBytes();
    }

    /// `COUNT = RAX`, as a number of 64 bits.
    private static void count(Assembler a) {
        a.op(VMOVD, xmm(TEMPORARY), RAX);
        a.op(VPSHUFD, xmm(TEMPORARY), xmm(TEMPORARY), 0);
        a.op(VCVTDQ2PD, xmm(COUNT), xmm(TEMPORARY));
    }

    /// Rounds one block.
    ///
    /// @param isShort whether only the numbers of the masks K1 and K2 exist, RCX of them; else there are 32
    private static void block(Assembler a, boolean isShort) {
        Mask lowMask = isShort ? Mask.K1 : Mask.K0;
        Mask highMask = isShort ? Mask.K2 : Mask.K0;
        Label decided = new Label();
        a.op(VMOVUPS, Strip.to(zmm(LOW), lowMask), at(RSI));
        a.op(VMOVUPS, Strip.to(zmm(HIGH), highMask), at(RSI, 64));
        largest(a);
        squares(a);
        // found = largest² · count, which is exact; K3 says whether it is above the limit, K4 whether almost.
        a.op(VCVTPS2PD, xmm(FOUND), xmm(LARGEST));
        a.op(VMULPD, xmm(FOUND), xmm(FOUND), xmm(FOUND));
        a.op(VMULPD, xmm(FOUND), xmm(FOUND), xmm(COUNT));
        a.op(VMULPD, xmm(TEMPORARY), xmm(SQUARES), xmm(ABOVE));
        a.op(VCMPPD, Mask.K3, xmm(FOUND), xmm(TEMPORARY), ORDERED_GREATER);
        a.op(VMULPD, xmm(TEMPORARY), xmm(SQUARES), xmm(BELOW));
        a.op(VCMPPD, Mask.K4, xmm(FOUND), xmm(TEMPORARY), ORDERED_GREATER);
        a.op(KMOVW_TO, RAX, Mask.K3);
        a.op(KMOVW_TO, R10, Mask.K4);
        a.cmp(RAX, R10);
        a.jump(Condition.EQUAL, decided);
        squaresInOrder(a, isShort);
        a.op(VMULPD, xmm(TEMPORARY), xmm(SQUARES), xmm(LIMIT));
        a.op(VCMPPD, Mask.K3, xmm(FOUND), xmm(TEMPORARY), ORDERED_GREATER);
        a.bind(decided);
        CONSTANTS.fill(a, xmm(TEMPORARY), Precision.STEPS);
        CONSTANTS.fill(a, xmm(TEMPORARY).under(Mask.K3), Precision.STEPS * 256);
        a.op(VDIVPS, xmm(SCALE), xmm(LARGEST), xmm(TEMPORARY));
        a.op(VBROADCASTSS, zmm(SCALE), xmm(SCALE));
        // Where the scale is 0, the results are, too.
        a.op(VCMPPS, Mask.K3, zmm(SCALE), zmm(ZERO), NOT_EQUAL_OR_NAN);
        for (int part : new int[] {LOW, HIGH}) {
            a.op(VDIVPS, zmm(part), zmm(part), zmm(SCALE));
            a.op(VRNDSCALEPS, zmm(part), zmm(part), NEAREST_EVEN);
            a.op(VMULPS, zmm(part).zeroUnder(Mask.K3), zmm(part), zmm(SCALE));
        }
        a.op(VMOVUPS, Strip.to(at(RDI), lowMask), zmm(LOW));
        a.op(VMOVUPS, Strip.to(at(RDI, 64), highMask), zmm(HIGH));
    }

    /// The largest magnitude, in all of the register's lowest lanes. Compared as whole numbers, magnitudes have the
    /// order of the numbers, with NaN above infinity.
    private static void largest(Assembler a) {
        a.op(VPANDD, zmm(LARGEST), zmm(LOW), zmm(MAGNITUDE));
        a.op(VPANDD, zmm(TEMPORARY), zmm(HIGH), zmm(MAGNITUDE));
        a.op(VPMAXSD, zmm(LARGEST), zmm(LARGEST), zmm(TEMPORARY));
        Lanes.reduce(a, VPMAXSD, LARGEST, TEMPORARY, 4);
    }

    /// `Σ x²` in the register's two lowest lanes.
    private static void squares(Assembler a) {
        for (int part : new int[] {LOW, HIGH}) {
            int sum = SQUARES + 2 * part;
            a.op(VCVTPS2PD, zmm(sum), ymm(part));
            a.op(VMULPD, zmm(sum), zmm(sum), zmm(sum));
            a.op(VEXTRACTF64X4, ymm(sum + 1), zmm(part), 1);
            a.op(VCVTPS2PD, zmm(sum + 1), ymm(sum + 1));
            a.op(VFMADD231PD, zmm(sum), zmm(sum + 1), zmm(sum + 1));
        }
        a.op(VADDPD, zmm(SQUARES), zmm(SQUARES), zmm(SQUARES + 2));
        Lanes.reduce(a, VADDPD, SQUARES, TEMPORARY, 8);
    }

    /// The same sum from the first number to the last. Squares of F32 numbers are exact in F64, so that a fused
    /// addition rounds as one that is not.
    private static void squaresInOrder(Assembler a, boolean isShort) {
        a.op(VPXORD, zmm(SQUARES), zmm(SQUARES), zmm(SQUARES));
        if (isShort) {
            a.mov(R8, RCX);
        } else {
            a.mov(R8, BLOCK);
        }
        a.mov(RAX, RSI);
        Label loop = a.here();
        a.op(VBROADCASTSS, xmm(TEMPORARY), at(RAX));
        a.op(VCVTPS2PD, xmm(TEMPORARY), xmm(TEMPORARY));
        a.op(VFMADD231PD, xmm(SQUARES), xmm(TEMPORARY), xmm(TEMPORARY));
        a.add(RAX, 4);
        a.dec(R8);
        a.jump(Condition.NOT_EQUAL, loop);
    }
}
