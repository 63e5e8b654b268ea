package glia.tensor.kernel.emitted;

import static glia.tensor.asm.Gpr.R8;
import static glia.tensor.asm.Gpr.R9;
import static glia.tensor.asm.Gpr.RAX;
import static glia.tensor.asm.Gpr.RCX;
import static glia.tensor.asm.Gpr.RDI;
import static glia.tensor.asm.Gpr.RDX;
import static glia.tensor.asm.Gpr.RSI;
import static glia.tensor.asm.Mem.at;
import static glia.tensor.asm.Op.VADDPS;
import static glia.tensor.asm.Op.VFMADD231PS;
import static glia.tensor.asm.Op.VMOVUPS;
import static glia.tensor.asm.Op.VMULPS;
import static glia.tensor.asm.Op.VPERM2F128;
import static glia.tensor.asm.Op.VSHUFF32X4;
import static glia.tensor.asm.Op.VSHUFPS;
import static glia.tensor.asm.Op.VUNPCKHPS;
import static glia.tensor.asm.Op.VUNPCKLPS;

import glia.tensor.asm.Condition;
import glia.tensor.asm.Label;
import glia.tensor.asm.Mask;
import glia.tensor.asm.Vec;

/// Dot products of up to `rows` rows with one vector: `y[r] = scale · Σ_k w[r,k] · x[k]`. Each row has a register of
/// sums; at the end the registers are added up together, turned into one vector of results.
final class DotsCode {
    private static final PerLevel<DotsCode> CODES = new PerLevel<>(DotsCode::new);

    private final Level level;
    private final Function[] dots;

    private DotsCode(Level level) {
        this.level = level;
        dots = CodePages.ofSizes(rows(level), this::emit);
    }

    static DotsCode of(Level level) {
        return CODES.of(level);
    }

    /// Rows that are multiplied together: the lanes of a vector.
    static int rows(Level level) {
        return level.lanes;
    }

    /// Multiplies `rows` rows of `count` numbers, which lie `rowBytes` apart, with x; writes `rows` numbers.
    ///
    /// @param rows 1 to `rows`
    /// @param count at least 1
    /// @param scale the address of the factor
    void dots(int rows, long y, long w, long rowBytes, long x, int count, long scale) {
        dots[rows].call(y, w, rowBytes, x, count, scale);
    }

    private byte[] emit(int rows) {
        var a = new Emitter(level);
        Vec x = a.v(level.lanes);
        Vec w = a.v(level.lanes + 1);
        Label rest = new Label();
        Label end = new Label();
        for (int r = 0; r < rows; r++) {
            a.zero(a.v(r));
        }
        a.cmp(R8, level.lanes);
        a.jump(Condition.BELOW, rest);
        Label loop = a.here();
        a.op(VMOVUPS, x, at(RCX));
        a.mov(RAX, RSI);
        for (int r = 0; r < rows; r++) {
            a.op(VFMADD231PS, a.v(r), x, at(RAX));
            if (r < rows - 1) {
                a.add(RAX, RDX);
            }
        }
        a.add(RSI, level.bytes);
        a.add(RCX, level.bytes);
        a.sub(R8, level.lanes);
        a.cmp(R8, level.lanes);
        a.jump(Condition.ABOVE_OR_EQUAL, loop);
        a.bind(rest);
        a.test(R8, R8);
        a.jump(Condition.EQUAL, end);
        // K1: as many lanes as numbers are left, 2^n - 1 by doubling.
        a.mov(RAX, 0);
        Label doubled = a.here();
        a.lea(RAX, at(RAX, RAX, 1, 1));
        a.dec(R8);
        a.jump(Condition.NOT_EQUAL, doubled);
        a.mask(Mask.K1, RAX, RAX);
        a.load(x, at(RCX), Mask.K1);
        for (int r = 0; r < rows; r++) {
            a.load(w, at(RSI), Mask.K1);
            a.op(VFMADD231PS, a.v(r), x, w);
            a.add(RSI, RDX);
        }
        a.bind(end);
        sum(a, rows);
        a.op(VMULPS, a.v(0), a.v(0), a.spread(at(R9), x));
        a.mov(RAX, (1 << rows) - 1);
        a.mask(Mask.K1, RAX, RAX);
        a.store(at(RDI), a.v(0), Mask.K1);
        return a.end();
    }

    /// Adds up the lanes of registers 0 to `rows - 1` into the lanes of register 0, one a row, by halves.
    private void sum(Emitter a, int rows) {
        Vec left = a.v(level.lanes);
        Vec right = a.v(level.lanes + 1);
        for (int r = rows; r < level.lanes; r++) {
            a.zero(a.v(r));
        }
        // Within 128 bits: two rows to a register, then four.
        for (int r = 0; r < rows; r += 2) {
            a.op(VUNPCKLPS, left, a.v(r), a.v(r + 1));
            a.op(VUNPCKHPS, right, a.v(r), a.v(r + 1));
            a.op(VADDPS, a.v(r), left, right);
        }
        for (int r = 0; r < rows; r += 4) {
            a.op(VSHUFPS, left, a.v(r), a.v(r + 2), 0x44);
            a.op(VSHUFPS, right, a.v(r), a.v(r + 2), 0xee);
            a.op(VADDPS, a.v(r), left, right);
        }
        if (!a.isWide()) {
            a.op(VPERM2F128, left, a.v(0), a.v(4), 0x20);
            a.op(VPERM2F128, right, a.v(0), a.v(4), 0x31);
            a.op(VADDPS, a.v(0), left, right);
            return;
        }
        // Across them: eight rows, then sixteen.
        for (int distance = 4; distance <= 8; distance *= 2) {
            for (int r = 0; r < (distance == 4 ? rows : 1); r += 8) {
                a.op(VSHUFF32X4, left, a.v(r), a.v(r + distance), 0x88);
                a.op(VSHUFF32X4, right, a.v(r), a.v(r + distance), 0xdd);
                a.op(VADDPS, a.v(r), left, right);
            }
        }
    }
}
