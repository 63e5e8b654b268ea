package glia.kernels.tiles;

import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;
import static glia.kernels.asm.Op.*;

import glia.kernels.asm.Assembler.Condition;
import glia.kernels.asm.Assembler.Label;
import glia.kernels.asm.Operand.Vec;
import glia.kernels.code.CodePages.CodeOnDemand;
import glia.kernels.code.Emitter;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.IsaLevel.PerIsaLevel;
import glia.kernels.tiled.Prefetch;
import glia.kernels.tiled.Tiles;
import glia.tensor.Memory;
import java.lang.foreign.Arena;

/// Emits `WeightedSumCode` for several groups of heads together, with AVX-512 and the same bits: a row, which holds the
/// values of one group after the other, is read once from end to end. A small head's sums alone are too few to keep
/// the processor's multipliers busy.
final class GroupSumCode {
    /// Size of the memory for a call's parameters, in bytes.
    static final int PARAMETER_BYTES = 24;

    /// Bytes from one head's weights to the next.
    static final int WEIGHTS_ROW = 256;

    private static final int STATE = 8;
    private static final int LINES = 16;
    /// Registers for sums.
    private static final int MAX_SUMS = 24;
    static final PerIsaLevel<GroupSumCode> CODES = new PerIsaLevel<>(GroupSumCode::new);

    private final IsaLevel level;
    private final CodeOnDemand sum;

    private GroupSumCode(IsaLevel level) {
        this.level = level;
        sum = new CodeOnDemand(Arena.ofAuto(), number(MAX_SUMS, MAX_SUMS, MAX_SUMS) + 1, this::emit);
    }

    /// The most groups of `heads` heads of `size` values that are summed together; 0 if there is no code for them.
    static int groups(IsaLevel level, int heads, int size, long weightsRow) {
        return !level.isWide() || size % level.lanes != 0 || weightsRow != WEIGHTS_ROW ? 0
                : MAX_SUMS / (heads * (size / level.lanes));
    }

    private static int number(int groups, int heads, int vectors) {
        return (groups * (MAX_SUMS + 1) + heads) * (MAX_SUMS + 1) + vectors;
    }

    /// Reads `count` rows, `rowBytes` apart, and as many weights of each head; updates `size` consecutive sums of each.
    ///
    /// @param groups 1 to `groups`
    /// @param state the state of the heads, with their decays (see `Tiles.weights`)
    /// @param weights those of each head, `WEIGHTS_ROW` bytes apart
    /// @param ahead memory to prefetch
    /// @param parameters memory of `PARAMETER_BYTES`
    void sum(int groups, long sums, int heads, int size, long state, long rows, long rowBytes, long weights, int count,
            Prefetch ahead, long parameters) {
        int vectors = size / level.lanes;
        Memory.i64(parameters, ahead.address());
        Memory.i64(parameters + STATE, state);
        Memory.i64(parameters + LINES, PrefetchCode.lines(level, groups * vectors, 1, 1));
        sum.of(number(groups, heads, vectors)).call(sums, rows, rowBytes, weights, count, parameters);
    }

    private byte[] emit(int number) {
        int vectors = number % (MAX_SUMS + 1);
        int heads = number / (MAX_SUMS + 1) % (MAX_SUMS + 1);
        int groups = number / (MAX_SUMS + 1) / (MAX_SUMS + 1);
        int sums = groups * heads * vectors;
        var a = new Emitter(level);
        a.push(RBX);
        a.push(RBP);
        a.mov(RBX, at(R9));
        a.mov(RBP, at(RBX));
        for (int i = 0; i < sums; i++) {
            a.zero(a.v(i));
        }
        Label loop = a.here();
        for (int i = 0; i < groups * vectors; i++) {
            Vec row = a.v(sums + i % (level.registers - sums));
            a.op(VMOVUPS, row, at(RSI, i * level.bytes));
            for (int h = 0; h < heads; h++) {
                int head = i / vectors * heads + h;
                a.op(VFMADD231PS, a.v(head * vectors + i % vectors), row, at(RCX, head * WEIGHTS_ROW).toAll());
            }
        }
        PrefetchCode.emit(a, RBP, RBX, at(R9, LINES));
        a.add(RSI, RDX);
        a.add(RCX, Float.BYTES);
        a.dec(R8);
        a.jump(Condition.NOT_EQUAL, loop);
        a.mov(R10, at(R9, STATE));
        Vec before = a.v(sums);
        for (int i = 0; i < sums; i++) {
            int decay = i / vectors * Tiles.STATE_BYTES + Tiles.DECAY;
            a.op(VMOVUPS, before, at(RDI, i * level.bytes));
            a.op(VMULPS, before, before, at(R10, decay).toAll());
            a.op(VADDPS, before, before, a.v(i));
            a.op(VMOVUPS, at(RDI, i * level.bytes), before);
        }
        a.mov(at(RBX), RBP);
        a.pop(RBP);
        a.pop(RBX);
        return a.end();
    }
}
