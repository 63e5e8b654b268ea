package glia.train.tokenizer;

import java.util.Arrays;

/// GPT-2's printable characters for the 256 bytes: those that are printable in Latin-1 stand for themselves, the others
/// for the characters from U+0100 on.
final class ByteAlphabet {
    private static final int[] CHARACTERS = new int[256];

    static {
        int next = 256;
        for (int b = 0; b < 256; b++) {
            boolean printable = b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
            CHARACTERS[b] = printable ? b : next++;
        }
    }

    private ByteAlphabet() { }

    static int character(byte b) {
        return CHARACTERS[b & 0xFF];
    }

    /// All of them by code point, the order of their token ids.
    static int[] sorted() {
        int[] sorted = CHARACTERS.clone();
        Arrays.sort(sorted);
        return sorted;
    }
}
