package glia.tensor.format;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// The grids of IQ1, IQ2 and IQ3: an index of 8 to 11 bits stands for 8 codes (IQ1, IQ2) or 4 codes (IQ3) of a
/// `Codebook`, without the sign. The tables are those that ggml chose by the frequency of such groups in models; the
/// resource holds 16 bits an entry, codes of 2 or 4 bits from the lowest on (`src/test/python/formats.py` writes it).
final class Grids {
    private static final String FILE = "grids.bin";
    private static final ByteBuffer FILE_BYTES = read();

    /// A code in each byte, the first in the lowest.
    static final long[] IQ1 = next(2048, 2);
    static final long[] IQ2_XXS = next(256, 2);
    static final long[] IQ2_XS = next(512, 2);
    static final long[] IQ2_S = next(1024, 2);
    /// In the lower four bytes.
    static final long[] IQ3_XXS = next(256, 4);
    static final long[] IQ3_S = next(512, 4);
    /// The bits of a number as 0 or 1 in each byte.
    static final long[] BITS = new long[256];

    static {
        for (int i = 0; i < 256; i++) {
            for (int j = 0; j < 8; j++) {
                BITS[i] |= (long) (i >> j & 1) << 8 * j;
            }
        }
    }

    private Grids() { }

    private static ByteBuffer read() {
        try (InputStream in = Grids.class.getResourceAsStream(FILE)) {
            return ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long[] next(int size, int bits) {
        long[] grid = new long[size];
        for (int i = 0; i < size; i++) {
            int packed = FILE_BYTES.getShort() & 0xffff;
            for (int j = 0; j < 16 / bits; j++) {
                grid[i] |= (long) (packed >> bits * j & (1 << bits) - 1) << 8 * j;
            }
        }
        return grid;
    }
}
