package glia.text.tokenizer;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Base64;
import java.util.BitSet;

/// The `precompiled_charsmap` of a SentencePiece normalizer, which replaces characters: the size of a double-array trie
/// in bytes, its units (32 bits, little-endian), and the replacements, UTF-8 texts that each end with a zero byte. The
/// native library follows the trie without bounds checks that it survives, so every path is followed here first.
///
/// Sources: https://github.com/google/sentencepiece, https://linux.thai.net/~thep/datrie/
final class Charsmap {
    private static final int ASCII = 0x80;

    private final String base64;
    private final int[] units;
    private final byte[] texts;
    /// By byte of `texts`, the characters from there to the next zero byte; -1 if there is none.
    private final int[] lengths;
    private final int longestForAscii;
    private final int longestForOthers;

    private Charsmap(String base64, int[] units, byte[] texts) {
        this.base64 = base64;
        this.units = units;
        this.texts = texts;
        this.lengths = new int[texts.length];
        int length = -1;
        for (int i = texts.length - 1; i >= 0; i--) {
            if (texts[i] == 0) {
                length = 0;
            } else if (length >= 0 && (texts[i] & 0xC0) != 0x80) {
                // Four bytes are two UTF-16 units.
                length += (texts[i] & 0xF8) == 0xF0 ? 2 : 1;
            }
            lengths[i] = length;
        }
        longestForAscii = follow(1, ASCII);
        longestForOthers = follow(ASCII, 256);
    }

    /// @throws IllegalArgumentException if the map is damaged
    static Charsmap of(String base64) {
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
        byte[] texts = Arrays.copyOfRange(bytes, (int) trieBytes + 4, bytes.length);
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(texts));
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("found a precompiled_charsmap whose texts are not UTF-8", e);
        }
        return new Charsmap(base64, units, texts);
    }

    /// The map as the file has it.
    String base64() {
        return base64;
    }

    /// Adds to a limit how much longer the map makes a text.
    void addTo(TextLimit.Builder limit) {
        if (longestForAscii > 1) {
            limit.insert("é");
            limit.lengthen(Math.max(longestForAscii, longestForOthers));
        } else {
            limit.lengthenOthers(Math.max(1, longestForOthers));
        }
    }

    /// Follows all paths that begin with a byte of a range.
    ///
    /// @return the most characters of a replacement that they lead to
    private int follow(int fromByte, int toByte) {
        int longest = 0;
        BitSet seen = new BitSet();
        ArrayDeque<Integer> open = new ArrayDeque<>();
        int root = offset(units[0]);
        open.add(root);
        for (boolean isRoot = true; !open.isEmpty(); isRoot = false) {
            int base = open.remove();
            // The library reads the unit of every byte that a text may go on with.
            if ((base | 0xFF) >= units.length) {
                throw damaged("unit " + base);
            }
            for (int b = isRoot ? fromByte : 1; b < (isRoot ? toByte : 256); b++) {
                int at = base ^ b;
                if ((units[at] & 0x8000_00FF) == b) {
                    int next = at ^ offset(units[at]);
                    if (next < 0 || next >= units.length) {
                        throw damaged("unit " + at);
                    }
                    if ((units[at] >>> 8 & 1) == 1) {
                        longest = Math.max(longest, length(units[next] & 0x7FFF_FFFF, next));
                    }
                    if (!seen.get(next)) {
                        seen.set(next);
                        open.add(next);
                    }
                }
            }
        }
        return longest;
    }

    private static int offset(int unit) {
        return unit >>> 10 << ((unit & 1 << 9) >>> 6);
    }

    /// The characters of a replacement, which starts where a character starts, and has an end.
    private int length(int at, int unit) {
        if (at >= texts.length || lengths[at] < 0 || (texts[at] & 0xC0) == 0x80) {
            throw damaged("unit " + unit);
        }
        return lengths[at];
    }

    private static IllegalArgumentException damaged(String where) {
        return new IllegalArgumentException("found a precompiled_charsmap whose " + where + " leads out of it");
    }
}
