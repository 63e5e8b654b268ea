package glia.kernels.panels;

import static glia.kernels.asm.Op.*;
import static glia.kernels.asm.Operand.*;
import static glia.kernels.asm.Operand.Gpr.R9;
import static glia.kernels.asm.Operand.Mem.at;

import glia.kernels.code.Emitter;
import glia.kernels.code.IsaLevel;

/// The part of `PanelProduct` that multiplies: quads of weights in registers by quads of activations from memory, which
/// are broadcast to all lanes.
///
/// AVX-512 broadcasts a quad, multiplies and accumulates in one instruction; AVX-VNNI in two. AVX2 multiplies to 16
/// bits and adds pairs (`vpmaddubsw`), for several quads before the sum would overflow; those pairs are accumulated in
/// 32 bits (`vpmaddwd` with factors 1, or 16 if the quants are upper halves of bytes). All give the same integers.
final class PanelDots {
    /// Upper limit of a quantized activation; activations go to 120.
    private static final int MAX_NUMBER = 128;

    private final Emitter a;
    private final PanelWeights weights;
    private final Vec spare;

    /// @param spare a register to be overwritten
    PanelDots(Emitter a, PanelWeights weights, Vec spare) {
        this.a = a;
        this.weights = weights;
        this.spare = spare;
    }

    Vec spare() {
        return spare;
    }

    /// The number of registers after that of a sum that are overwritten.
    int registers() {
        return a.level() == IsaLevel.AVX2 ? 1 : 0;
    }

    /// Computes `n[j] += Σ w · numbers[j]` over the quads of a half.
    ///
    /// @param between is emitted after each quad of wide vectors
    /// @param halves the number of halves, 1 or 2
    /// @param plane the bits that the weights hold (see `PanelWeights.planes`)
    void add(Vec[] n, Mem[] numbers, int half, int halves, int plane, Runnable between) {
        int end = 8 / halves * (half + 1);
        int quads = a.level() == IsaLevel.AVX2 ? Math.min(8 / halves, quadsIn16Bits()) : 1;
        for (int quad = 8 / halves * half; quad < end; quad += quads) {
            switch (a.level()) {
                case AMX, AVX512 -> {
                    for (int j = 0; j < n.length; j++) {
                        a.op(VPDPBUSD, n[j], weights.w(quad), numbers[j].plus(4 * quad).toAll());
                    }
                    between.run();
                }
                case AVX_VNNI -> {
                    for (int j = 0; j < n.length; j++) {
                        a.op(VPBROADCASTD, spare, numbers[j].plus(4 * quad));
                        a.op(VPDPBUSD_VEX, n[j], weights.w(quad), spare);
                    }
                }
                case AVX2 -> in16Bits(n, numbers, quad, quads, halves - half, plane);
            }
        }
    }

    /// How many quads' pairs of products fit 16 bits together, in the worst case.
    private int quadsIn16Bits() {
        return Integer.highestOneBit(Short.MAX_VALUE / (2 * weights.most() * MAX_NUMBER));
    }

    /// @param behind the offset of the 16-bit register from that of the sum
    private void in16Bits(Vec[] n, Mem[] numbers, int first, int count, int behind, int plane) {
        for (int quad = first; quad < first + count; quad++) {
            for (int j = 0; j < n.length; j++) {
                Vec pairs = a.v(n[j].number() + behind);
                Vec product = quad == first ? pairs : spare;
                a.op(VPBROADCASTD, product, numbers[j].plus(4 * quad));
                a.op(VPMADDUBSW, product, weights.w(quad), product);
                if (quad > first) {
                    a.op(VPADDW, pairs, pairs, product);
                }
            }
        }
        for (Vec sum : n) {
            Vec pairs = a.v(sum.number() + behind);
            a.op(VPMADDWD, pairs, pairs, at(R9, plane == 0 ? WorkerScratch.ONES : WorkerScratch.SIXTEENS));
            a.op(VPADDD, sum, sum, pairs);
        }
    }
}
