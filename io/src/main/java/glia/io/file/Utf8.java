package glia.io.file;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/// Strict decoding of UTF-8.
public final class Utf8 {
    private Utf8() { }

    /// The text of these bytes.
    ///
    /// @throws CharacterCodingException if they are not UTF-8
    public static String decode(byte[] bytes, int offset, int length) throws CharacterCodingException {
        String text = new String(bytes, offset, length, StandardCharsets.UTF_8);
        // The lenient decoder is the fast one; it marks what it could not read, and only then the strict one is needed.
        if (text.indexOf('\uFFFD') >= 0) {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, offset, length));
        }
        return text;
    }
}
