package glia.kernels.emitted;

import glia.kernels.code.IsaLevel;
import glia.kernels.panels.PanelFormat;
import glia.kernels.panels.TileLayout;
import glia.tensor.Memory;

/// `PanelProduct` in plain Java, value by value, with the same roundings in the same order.
public final class PanelReference {
    private final PanelFormat format;
    private final TileLayout tile;
    private final long panel;
    private final long scales;

    private PanelReference(IsaLevel level, PanelFormat format, int tokens, long panel, int cols) {
        this.format = format;
        tile = format.tile(level, tokens);
        this.panel = panel;
        scales = panel + (long) cols / 32 * format.blockBytes();
    }

    /// The weights of a row of a panel whose scales have no minima.
    public static float[] weights(PanelFormat format, long panel, int row, int cols) {
        var reference = new PanelReference(IsaLevel.AVX2, format, 1, panel, cols);
        float[] all = new float[cols];
        for (int k = 0; k < cols; k++) {
            all[k] = reference.scale(k / 32, row, k % 32 * format.scales.halves() / 32)
                    * (reference.quant(k / 32, row, k % 32) - format.offset);
        }
        return all;
    }

    /// The results, token by token, 16 for each.
    public static float[] product(
            IsaLevel level, PanelFormat format, int tokens, long panel, long activations, int cols) {
        var reference = new PanelReference(level, format, tokens, panel, cols);
        float[] sums = new float[16 * tokens];
        float[] low = new float[16 * tokens];
        long at = activations;
        for (int b = 0; b < cols / 32; b++) {
            int numLow = Memory.i32(at + reference.tile.count());
            for (int r = 0; r < 16; r++) {
                for (int t = 0; t < tokens; t++) {
                    sums[16 * t + r] = reference.high(b, r, t, at, sums[16 * t + r]);
                }
                for (int i = 0; i < numLow; i++) {
                    long term = at + Memory.i32(at + reference.tile.low()) + (long) i * reference.tile.lowBytes();
                    int place = Memory.i32(term + reference.tile.lowPlace()) / 4 + r;
                    low[place] = reference.low(b, r, term, low[place]);
                }
            }
            at += reference.tile.blockBytes();
        }
        for (int i = 0; i < sums.length; i++) {
            sums[i] += low[i];
        }
        return sums;
    }

    private float high(int b, int r, int t, long block, float sum) {
        int[] starts = {tile.start(0, t), tile.start(1, t)};
        int[] n = dots(b, r, block + tile.numbers(t), starts, block);
        float added = tile.isWide() ? wide(b, r, n, block + tile.scale(t), block + tile.half(t), sum) : sum;
        for (int half = 0; half < n.length && !tile.isWide(); half++) {
            added = Math.fma(n[half] * Memory.f32(block + tile.scale(t)), scale(b, r, half), added);
        }
        for (int half = 0; half < tile.sums(); half++) {
            float min = minimum(b, r, half);
            added = Math.fma(format.scales == PanelFormat.Scales.WITH_MIN ? min : -min,
                    Memory.f32(block + tile.sum(half, t)), added);
        }
        return added;
    }

    private float wide(int b, int r, int[] n, long middle, long whether, float sum) {
        float added = sum;
        for (int half = 0; half < n.length; half++) {
            float ws = scale(b, r, half);
            added = Math.fma(Float.intBitsToFloat(n[half]) - Memory.f32(middle),
                    Memory.i32(whether) != 0 ? 1.5f * ws : ws, added);
        }
        return added;
    }

    private float low(int b, int r, long term, float sum) {
        int[] n = dots(b, r, term, new int[] {tile.lowStart(0), tile.lowStart(1)}, term);
        if (tile.isWide()) {
            return wide(b, r, n, term + tile.lowScale(), term + tile.lowHalf(), sum);
        }
        float tokenScale = Memory.f32(term + tile.lowScale());
        if (n.length == 1) {
            return Math.fma((float) n[0] * tokenScale, scale(b, r, 0), sum);
        }
        return Math.fma(Math.fma((float) n[1], scale(b, r, 1), n[0] * scale(b, r, 0)), tokenScale, sum);
    }

