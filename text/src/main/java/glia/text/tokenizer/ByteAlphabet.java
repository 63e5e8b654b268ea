package glia.text.tokenizer;

import java.util.Arrays;

/// GPT-2's characters for the 256 bytes, which byte-level vocabularies are spelled in: printable characters of Latin-1
/// represent themselves, and the other bytes are numbered from U+0100.
public final class ByteAlphabet {
    private static final char[] CHARACTERS = new char[256];
    private static final short[] BYTES = new short[256 + 68];

    static {
        Arrays.fill(BYTES, (short) -1);
        int next = 256;
        for (int b = 0; b < 256; b++) {
            boolean itself = b > ' ' && b < 0x7F || b > 0xA0 && b != 0xAD;
            CHARACTERS[b] = (char) (itself ? b : next++);
            BYTES[CHARACTERS[b]] = (short) b;
        }
    }

    private ByteAlphabet() { }

    /// The character of a byte.
    public static char character(byte b) {
        return CHARACTERS[b & 0xFF];
    }

    /// The byte of a character, 0 to 255; -1 if it represents none.
    static int byteOf(char c) {
        return c < BYTES.length ? BYTES[c] : -1;
    }

    /// All characters by code point, the order of their ids in vocabularies of Hugging Face's trainer.
    public static char[] sorted() {
        char[] sorted = CHARACTERS.clone();
        Arrays.sort(sorted);
        return sorted;
    }
}
