package glia.kernels.rows;

import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.*;
import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;
import static glia.kernels.asm.Operand.Vec.xmm;

import glia.kernels.code.CodePages;
import glia.kernels.code.Constants;
import glia.kernels.code.Emitter;
import glia.kernels.code.MathCode.ExpCode;
import glia.kernels.code.CodePages.Function;
import glia.kernels.code.Lanes;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.MaskedLoop;
import glia.kernels.code.IsaLevel.PerIsaLevel;
import glia.kernels.gradient.RowSteps.NormFactors;
import java.lang.foreign.Arena;
import java.util.List;

/// Emits gradients of norms and of functions of the softmax. Sums are in F64, everything else in F32.
final class GradientCode {
    /// Below this, `e^x` is 0 in F32, and so are its products.
    private static final float MIN = -150;

    static final PerIsaLevel<GradientCode> CODES = new PerIsaLevel<>(GradientCode::new);

    private final IsaLevel level;
    private final Constants constants;
    private final Function total;
    private final Function normSums;
    private final Function normGradient;
    private final Function products;
    private final Function softmaxGradients;
    private final Function addedSoftmaxGradients;

    private GradientCode(IsaLevel level) {
        this.level = level;
        Arena arena = Arena.ofAuto();
        constants = new Constants(arena, R11, level);
        CodePages pages = CodePages.seal(arena, List.of(emitTotal(), emitNormSums(), emitNormGradient(),
                emitProducts(), emitSoftmaxGradients(false), emitSoftmaxGradients(true)));
        total = pages.function(0);
        normSums = pages.function(1);
        normGradient = pages.function(2);
        products = pages.function(3);
        softmaxGradients = pages.function(4);
        addedSoftmaxGradients = pages.function(5);
    }

    /// Writes `Σ x` to the F64 value at `to`; the eight bytes behind it are overwritten too.
    void total(long x, int count, long to) {
        total.call(x, to, 0, count, 0, 0);
    }

    /// See `RowSteps`.
    void normSums(long x, long dy, long w, int count, long factors) {
        normSums.call(x, dy, w, count, factors, 0);
    }

    /// See `RowSteps`; the address of `dw` is one of the factors.
    void normGradient(long dx, long dy, long x, long w, int count, long factors) {
        normGradient.call(dx, x, dy, count, w, factors);
    }

    /// Writes `Σ e^(x - shift) · (x - shift)` to the F64 value at `to`; the eight bytes behind it are overwritten too.
    void products(long x, int count, float shift, long to) {
        products.call(x, to, Float.floatToRawIntBits(shift), count, 0, 0);
    }

    /// See `RowSteps`.
    void softmaxGradients(long y, long x, int count, float shift, float a, float b, boolean add) {
        (add ? addedSoftmaxGradients : softmaxGradients).call(y, x, Float.floatToRawIntBits(shift), count,
                Float.floatToRawIntBits(a),
                Float.floatToRawIntBits(b));
    }

    private static void zero(Emitter a, int count) {
        for (int i = 0; i < count; i++) {
            a.zero(a.v(i));
        }
    }

    private byte[] emitTotal() {
        var emitter = new Emitter(level);
        zero(emitter, 2);
        MaskedLoop.emit(emitter, level.lanes / 2, 2, R10, (a, at, copy, mask) -> {
            a.loadDoubles(a.v(2), at(RDI, RAX, 1, at), mask);
            a.op(VADDPD, a.v(copy), a.v(copy), a.v(2));
        });
        Lanes.merge(emitter, VADDPD, 0, 2);
        Lanes.reduce(emitter, VADDPD, 0, 1, 8);
        emitter.op(VMOVUPD, at(RSI), xmm(0));
        return emitter.end();
    }

    /// x RDI, dy RSI, w RDX, factors R8. Two registers for each sum: squares 0, 1, g 2, 3, products 4, 5.
    private byte[] emitNormSums() {
        var emitter = new Emitter(level);
        Vec x = emitter.v(6);
        Vec g = emitter.v(7);
        Vec w = emitter.v(8);
        Vec mean = emitter.v(9);
        Vec offset = emitter.v(10);
        emitter.op(VBROADCASTSD, mean, at(R8, NormFactors.MEAN));
        emitter.op(VBROADCASTSD, offset, at(R8, NormFactors.OFFSET));
        zero(emitter, 6);
        MaskedLoop.emit(emitter, level.lanes / 2, 2, R10, (a, at, copy, mask) -> {
            a.loadDoubles(g, at(RSI, RAX, 1, at), mask);
            a.loadDoubles(w, at(RDX, RAX, 1, at), mask);
            a.loadDoubles(x, at(RDI, RAX, 1, at), mask);
            a.op(VSUBPD, x, x, mean);
            a.keepDoubles(x, mask);
            a.op(VADDPD, w, w, offset);
            a.op(VMULPD, g, g, w);
            a.op(VFMADD231PD, a.v(copy), x, x);
            a.op(VADDPD, a.v(2 + copy), a.v(2 + copy), g);
            a.op(VFMADD231PD, a.v(4 + copy), g, x);
        });
        int[] places = {NormFactors.SQUARES, NormFactors.SUM, NormFactors.DOT};
        for (int i = 0; i < places.length; i++) {
            Lanes.merge(emitter, VADDPD, 2 * i, 2);
            Lanes.reduce(emitter, VADDPD, 2 * i, 6, 8);
            emitter.op(VADDPD, xmm(2 * i), xmm(2 * i), at(R8, places[i]));
        }
        // Each store overwrites the eight bytes behind its sum; the next store corrects them.
        for (int i = 0; i < places.length; i++) {
            emitter.op(VMOVUPD, at(R8, places[i]), xmm(2 * i));
        }
        return emitter.end();
    }

