package glia.text.tokenizer;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.BitSet;

/// The precompiled map of characters of a SentencePiece normalizer: the size of a double-array trie in bytes, its units
/// (32 bits, little-endian), and the texts that it leads to, each ended by a zero. The native library follows it
/// without looking where it goes, so every way through it is followed here first.
/// https://github.com/google/sentencepiece, https://linux.thai.net/~thep/datrie/
final class Charsmap {
    private final int[] units;
    private final byte[] texts;

    private Charsmap(int[] units, byte[] texts) {
        this.units = units;
        this.texts = texts;
    }

    /// The map as it was, which is sound.
    ///
    /// @throws IllegalArgumentException if it is not
    static String checked(String base64) {
        byte[] bytes;
        try {
            bytes = Base64.getDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("found a precompiled_charsmap that is not Base64", e);
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        long trieBytes = bytes.length < 4 ? -1 : Integer.toUnsignedLong(buffer.getInt());
        if (trieBytes < 4 || trieBytes % 4 != 0 || trieBytes > bytes.length - 4) {
            throw new IllegalArgumentException("found a precompiled_charsmap of " + bytes.length
                    + " bytes, expected a trie and texts");
        }
        int[] units = new int[(int) trieBytes / 4];
        buffer.asIntBuffer().get(units);
        byte[] texts = java.util.Arrays.copyOfRange(bytes, (int) trieBytes + 4, bytes.length);
        new Charsmap(units, texts).follow();
        return base64;
    }

    private void follow() {
        BitSet seen = new BitSet();
        ArrayDeque<Integer> open = new ArrayDeque<>();
        open.add(offset(units[0]));
        while (!open.isEmpty()) {
            int base = open.remove();
            if (seen.get(base)) {
                continue;
            }
            seen.set(base);
            // The library looks at the unit of every byte that a text may go on with.
            if ((base | 0xFF) >= units.length) {
                throw unsound("unit " + base);
            }
            for (int b = 1; b < 256; b++) {
                int at = base ^ b;
                if ((units[at] & 0x8000_00FF) == b) {
                    int next = at ^ offset(units[at]);
                    if (next < 0 || next >= units.length) {
                        throw unsound("unit " + at);
                    }
                    if ((units[at] >>> 8 & 1) == 1) {
                        checkText(units[next] & 0x7FFF_FFFF, next);
                    }
                    open.add(next);
                }
            }
        }
    }

    private static int offset(int unit) {
        return unit >>> 10 << ((unit & 1 << 9) >>> 6);
    }

    /// A text starts where a character starts, and has an end.
    private void checkText(int at, int unit) {
        int end = at;
        while (end < texts.length && texts[end] != 0) {
            end++;
        }
        if (end >= texts.length || (texts[at] & 0xC0) == 0x80) {
            throw unsound("unit " + unit);
        }
    }

    private static IllegalArgumentException unsound(String where) {
        return new IllegalArgumentException("found a precompiled_charsmap whose " + where + " leads out of it");
    }
}
