package glia.kernels.vector;

import static glia.tensor.Memory.ALL;
import static glia.kernels.vector.Simd.*;

import glia.tensor.Memory;
import jdk.incubator.vector.FloatVector;

/// Transposes rows into columns. A panel holds `PANEL` rows of a weight side by side: values with the same index in
/// each row are in one row of the panel, so that a vector works on many rows at once. 4-byte words are moved one by
/// one, which costs little if a word holds 4 or 8 values, and needs no shuffles.
final class Stage {
    private static final long LOW = 0xffff_ffffL;

    private Stage() { }

    /// Moves `count` units of 16 bytes of each row, `step` bytes apart, as words: word w of unit i of row r to row `i ·
    /// toRows + w`, column r of the panel. Two rows at a time share their stores, which are the bottleneck as each goes
    /// to another cache line; the last row of an odd number is processed twice.
    ///
    /// @param from the first row's first unit
    /// @param rowBytes bytes from row to row
    static void words(long from, long rowBytes, int rows, int step, int count, long to, int toRows) {
        for (int r = 0; r < rows; r += 2) {
            long second = r + 1 < rows ? rowBytes : 0;
            long source = from + r * rowBytes;
            long target = to + 4L * r;
            for (int i = 0; i < count; i++) {
                long s = source & ADDRESS;
                long t = target & ADDRESS;
                long a0 = ALL.get(I64, s);
                long a1 = ALL.get(I64, s + 8);
                s = source + second & ADDRESS;
                long b0 = ALL.get(I64, s);
                long b1 = ALL.get(I64, s + 8);
                ALL.set(I64, t, a0 & LOW | b0 << 32);
                ALL.set(I64, t + PANEL_BYTES, a0 >>> 32 | b0 & ~LOW);
                ALL.set(I64, t + 2 * PANEL_BYTES, a1 & LOW | b1 << 32);
                ALL.set(I64, t + 3 * PANEL_BYTES, a1 >>> 32 | b1 & ~LOW);
                source += step;
                target += (long) toRows * PANEL_BYTES;
            }
        }
    }

    /// Moves the 32-bit word at `head` of every block: block j of row r to row j, column r.
    static void integers(long from, long rowBytes, int rows, int blockBytes, int blocks, int head, long to) {
        for (int r = 0; r < rows; r += 2) {
            long second = r + 1 < rows ? rowBytes : 0;
            long source = from + r * rowBytes + head;
            long target = to + 4L * r;
            for (int j = 0; j < blocks; j++) {
                long a = ALL.get(Memory.I32, source & ADDRESS) & LOW;
                long b = ALL.get(Memory.I32, source + second & ADDRESS);
                ALL.set(I64, target & ADDRESS, a | b << 32);
                source += blockBytes;
                target += PANEL_BYTES;
            }
        }
    }

    /// Moves F32 values: value k of row r to row k, column r.
    static void floats(long from, long rowBytes, int rows, int count, long to) {
        int units = count / 4;
        words(from, rowBytes, rows, 16, units, to, 4);
        for (int r = 0; r < rows; r++) {
            for (int k = 4 * units; k < count; k++) {
                Memory.f32(to + (long) k * PANEL_BYTES + 4L * r, Memory.f32(from + r * rowBytes + 4L * k));
            }
        }
    }

    /// Copies the first `count` columns of `rows` F32 rows into a panel without transposing.
    static void straight(long from, long rowBytes, int rows, int count, long to) {
        for (int r = 0; r < rows; r++) {
            long source = from + r * rowBytes & ADDRESS;
            long target = to + (long) r * PANEL_BYTES & ADDRESS;
            if (count == Simd.PANEL) {
                FloatVector.fromMemorySegment(F, ALL, source, ORDER).intoMemorySegment(ALL, target, ORDER);
                FloatVector.fromMemorySegment(F, ALL, source + BYTES, ORDER)
                        .intoMemorySegment(ALL, target + BYTES, ORDER);
            } else {
                for (int i = 0; i < count; i++) {
                    Memory.f32(target + 4L * i, Memory.f32(source + 4L * i));
                }
            }
        }
    }
}