    /// dx RDI, x RSI, dy RDX, w R8, factors R9, dw R10.
    private byte[] emitNormGradient() {
        var emitter = new Emitter(level);
        Vec x = emitter.v(0);
        Vec g = emitter.v(1);
        Vec dy = emitter.v(2);
        Vec sum = emitter.v(3);
        Vec normed = emitter.v(4);
        int[] places = {NormFactors.MEAN_F32, NormFactors.OFFSET_F32, NormFactors.FACTOR, NormFactors.PULL,
            NormFactors.SHIFT};
        Vec[] factors = new Vec[places.length];
        for (int i = 0; i < places.length; i++) {
            factors[i] = emitter.v(5 + i);
            emitter.op(VBROADCASTSS, factors[i], at(R9, places[i]));
        }
        emitter.mov(R10, at(R9, NormFactors.WEIGHT_GRADIENT));
        MaskedLoop.emit(emitter, level.lanes, 2, R11, (a, at, copy, mask) -> {
            a.load(x, at(RSI, RAX, 1, at), mask);
            a.load(g, at(R8, RAX, 1, at), mask);
            a.load(dy, at(RDX, RAX, 1, at), mask);
            a.load(sum, at(R10, RAX, 1, at), mask);
            a.op(VSUBPS, x, x, factors[0]);
            a.op(VADDPS, g, g, factors[1]);
            a.op(VMULPS, normed, x, factors[2]);
            a.op(VFMADD231PS, sum, normed, dy);
            a.store(at(R10, RAX, 1, at), sum, mask);
            a.load(sum, at(RDI, RAX, 1, at), mask);
            a.op(VMULPS, g, g, dy);
            a.op(VFMADD231PS, sum, g, factors[2]);
            a.op(VFNMADD231PS, sum, x, factors[3]);
            a.op(VSUBPS, sum, sum, factors[4]);
            a.store(at(RDI, RAX, 1, at), sum, mask);
        });
        return emitter.end();
    }

    /// x RDI, to RSI, shift RDX. Lanes that are not read add 0.
    private byte[] emitProducts() {
        var emitter = new Emitter(level);
        Vec x = emitter.v(4);
        Vec product = emitter.v(5);
        Vec shift = emitter.v(6);
        Vec least = emitter.v(7);
        Vec temporary = emitter.v(8);
        Vec other = emitter.v(9);
        constants.load(emitter);
        constants.fill(emitter, least, MIN);
        emitter.broadcast(shift, RDX);
        zero(emitter, 4);
        MaskedLoop.emit(emitter, level.lanes, 2, R10, (a, at, copy, mask) -> {
            a.load(x, at(RDI, RAX, 1, at), mask);
            a.op(VSUBPS, x, x, shift);
            // NaN, as the last operand, stays.
            a.op(VMAXPS, x, least, x);
            a.op(VMOVUPS, product, x);
            ExpCode.emitBounded(a, constants, x, temporary, other);
            a.op(VMULPS, product, product, x);
            if (mask != Mask.K0) {
                a.zero(temporary);
                a.blend(temporary, mask, product);
                a.op(VMOVUPS, product, temporary);
            }
            a.op(VCVTPS2PD, temporary, a.half(product.number()));
            a.op(VADDPD, a.v(2 * copy), a.v(2 * copy), temporary);
            a.upperHalf(a.half(product.number()), product);
            a.op(VCVTPS2PD, temporary, a.half(product.number()));
            a.op(VADDPD, a.v(2 * copy + 1), a.v(2 * copy + 1), temporary);
        });
        Lanes.merge(emitter, VADDPD, 0, 4);
        Lanes.reduce(emitter, VADDPD, 0, 1, 8);
        emitter.op(VMOVUPD, at(RSI), xmm(0));
        return emitter.end();
    }

    /// y RDI, x RSI, shift RDX, a R8, b R9.
    private byte[] emitSoftmaxGradients(boolean add) {
        var emitter = new Emitter(level);
        Vec x = emitter.v(0);
        Vec slope = emitter.v(1);
        Vec temporary = emitter.v(2);
        Vec other = emitter.v(3);
        Vec shift = emitter.v(4);
        Vec constant = emitter.v(5);
        Vec factor = emitter.v(6);
        Vec least = emitter.v(7);
        constants.load(emitter);
        constants.fill(emitter, least, MIN);
        emitter.broadcast(shift, RDX);
        emitter.broadcast(constant, R8);
        emitter.broadcast(factor, R9);
        MaskedLoop.emit(emitter, level.lanes, 2, R10, (a, at, copy, mask) -> {
            a.load(x, at(RSI, RAX, 1, at), mask);
            a.op(VSUBPS, x, x, shift);
            a.op(VMAXPS, x, least, x);
            a.op(VMOVUPS, slope, x);
            a.op(VFMADD213PS, slope, factor, constant);
            ExpCode.emitBounded(a, constants, x, temporary, other);
            a.op(VMULPS, slope, slope, x);
            if (add) {
                a.load(x, at(RDI, RAX, 1, at), mask);
                a.op(VADDPS, slope, slope, x);
            }
            a.store(at(RDI, RAX, 1, at), slope, mask);
        });
        return emitter.end();
    }
}
