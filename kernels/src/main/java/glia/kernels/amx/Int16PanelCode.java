package glia.kernels.amx;

import static glia.kernels.asm.Operand.Gpr.*;
import static glia.kernels.asm.Operand.Mem.at;
import static glia.kernels.asm.Op.*;

import glia.kernels.asm.Assembler;
import glia.kernels.asm.Operand.Vec;
import glia.kernels.code.CodePages;
import glia.kernels.code.Emitter;
import glia.kernels.code.CodePages.Function;
import glia.kernels.code.IsaLevel;
import glia.kernels.panels.PanelFormat;
import glia.kernels.panels.PanelWeights;
import glia.kernels.panels.WorkerScratch;
import java.lang.foreign.Arena;
import java.util.List;

/// Emits the conversion of a strip of a panel (`PanelFormat`) to 16-bit integers with a scale S for each row, split
/// into two signed bytes, `256 · high + low`, in the order of tile registers (`Int16Code`).
///
/// A weight is `scale · (q - c) + min`, where c is half the range of quants and min is 0 for most formats. So
/// ```
/// S      = max over the strip's blocks of (c · |scale| + |min|) / 32512
/// M, B   = round(c · scale / S), round(min / S)         for each block
/// word   = ((q - c) · 32768 / c · M + 16384) >> 15, + B
/// high   = (word + 128) >> 8      low = word - 256 · high
/// ```
/// A 16-bit integer (word) is within 1 of weight / S (1.5 with minima). `vpmulhrsw` computes the third line for 32
/// weights at once; a shift moves quants to the upper bits, and flipping the sign bit gives `q - c`. If a scale is not
/// finite, neither is S, nor any result of the row.
final class Int16PanelCode {
    /// The largest 16-bit integer: both bytes are between -128 and 127.
    static final float MAX_WORD = 32512;
    /// The minimal S, so that its reciprocal is finite: 2^-100.
    static final int MIN_SCALE = 27 << 23;
    private static final int PANEL_STEP_BYTES = 2048;
    private static final int BLOCK_BYTES = 512;
    private static final int LOW = 1024;

    private final Emitter a = new Emitter(IsaLevel.AMX);
    private final PanelFormat format;
    private final PanelWeights weights;
    private final int halves;
    private final int bits;
    private final boolean hasMin;

    private final Vec signs = a.v(16);
    private final Vec upper = a.v(17);
    private final Vec half = a.v(18);
    private final Vec center = a.v(19);
    private final Vec inverse = a.v(20);
    private final Vec magnitude = a.v(29);
    private final Vec largest = a.v(30);
    private final Vec temporary = a.v(31);

    private Int16PanelCode(PanelFormat format) {
        this.format = format;
        weights = new PanelWeights(a, format);
        halves = format.scales.halves();
        bits = 32 - Integer.numberOfLeadingZeros(weights.most());
        hasMin = format.scales.hasMin() || format.offset != 1 << bits - 1;
    }

    /// The code for a format. Its arguments: quants of the strip's first block, its scales, the output, entries of
    /// scales in the strip, the output for the 16 scales (F32), a `WorkerScratch`, which holds the distance to the
    /// scales to prefetch.
    static Function of(PanelFormat format) {
        return CodePages.seal(Arena.ofAuto(), List.of(new Int16PanelCode(format).emit())).function(0);
    }

    private byte[] emit() {
        a.fill(signs, 0x80008000, R11);
        a.fill(upper, 0xff00ff00, R11);
        a.fill(half, 0x00800080, R11);
        a.fill(center, Float.floatToIntBits(1 << bits - 1), R11);
        a.fill(magnitude, Integer.MAX_VALUE, R11);
        a.fill(largest, MIN_SCALE, R11);
        a.push(R12);
        a.mov(R12, at(R9, WorkerScratch.AHEAD));
        a.mov(R10, RSI);
        a.mov(RAX, RCX);
        weights.blocks(RAX, () -> {
            a.prefetch(Assembler.Cache.T1, at(R10, R12, 1, 0));
            measure();
            a.add(R10, format.scales.blockBytes);
        });
        a.pop(R12);
        a.fill(temporary, Float.floatToIntBits(1 / MAX_WORD), R11);
        a.op(VMULPS, temporary, temporary, largest);
        a.op(VMOVUPS, at(R8), temporary);
        a.fill(inverse, Float.floatToIntBits(MAX_WORD), R11);
        a.op(VDIVPS, inverse, inverse, largest);
        a.mov(R10, RSI);
        a.mov(RAX, RCX);
        // The distance to the next block's output: half a step, then the rest of the panels' step.
        a.mov(RSI, BLOCK_BYTES);
        a.mov(R8, BLOCK_BYTES ^ 2 * PANEL_STEP_BYTES - BLOCK_BYTES);
        weights.blocks(RAX, () -> {
            factors();
            weights.quants(0, 0);
            for (int i = 0; i < PanelFormat.QUADS; i++) {
                words(i);
            }
            weights.next();
            a.add(RDX, RSI);
            a.xor(RSI, R8);
        });
        return a.end();
    }