    private int[] dots(int b, int r, long numbers, int[] starts, long from) {
        int halves = format.scales.halves();
        int[] n = new int[halves];
        for (int half = 0; half < halves; half++) {
            n[half] = tile.starts() == 0 ? 0 : Memory.i32(from + starts[half]);
        }
        if (tile.isWinograd()) {
            return winograd(b, r, numbers, n[0]);
        }
        for (int k = 0; k < 32; k++) {
            n[k * halves / 32] += quant(b, r, k) * Memory.i8(numbers + k);
        }
        return n;
    }

    /// The activations before they were stored for Winograd's inner product.
    private int[] winograd(int b, int r, long numbers, int start) {
        int n = start;
        for (int k = 0; k < 16; k++) {
            if (k >= 8) {
                n += quant(b, r, k) * Memory.i8(numbers + k) + quant(b, r, k + 16) * Memory.i8(numbers + k + 16);
                continue;
            }
            int x = Memory.i8(numbers + k) + 8;
            int other = Memory.u8(numbers + k + 16) - 120;
            n += x * (other + 128) + x * (quant(b, r, k) - 8) + other * (quant(b, r, k + 16) - 8);
        }
        return new int[] {n};
    }

    private int quant(int b, int r, int k) {
        long block = panel + (long) b * format.blockBytes() + 4 * r + k % 4;
        int quad = k / 4;
        if (format.bits == 8) {
            return Memory.u8(block + 64 * quad);
        }
        int low = format.bits < 4 ? Memory.u8(block + 64 * (quad / 4)) >> 2 * (quad % 4) & 3
                : Memory.u8(block + 64 * (quad % 4)) >> quad / 4 * 4 & 15;
        int code = switch (format.bits) {
            case 3 -> low | (Memory.u8(block + 128) >> quad & 1) << 2;
            case 5 -> low | (Memory.u8(block + 256) >> quad & 1) << 4;
            case 6 -> low | (Memory.u8(block + 256 + 64 * (quad / 4)) >> 2 * (quad % 4) & 3) << 4;
            default -> low;
        };
        return format.codebook == null ? code : format.codebook.value(code) + format.offset;
    }

    private float scale(int b, int r, int half) {
        return switch (format.scales) {
            case ONE -> Memory.f16(scales + 32L * b + 2 * r);
            case POWER -> (float) Math.scalb(1.0, Memory.u8(scales + 16L * b + r) - 128);
            case WITH_MIN, HALVES -> Memory.f16(scales + 64L * b + 32 * half + 2 * r);
            case SUPER_WITH_MIN, SUPER_HALVES_WITH_MIN ->
                    Memory.u8(part(b) + 16 * half + r) * Memory.f16(superScales(b) + 2 * r);
            case SUPER_HALVES -> Memory.i8(part(b) + 16 * half + r) * Memory.f16(superScales(b) + 2 * r);
            case SUPER, SUPER_HALVES_F32 -> Memory.i8(part(b) + 16 * half + r) * Memory.f32(superScales(b) + 4 * r);
        };
    }

    private float minimum(int b, int r, int half) {
        return format.scales == PanelFormat.Scales.WITH_MIN ? Memory.f16(scales + 64L * b + 32 + 2 * r)
                : Memory.u8(part(b) + 16 * (format.scales.halves() + half) + r)
                        * Memory.f16(superScales(b) + 32 + 2 * r);
    }

    private long part(int b) {
        return scales + (long) (b / 8) * format.scales.sizeBytes + format.scales.blockBytes * (b % 8);
    }

    private long superScales(int b) {
        return scales + (long) (b / 8) * format.scales.sizeBytes + 8 * format.scales.blockBytes;
    }
}
