package glia.kernels.tiles;

import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.*;
import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;

import glia.kernels.asm.Assembler.Condition;
import glia.kernels.asm.Assembler.Label;
import glia.kernels.code.CodePages.CodeOnDemand;
import glia.kernels.code.Emitter;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.IsaLevel.PerIsaLevel;
import glia.kernels.tiled.Prefetch;
import glia.kernels.tiled.Tiles;
import glia.tensor.Memory;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.stream.IntStream;

/// Emits attention's weighted sum of values, `sums[h] = decay[h] · sums[h] + Σ_j weights[h,j] · rows[j]`, for heads
/// that share the values. The sums of up to `maxHeads` heads and a range of columns stay in registers. The previous
/// sums are added at the end, as in tiles (`TileCode`), so that both have the same bits.
public final class WeightedSumCode {
    /// Size of the memory for a call's parameters, in bytes.
    public static final int PARAMETER_BYTES = 48;

    private static final int SUMS_ROW = 8;
    private static final int WEIGHTS_ROW = 16;
    private static final int STATE = 24;
    private static final int LINES = 32;
    private static final int AHEAD = 40;
    private static final int MAX_HEADS = 4;
    private static final List<PerIsaLevel<WeightedSumCode>> CODES = IntStream.rangeClosed(1, MAX_HEADS)
            .mapToObj(heads -> new PerIsaLevel<>(level -> new WeightedSumCode(level, heads))).toList();

    private final IsaLevel level;
    private final int heads;
    private final int maxVectors;
    private final CodeOnDemand sum;

    private WeightedSumCode(IsaLevel level, int heads) {
        this.level = level;
        this.heads = heads;
        maxVectors = heads <= maxHeads(level) / 2 ? 8 : 4;
        sum = new CodeOnDemand(Arena.ofAuto(), maxVectors + 1, this::emit);
    }

    private static int maxHeads(IsaLevel level) {
        return level.isWide() ? MAX_HEADS : 2;
    }

    /// Reads `count` rows of `size` values, `rowBytes` apart, and as many weights of each head; updates `size`
    /// consecutive sums of each head.
    ///
    /// @param heads at least 1
    /// @param state the state of the heads, with their decays (see `Tiles.weights`)
    /// @param weightsRow bytes from one head's weights to the next
    /// @param count at least 1
    /// @param ahead memory to prefetch
    /// @param parameters memory of `PARAMETER_BYTES`
    public static void sum(IsaLevel level, long sums, int heads, int size, long state, long rows, long rowBytes,
            long weights,
            long weightsRow, int count, Prefetch ahead, long parameters) {
        Memory.i64(parameters + AHEAD, ahead.address());
        Memory.i64(parameters + SUMS_ROW, 4L * size);
        Memory.i64(parameters + WEIGHTS_ROW, weightsRow);
        int most = maxHeads(level);
        for (int h = 0; h < heads; h += most) {
            Memory.i64(parameters + STATE, state + h * Tiles.STATE_BYTES);
            CODES.get(Math.min(most, heads - h) - 1).of(level)
                    .sum(sums + 4L * h * size, heads, size, rows, rowBytes, weights + h * weightsRow, count,
                            parameters);
        }
    }

    private void sum(long sums, int all, int size, long rows, long rowBytes, long weights, int count, long parameters) {
        int stretch = maxVectors * level.lanes;
        for (int i = 0; i < size; i += stretch) {
            int part = Math.min(stretch, size - i);
            int vectors = Math.ceilDiv(part, level.lanes);
            Memory.i64(parameters + LINES, PrefetchCode.lines(level, vectors, heads, all));
            Memory.i32(parameters, (1 << level.lanes) - 1 >>> level.lanes * vectors - part);
            sum.of(vectors).call(sums + 4L * i, rows + 4L * i, rowBytes, weights, count, parameters);
        }
    }

    private byte[] emit(int vectors) {
        var a = new Emitter(level);
        Vec factor = a.v(heads * vectors);
        a.push(RBX);
        a.push(RBP);
        a.mov(RBX, at(R9, AHEAD));
        a.mov(RBP, at(RBX));
        a.mov32(RAX, at(R9));
        a.mask(Mask.K1, RAX, RAX);
        for (int i = 0; i < heads * vectors; i++) {
            a.zero(a.v(i));
        }
        a.mov(R10, at(R9, WEIGHTS_ROW));
        a.lea(R11, at(R10, R10, 2, 0));
        Label loop = a.here();
        for (int h = 0; h < heads; h++) {
            a.op(VBROADCASTSS, factor, h == 0 ? at(RCX) : h == 3 ? at(RCX, R11, 1, 0) : at(RCX, R10, h, 0));
            for (int i = 0; i < vectors; i++) {
                if (h == 0) {
                    a.load(row(i, vectors), at(RSI, i * level.bytes), mask(i, vectors));
                }
                a.op(VFMADD231PS, sum(h, i, vectors), factor, row(i, vectors));
            }
        }
        PrefetchCode.emit(a, RBP, RBX, at(R9, LINES));
        a.add(RSI, RDX);
        a.add(RCX, 4);
        a.dec(R8);
        a.jump(Condition.NOT_EQUAL, loop);
        a.mov(R10, at(R9, STATE));
        for (int h = 0; h < heads; h++) {
            a.op(VBROADCASTSS, factor, at(R10, h * Tiles.STATE_BYTES + Tiles.DECAY));
            for (int i = 0; i < vectors; i++) {
                Vec before = row(0, vectors);
                a.load(before, at(RDI, i * level.bytes), mask(i, vectors));
                a.op(VMULPS, before, before, factor);
                a.op(VADDPS, before, before, sum(h, i, vectors));
                a.store(at(RDI, i * level.bytes), before, mask(i, vectors));
            }
            a.add(RDI, at(R9, SUMS_ROW));
        }
        a.mov(at(RBX), RBP);
        a.pop(RBP);
        a.pop(RBX);
        return a.end();
    }

    private Vec sum(int head, int i, int vectors) {
        return level.v(head * vectors + i);
    }

    /// A single head needs each vector of a row once, so one register serves all.
    private Vec row(int i, int vectors) {
        return level.v(heads * vectors + 1 + (heads == 1 ? 0 : i));
    }

    private static Mask mask(int i, int vectors) {
        return i == vectors - 1 ? Mask.K1 : Mask.K0;
    }
}