    /// Loads scales and minima of a block as F32, minima those of `q - c`.
    private void scales() {
        weights.scales(0);
        for (int h = 0; h < halves && hasMin; h++) {
            Vec scale = weights.scale(h);
            if (!format.scales.hasMin()) {
                a.fill(min(h), Float.floatToIntBits((1 << bits - 1) - format.offset), R11);
                a.op(VMULPS, min(h), min(h), scale);
            } else if (format.scales == PanelFormat.Scales.WITH_MIN) {
                a.op(VFMADD231PS, min(h), scale, center);
            } else {
                a.op(VFMSUB231PS, min(h), scale, center);
            }
        }
    }

    /// As integers, magnitudes have the order of the floats, with NaN above infinity.
    private void measure() {
        scales();
        for (int h = 0; h < halves; h++) {
            a.and(weights.scale(h), weights.scale(h), magnitude);
            a.op(VMULPS, weights.scale(h), weights.scale(h), center);
            if (hasMin) {
                a.and(min(h), min(h), magnitude);
                a.op(VADDPS, weights.scale(h), weights.scale(h), min(h));
            }
            a.op(VPMAXSD, largest, largest, weights.scale(h));
        }
    }

    /// M and B, twice in each lane.
    private void factors() {
        scales();
        for (int h = 0; h < halves; h++) {
            a.op(VMULPS, weights.scale(h), weights.scale(h), center);
            twice(factor(h), weights.scale(h));
            if (hasMin) {
                twice(base(h), min(h));
            }
        }
    }

    private void twice(Vec to, Vec number) {
        a.op(VMULPS, number, number, inverse);
        a.op(VCVTPS2DQ, number, number);
        a.op(VPSLLD, to, number, 16);
        a.op(VPSRLD, temporary, to, 16);
        a.op(VPORD, to, to, temporary);
    }

    private void words(int i) {
        Vec even = a.v(25 + 2 * (i % 2));
        Vec odd = a.v(26 + 2 * (i % 2));
        Vec w = weights.w(i);
        int h = halves * i / PanelFormat.QUADS;
        a.op(VPSLLW, even, w, 16 - bits);
        a.op(VPXORD, even, even, signs);
        if (bits == 8) {
            a.op(VPANDD, odd, w, upper);
            a.op(VPXORD, odd, odd, signs);
        } else {
            a.op(VPSLLW, odd, w, 8 - bits);
            // odd & upper ^ signs
            a.op(VPTERNLOGD, odd, upper, signs, 0x6a);
        }
        for (Vec v : new Vec[] {even, odd}) {
            a.op(VPMULHRSW, v, v, factor(h));
            if (hasMin) {
                a.op(VPADDW, v, v, base(h));
            }
        }
        // w = odd << 8 | even & ~upper
        a.op(VPSLLW, w, odd, 8);
        a.op(VPTERNLOGD, w, upper, even, 0xf2);
        a.op(VMOVUPS, at(RDX, LOW + 64 * i), w);
        a.op(VPADDW, even, even, half);
        a.op(VPADDW, odd, odd, half);
        a.op(VPSRLW, even, even, 8);
        // even | odd & upper
        a.op(VPTERNLOGD, even, odd, upper, 0xf8);
        a.op(VMOVUPS, at(RDX, 64 * i), even);
    }

    private Vec min(int h) {
        return format.scales.hasMin() ? weights.minimum(h) : a.v(12 + h);
    }

    private Vec factor(int h) {
        return a.v(21 + h);
    }

    private Vec base(int h) {
        return a.v(23 + h);
    }
}
