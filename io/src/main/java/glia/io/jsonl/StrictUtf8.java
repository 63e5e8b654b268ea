package glia.io.jsonl;

import glia.io.CheckpointException;
import glia.io.file.Utf8;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.Locale;

/// Decodes the bytes of data files, which must be UTF-8.
public final class StrictUtf8 {
    private StrictUtf8() { }

    /// Decodes `bytes[0, length)`.
    ///
    /// @param offset of the first byte in the file
    /// @param line of the first byte
    /// @throws CheckpointException if they are not UTF-8, with line, offset and the bytes
    public static String decode(Path file, byte[] bytes, int length, long offset, long line)
            throws CheckpointException {
        try {
            return Utf8.decode(bytes, 0, length);
        } catch (CharacterCodingException e) {
            int at = 0;
            long badLine = line;
            int size = Utf8.sizeAt(bytes, at, length);
            while (size > 0) {
                badLine += bytes[at] == '\n' ? 1 : 0;
                at += size;
                size = Utf8.sizeAt(bytes, at, length);
            }
            boolean isUtf16 = offset + at == 0 && length > 1 && (bytes[0] & 0xFF) + (bytes[1] & 0xFF) == 0xFF + 0xFE;
            String found = isUtf16 ? "found the byte order mark of UTF-16" : String.format(Locale.ROOT,
                    "found the byte 0x%02X, which is not UTF-8 here", bytes[at]);
            throw new CheckpointException(file, "line " + badLine + ", byte " + (offset + at), found
                    + ". Convert the file, for example with: iconv -f " + (isUtf16 ? "UTF-16" : "WINDOWS-1252")
                    + " -t UTF-8 FILE > NEW", e);
        }
    }

    /// How many of the bytes are whole characters: all but an incomplete one at the end.
    public static int whole(byte[] bytes, int length) {
        for (int i = length - 1; i >= Math.max(0, length - 3); i--) {
            int b = bytes[i] & 0xFF;
            if (b >= 0xC0) {
                int size = b < 0xE0 ? 2 : b < 0xF0 ? 3 : 4;
                return i + size > length ? i : length;
            }
            if (b < 0x80) {
                return length;
            }
        }
        return length;
    }
}
