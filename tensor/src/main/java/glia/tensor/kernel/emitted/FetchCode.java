package glia.tensor.kernel.emitted;

import static glia.tensor.asm.Gpr.RAX;
import static glia.tensor.asm.Gpr.RCX;
import static glia.tensor.asm.Gpr.RDI;
import static glia.tensor.asm.Gpr.RDX;
import static glia.tensor.asm.Gpr.RSI;
import static glia.tensor.asm.Mem.at;

import glia.tensor.asm.Assembler;
import glia.tensor.asm.Condition;
import glia.tensor.asm.Label;
import java.util.List;

/// Asks for rows of memory that the code after next will read, so that they come while other rows are computed with.
/// The processor fetches by itself what follows in memory, but not what lies at steps of a kilobyte.
final class FetchCode {
    private static final int LINE = 64;
    private static final PerLevel<FetchCode> CODES = new PerLevel<>(FetchCode::new);

    private final Function fetch;

    private FetchCode(Level level) {
        fetch = CodePages.seal(java.lang.foreign.Arena.ofAuto(), List.of(emit(level))).function(0);
    }

    static FetchCode of(Level level) {
        return CODES.of(level);
    }

    /// Touches nothing: addresses that do not exist do no harm.
    ///
    /// @param rows at least 1
    /// @param sizeBytes of a row, at least 1
    void fetch(long from, long step, int rows, long sizeBytes) {
        fetch.call(from, step, rows, sizeBytes, 0, 0);
    }

    private static byte[] emit(Level level) {
        var a = new Emitter(level);
        Label row = a.here();
        a.mov(RAX, 0);
        Label line = a.here();
        a.prefetch(Assembler.Cache.T0, at(RDI, RAX, 1, 0));
        a.add(RAX, LINE);
        a.cmp(RAX, RCX);
        a.jump(Condition.BELOW, line);
        a.add(RDI, RSI);
        a.dec(RDX);
        a.jump(Condition.NOT_EQUAL, row);
        return a.end();
    }
}
