package glia.kernels.decode;

import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;
import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.Vec.xmm;

import glia.kernels.asm.Assembler.Condition;
import glia.kernels.asm.Assembler.Label;
import glia.kernels.asm.Operand;
import glia.kernels.asm.Operand.Vec;
import glia.kernels.code.CodePages.CodeOnDemand;
import glia.kernels.code.Constants;
import glia.kernels.code.Emitter;
import glia.kernels.code.CodePages.Function;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.IsaLevel.PerIsaLevel;
import glia.tensor.DType;
import java.lang.foreign.Arena;

/// Emits decoding of stored values to F32, with the bits of `Decode`: F16 and BF16, ggml's formats with a scale for
/// each 32 values (see `Blocks32` for the layouts), and by `Decode256Code` those with blocks of 256. It reads only the
/// blocks to be decoded.
public final class DecodeCode {
    /// Maximal number of values in a call, which takes a few µs.
    private static final int MAX_PER_CALL = 8192;
    private static final int BLOCK = 32;

    static final PerIsaLevel<DecodeCode> CODES = new PerIsaLevel<>(DecodeCode::new);

    private final IsaLevel level;
    private final Arena arena = Arena.ofAuto();
    private final Constants constants;
    /// By type, emitted at first use.
    private final CodeOnDemand decode =
            new CodeOnDemand(arena, DType.values().length, type -> emit(DType.values()[type]));
    private final Vec numbers;
    private final Vec scale;
    private final Vec min;
    private final Vec bits;

    private DecodeCode(IsaLevel level) {
        this.level = level;
        numbers = level.v(0);
        scale = level.v(1);
        min = level.v(2);
        bits = level.v(3);
        constants = new Constants(arena, R11, level);
    }

    /// Whether a type is supported.
    static boolean supports(DType type) {
        return switch (type) {
            case F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K -> true;
            default -> false;
        };
    }

    /// Decodes `count` values, whole blocks.
    void decode(DType type, long from, long to, long count) {
        Function code = decode.of(type.ordinal());
        for (long i = 0; i < count; i += MAX_PER_CALL) {
            long part = Math.min(MAX_PER_CALL, count - i);
            code.call(to + 4 * i, from + i / type.blockElements() * type.blockBytes(), 0,
                    part / type.blockElements(), 1, 0);
        }
    }

    /// Decodes rows of `count` values, whole blocks, to consecutive memory.
    ///
    /// @param rowBytes bytes from one row to the next
    void decode(DType type, long from, long rowBytes, int rows, int count, long to) {
        int most = MAX_PER_CALL / Math.max(1, count);
        if (most < 2) {
            for (int r = 0; r < rows; r++) {
                decode(type, from + r * rowBytes, to + 4L * r * count, count);
            }
            return;
        }
        Function code = decode.of(type.ordinal());
        for (int r = 0; r < rows; r += most) {
            code.call(to + 4L * r * count, from + r * rowBytes, rowBytes, count / type.blockElements(),
                    Math.min(most, rows - r), 0);
        }
    }

    /// Emits a function of the output address (RDI), the input address (RSI), bytes from row to row (RDX), blocks in a
    /// row (RCX) and a number of rows, at least 1 (R8). RBX is the start of the row, R12 holds the blocks, RBP the
    /// bytes, R13 counts the rows.
    private byte[] emit(DType type) {
        var a = new Emitter(level);
        constants.load(a);
        var groups = new Decode256Code(a, constants);
        a.push(RBX);
        a.push(RBP);
        a.push(R12);
        a.push(R13);
        a.mov(RBX, RSI);
        a.mov(RBP, RDX);
        a.mov(R12, RCX);
        a.mov(R13, R8);
        Label row = a.here();
        a.mov(RSI, RBX);
        a.mov(RCX, R12);
        switch (type) {
            case F16, BF16 -> plain(a, type == DType.BF16);
            default -> {
                Label end = new Label();
                a.test(RCX, RCX);
                a.jump(Condition.EQUAL, end);
                Label loop = a.here();
                if (type.blockElements() == BLOCK) {
                    block(a, type);
                } else {
                    groups.block(type);
                }
                a.add(RDI, 4 * type.blockElements());
                a.add(RSI, type.blockBytes());
                a.dec(RCX);
                a.jump(Condition.NOT_EQUAL, loop);
                a.bind(end);
            }
        }
        a.add(RBX, RBP);
        a.dec(R13);
        a.jump(Condition.NOT_EQUAL, row);
        a.pop(R13);
        a.pop(R12);
        a.pop(RBP);
        a.pop(RBX);
        return a.end();
    }

