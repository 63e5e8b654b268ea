package glia.io.file;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/// Strict decoding of UTF-8.
public final class Utf8 {
    private Utf8() { }

    /// Decodes a string.
    ///
    /// @throws CharacterCodingException if they are not UTF-8
    public static String decode(byte[] bytes, int offset, int length) throws CharacterCodingException {
        String text = new String(bytes, offset, length, StandardCharsets.UTF_8);
        // The lenient decoder is faster. The strict one is needed only if a replacement character is found.
        if (text.indexOf('\uFFFD') >= 0) {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, offset, length));
        }
        return text;
    }

    /// The size of the character at `i`, or minus the size of the maximal subpart of an ill-formed sequence (Unicode,
    /// chapter 3.9).
    ///
    /// @param end the end of the bytes
    public static int sizeAt(byte[] bytes, int i, int end) {
        int first = bytes[i] & 0xFF;
        if (first < 0x80) {
            return 1;
        }
        int size = first < 0xC2 || first > 0xF4 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
        // The second byte excludes overlong forms, surrogates and code points beyond U+10FFFF.
        int low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
        int high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
        for (int k = 1; k < size; k++) {
            int b = i + k < end ? bytes[i + k] & 0xFF : 0;
            if (b < low || b > high) {
                return -k;
            }
            low = 0x80;
            high = 0xBF;
        }
        return size > 1 ? size : -1;
    }
}
