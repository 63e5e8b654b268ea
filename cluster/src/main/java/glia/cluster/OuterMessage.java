package glia.cluster;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Outer gradients in 8 or 4 bits, in blocks of 256 numbers, each after its scale `s`, a 32-bit number:
///
/// | bits | numbers |
/// |---|---|
/// | 8 | `s · q`, q from -127 to 127 |
/// | 4 | E3M0: `±s · 2^(e - 7)`, e from 1 to 7, or 0 for e = 0 |
///
/// `s` is the largest absolute value of the block, or a 127th of it. Numbers are rounded to the nearest one, to the
/// larger of two. Receivers add up in 32 bits. What rounding loses is not kept for the next message, as in Streaming
/// DiLoCo (https://arxiv.org/abs/2501.18512, section 2.4).
record OuterMessage(int bits) {
    static final int BLOCK = 256;
    private static final int LEVELS = 7;
    private static final int MOST = 127;
    private static final int SCALE_BYTES = 4;

    /// Bytes of a message of n numbers: `⌈n/256⌉ · (4 + 32·bits)`.
    long bytes(long n) {
        return Math.ceilDiv(n, (long) BLOCK) * blockBytes();
    }

    private int blockBytes() {
        return SCALE_BYTES + BLOCK * bits / Byte.SIZE;
    }

    /// @param values F32
    /// @param message of `bytes` bytes
    void encode(MemorySegment values, MemorySegment message) {
        long n = values.byteSize() / Float.BYTES;
        for (long block = 0; block * BLOCK < n; block++) {
            long first = block * BLOCK;
            int count = (int) Math.min(BLOCK, n - first);
            float most = 0;
            for (int i = 0; i < count; i++) {
                most = Math.max(most, Math.abs(values.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, first + i)));
            }
            float scale = bits == Byte.SIZE ? most / MOST : most;
            long at = block * blockBytes();
            message.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, scale);
            byte pair = 0;
            for (int i = 0; i < BLOCK; i++) {
                float x = i < count && scale > 0 ? values.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, first + i)
                        / scale : 0;
                if (bits == Byte.SIZE) {
                    message.set(ValueLayout.JAVA_BYTE, at + SCALE_BYTES + i, (byte) Math.round(x));
                } else {
                    pair = (byte) (i % 2 == 0 ? code(x) : pair | code(x) << 4);
                    message.set(ValueLayout.JAVA_BYTE, at + SCALE_BYTES + i / 2, pair);
                }
            }
        }
    }

    /// Sign and exponent of the E3M0 number that is nearest to x, of -1 to 1.
    private static int code(float x) {
        float size = Math.abs(x);
        int sign = x < 0 ? LEVELS + 1 : 0;
        // Between 2^-k and 2^(1 - k) the middle is 1.5 · 2^-k; the least level is 2^-6, and the middle to 0 half of it.
        if (size < 0x1p-7f) {
            return 0;
        }
        int exponent = Math.getExponent(size);
        int level = exponent + (size >= 1.5f * Math.scalb(1f, exponent) ? 1 : 0);
        return sign | Math.clamp(level + LEVELS, 1, LEVELS);
    }

    /// Adds the numbers of a message.
    ///
    /// @param sums F32
    void add(MemorySegment message, MemorySegment sums) {
        long n = sums.byteSize() / Float.BYTES;
        for (long i = 0; i < n; i++) {
            long at = i / BLOCK * blockBytes();
            int inBlock = (int) (i % BLOCK);
            float scale = message.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at);
            float x;
            if (bits == Byte.SIZE) {
                x = message.get(ValueLayout.JAVA_BYTE, at + SCALE_BYTES + inBlock);
            } else {
                int code = message.get(ValueLayout.JAVA_BYTE, at + SCALE_BYTES + inBlock / 2) >> 4 * (inBlock % 2);
                int level = code & LEVELS;
                x = level == 0 ? 0 : Math.scalb((code & (LEVELS + 1)) == 0 ? 1f : -1f, level - LEVELS);
            }
            sums.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i,
                    sums.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i) + scale * x);
        }
    }
}