    /// Four vectors at a time, then one, then value by value.
    private void plain(Emitter a, boolean upperHalves) {
        Label rest = new Label();
        Label end = new Label();
        for (int vectors : new int[] {4, 1}) {
            int count = vectors * level.lanes;
            Label less = vectors == 1 ? rest : new Label();
            a.cmp(RCX, count);
            a.jump(Condition.BELOW, less);
            Label loop = a.here();
            for (int i = 0; i < vectors; i++) {
                Vec v = level.v(i);
                widen(a, v, at(RSI, i * 2 * level.lanes), upperHalves);
                a.op(VMOVUPS, at(RDI, i * level.bytes), v);
            }
            a.add(RSI, 2 * count);
            a.add(RDI, 4 * count);
            a.sub(RCX, count);
            a.cmp(RCX, count);
            a.jump(Condition.ABOVE_OR_EQUAL, loop);
            if (vectors > 1) {
                a.bind(less);
            }
        }
        a.bind(rest);
        a.test(RCX, RCX);
        a.jump(Condition.EQUAL, end);
        Label one = a.here();
        a.op(VPBROADCASTW, xmm(0), at(RSI));
        widen(a, xmm(0), xmm(0), upperHalves);
        a.op(VMOVD_TO, at(RDI), xmm(0));
        a.add(RSI, 2);
        a.add(RDI, 4);
        a.dec(RCX);
        a.jump(Condition.NOT_EQUAL, one);
        a.bind(end);
    }

    /// `to = ` F16 values, or BF16 ones, which are upper halves.
    public static void widen(Emitter a, Vec to, Operand shorts, boolean upperHalves) {
        if (upperHalves) {
            a.op(VPMOVZXWD, to, shorts);
            a.op(VPSLLD, to, to, 16);
        } else {
            a.op(VCVTPH2PS, to, shorts);
        }
    }

    /// `to = ` the F16 value at RSI + `at`, in all lanes.
    static void half(Emitter a, Vec to, int at) {
        Vec shorts = to.as(to.bytes() / 2);
        a.op(VPBROADCASTW, shorts, at(RSI, at));
        a.op(VCVTPH2PS, to, shorts);
    }

    private void block(Emitter a, DType type) {
        boolean hasMin = type == DType.Q4_1 || type == DType.Q5_1;
        boolean hasFifthBit = type == DType.Q5_0 || type == DType.Q5_1;
        int word = hasMin ? 4 : 2;
        half(a, scale, 0);
        if (hasMin) {
            half(a, min, 2);
        }
        for (int first = 0; first < BLOCK; first += level.lanes) {
            if (type == DType.Q8_0) {
                a.op(VPMOVSXBD, numbers, at(RSI, 2 + first));
            } else {
                a.op(VPMOVZXBD, numbers, at(RSI, word + (hasFifthBit ? 4 : 0) + first % 16));
                if (first < 16) {
                    a.and(numbers, numbers, constants.of(15));
                } else {
                    a.op(VPSRLD, numbers, numbers, 4);
                }
            }
            if (hasFifthBit) {
                int[] places = new int[level.lanes];
                for (int i = 0; i < places.length; i++) {
                    places[i] = first + i;
                }
                a.op(VPBROADCASTD, bits, at(RSI, word));
                a.op(VPSRLVD, bits, bits, constants.vector(places));
                a.and(bits, bits, constants.of(1));
                a.op(VPSLLD, bits, bits, 4);
                a.or(numbers, numbers, bits);
            }
            if (type == DType.Q4_0 || type == DType.Q5_0) {
                a.op(VPADDD, numbers, numbers, constants.of(type == DType.Q4_0 ? -8 : -16));
            }
            a.op(VCVTDQ2PS, numbers, numbers);
            a.op(VMULPS, numbers, numbers, scale);
            if (hasMin) {
                a.op(VADDPS, numbers, numbers, min);
            }
            a.op(VMOVUPS, at(RDI, 4 * first), numbers);
        }
    }
}
