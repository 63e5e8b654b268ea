package glia.kernels.rows;

import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;
import static glia.kernels.asm.Op.*;

import glia.kernels.asm.Operand.Vec;
import glia.kernels.code.CodePages;
import glia.kernels.code.Constants;
import glia.kernels.code.Emitter;
import glia.kernels.code.Function;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.MaskedLoop;
import glia.kernels.code.PerIsaLevel;
import java.lang.foreign.Arena;
import java.util.List;

/// Emits the rounding of F32 to BF16 values in place, half to even: `bits + 0x7fff + (bit 16)`, then the lower 16 bits
/// are cleared. A product with 1 makes NaN quiet; the magnitude is at most that of a quiet NaN without payload, so that
/// the sum does not overflow.
final class RoundCode {
    private static final int QUIET_NAN = 0x7fc0_0000;

    private static final PerIsaLevel<RoundCode> CODES = new PerIsaLevel<>(RoundCode::new);

    private final IsaLevel level;
    private final Constants constants;
    private final Function round;

    private RoundCode(IsaLevel level) {
        this.level = level;
        Arena arena = Arena.ofAuto();
        constants = new Constants(arena, R11, level);
        round = CodePages.seal(arena, List.of(emit())).function(0);
    }

    static RoundCode of(IsaLevel level) {
        return CODES.of(level);
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
