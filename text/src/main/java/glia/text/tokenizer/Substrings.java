package glia.text.tokenizer;

import java.util.Arrays;

/// The substrings of a text, as UTF-8. To find whether a piece is one takes as long as the text has places that begin
/// as the piece does, in two bytes or, if it is so long, in four.
final class Substrings {
    private final byte[] text;
    private final boolean[] bytes = new boolean[256];
    private final Places pairs;
    private final Places quads;

    Substrings(byte[] text) {
        this.text = text;
        for (byte b : text) {
            bytes[b & 0xFF] = true;
        }
        pairs = new Places(text, 2);
        quads = new Places(text, 4);
    }

    /// Whether `piece[from..to)` is one. One without bytes is.
    boolean has(byte[] piece, int from, int to) {
        return switch (to - from) {
            case 0 -> true;
            case 1 -> bytes[piece[from] & 0xFF];
            case 2, 3 -> has(pairs, piece, from, to);
            default -> has(quads, piece, from, to);
        };
    }

    private boolean has(Places places, byte[] piece, int from, int to) {
        int length = to - from;
        for (int at = places.last(piece, from); at >= 0; at = places.before(at)) {
            if (length <= text.length - at && Arrays.equals(text, at, at + length, piece, from, to)) {
                return true;
            }
        }
        return false;
    }

    /// The places of a text by the bytes that stand there.
    private static final class Places {
        private static final int LOG_LISTS = 12;
        private static final int HASH = 0x9E3779B1;

        private final int numBytes;
        /// The last place in the list of a hash, and one more.
        private final int[] last = new int[1 << LOG_LISTS];
        /// The place before each in its list, and one more.
        private final int[] before;

        Places(byte[] text, int numBytes) {
            this.numBytes = numBytes;
            before = new int[text.length];
            for (int at = 0; at <= text.length - numBytes; at++) {
                int list = list(text, at);
                before[at] = last[list];
                last[list] = at + 1;
            }
        }

        private int list(byte[] bytes, int at) {
            int key = 0;
            for (int i = 0; i < numBytes; i++) {
                key = key << 8 | bytes[at + i] & 0xFF;
            }
            return key * HASH >>> Integer.SIZE - LOG_LISTS;
        }

        int last(byte[] bytes, int at) {
            return last[list(bytes, at)] - 1;
        }

        int before(int at) {
            return before[at] - 1;
        }
    }
}
