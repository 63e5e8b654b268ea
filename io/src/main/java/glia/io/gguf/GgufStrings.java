package glia.io.gguf;

import glia.io.file.Utf8;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/// The strings of an array as they lie in a file: each a length of 8 bytes, little-endian, and its UTF-8. They are
/// decoded when they are first asked for, since a vocabulary of 100,000 takes longer than all the rest of opening a
/// file.
final class GgufStrings {
    private final byte[] bytes;
    private final int count;
    private volatile String[] decoded;

    /// @param bytes `count` strings end to end, already known to fill `bytes` exactly
    GgufStrings(byte[] bytes, int count) {
        this.bytes = bytes;
        this.count = count;
    }

    static GgufStrings of(String[] strings) {
        byte[][] all = new byte[strings.length][];
        long size = 0;
        for (int i = 0; i < all.length; i++) {
            all[i] = strings[i].getBytes(StandardCharsets.UTF_8);
            size += Long.BYTES + all[i].length;
        }
        byte[] bytes = new byte[Math.toIntExact(size)];
        int at = 0;
        for (byte[] one : all) {
            for (int i = 0; i < Integer.BYTES; i++) {
                bytes[at + i] = (byte) (one.length >>> (8 * i));
            }
            System.arraycopy(one, 0, bytes, at + Long.BYTES, one.length);
            at += Long.BYTES + one.length;
        }
        return new GgufStrings(bytes, all.length);
    }

    int count() {
        return count;
    }

    /// The strings as they lie in a file.
    byte[] bytes() {
        return bytes;
    }

    /// @throws CharacterCodingException if one of them is not UTF-8
    String[] decode() throws CharacterCodingException {
        String[] strings = decoded;
        if (strings == null) {
            strings = new String[count];
            int at = 0;
            for (int i = 0; i < count; i++) {
                // The length lies inside the array, so its upper bytes are zero.
                int length = (bytes[at] & 0xFF) | (bytes[at + 1] & 0xFF) << 8 | (bytes[at + 2] & 0xFF) << 16
                        | (bytes[at + 3] & 0xFF) << 24;
                strings[i] = Utf8.decode(bytes, at + Long.BYTES, length);
                at += Long.BYTES + length;
            }
            decoded = strings;
        }
        return strings.clone();
    }
}
