package glia.text.tokenizer;

import java.util.Arrays;

/// Finds substrings of a text in UTF-8. A lookup compares the piece with all positions of the text that start with the
/// same two bytes, or four if the piece is long enough.
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

    /// Whether `piece[from..to)` is a substring. The empty one is.
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

    /// The positions of a text by hash of the bytes there: linked lists in arrays.
    private static final class Places {
        private static final int LOG_LISTS = 12;
        private static final int HASH = 0x9E3779B1;

        private final int numBytes;
        /// The last position in the list of a hash, plus 1.
        private final int[] last = new int[1 << LOG_LISTS];
        /// The previous position in the list, plus 1.
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
