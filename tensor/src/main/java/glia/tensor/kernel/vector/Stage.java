package glia.tensor.kernel.vector;

import static glia.tensor.kernel.vector.Simd.PANEL_BYTES;
import static glia.tensor.kernel.vector.Simd.load;
import static glia.tensor.kernel.vector.Simd.store;

import glia.tensor.Memory;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Moves rows into columns. A panel holds `PANEL` rows of a weight side by side: what is at one place of each row lies
/// in one row of the panel, so that a vector works on many rows at once. Words of 4 bytes are moved one by one, which
/// costs little where a word holds 4 or 8 numbers, and needs no shuffles.
final class Stage {
    private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final long LOW = 0xffff_ffffL;

    private Stage() { }

    /// For each row and each of its blocks: `16 · units` bytes, from `head` bytes behind the block's start, as words.
    /// Word i of block j of row r comes to row `j · 4 · units + i`, column r of the panel. Two rows at a time share
    /// their stores, which are the bottleneck as each goes to another cache line; the last row of an odd number is
    /// taken twice.
    ///
    /// @param rowBytes bytes between rows in memory
    static void words(long from, long rowBytes, int rows, int blockBytes, int blocks, int head, int units, long to) {
        for (int r = 0; r < rows; r += 2) {
            long second = r + 1 < rows ? rowBytes : 0;
            long target = to + 4L * r;
            for (int j = 0; j < blocks; j++) {
                long source = from + r * rowBytes + (long) j * blockBytes + head;
                for (int u = 0; u < units; u++) {
                    long s = Simd.address(source);
                    long t = Simd.address(target);
                    long a0 = Memory.ALL.get(I64, s);
                    long a1 = Memory.ALL.get(I64, s + 8);
                    s = Simd.address(source + second);
                    long b0 = Memory.ALL.get(I64, s);
                    long b1 = Memory.ALL.get(I64, s + 8);
                    Memory.ALL.set(I64, t, a0 & LOW | b0 << 32);
                    Memory.ALL.set(I64, t + PANEL_BYTES, a0 >>> 32 | b0 & ~LOW);
                    Memory.ALL.set(I64, t + 2 * PANEL_BYTES, a1 & LOW | b1 << 32);
                    Memory.ALL.set(I64, t + 3 * PANEL_BYTES, a1 >>> 32 | b1 & ~LOW);
                    source += 16;
                    target += 4 * PANEL_BYTES;
                }
            }
        }
    }

    /// The half-precision number at `head` of every block, widened: block j of row r to row j, column r.
    static void halves(long from, long rowBytes, int rows, int blockBytes, int blocks, int head, long to) {
        for (int r = 0; r < rows; r++) {
            long source = from + r * rowBytes + head;
            for (int j = 0; j < blocks; j++) {
                Memory.f32(Simd.address(to + (long) j * PANEL_BYTES + 4L * r),
                        Memory.f16(Simd.address(source + (long) j * blockBytes)));
            }
        }
    }

    /// The 32-bit word at `head` of every block: block j of row r to row j, column r.
    static void integers(long from, long rowBytes, int rows, int blockBytes, int blocks, int head, long to) {
        for (int r = 0; r < rows; r++) {
            long source = from + r * rowBytes + head;
            for (int j = 0; j < blocks; j++) {
                Memory.i32(Simd.address(to + (long) j * PANEL_BYTES + 4L * r),
                        Memory.i32(Simd.address(source + (long) j * blockBytes)));
            }
        }
    }

    /// F32 numbers: number k of row r to row k, column r.
    static void floats(long from, long rowBytes, int rows, int count, long to) {
        int units = count / 4;
        words(from, rowBytes, rows, 0, 1, 0, units, to);
        for (int r = 0; r < rows; r++) {
            for (int k = 4 * units; k < count; k++) {
                Memory.f32(to + (long) k * PANEL_BYTES + 4L * r, Memory.f32(from + r * rowBytes + 4L * k));
            }
        }
    }

    /// Copies the first `count` columns of `rows` rows of F32 numbers into a panel: no turning.
    static void straight(long from, long rowBytes, int rows, int count, long to) {
        for (int r = 0; r < rows; r++) {
            long source = from + r * rowBytes;
            long target = to + (long) r * PANEL_BYTES;
            if (count == Simd.PANEL) {
                store(target, load(source));
                store(target + Simd.BYTES, load(source + Simd.BYTES));
            } else {
                for (int i = 0; i < count; i++) {
                    Memory.f32(target + 4L * i, Memory.f32(source + 4L * i));
                }
            }
        }
    }
}
