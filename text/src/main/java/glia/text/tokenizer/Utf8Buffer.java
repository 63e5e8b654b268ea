package glia.text.tokenizer;

import glia.io.file.Utf8;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Bytes on their way to a text. Whole characters can be taken out while the bytes of one that has only begun stay.
/// Bytes that are not UTF-8 become U+FFFD, one for each longest part that could have begun a character, as Unicode
/// recommends (chapter 3.9, "substitution of maximal subparts"). Taken out piece by piece or at once, the text is the
/// same.
final class Utf8Buffer {
    private byte[] bytes = new byte[64];
    private int length;

    void add(int b) {
        if (length == bytes.length) {
            bytes = Arrays.copyOf(bytes, 2 * length);
        }
        bytes[length++] = (byte) b;
    }

    /// Adds the UTF-8 of a text.
    void add(String text) {
        for (int i = 0; i < text.length(); i++) {
            int c = text.charAt(i);
            if (c < 0x80) {
                add(c);
            } else if (c < 0x800) {
                add(0xC0 | c >> 6);
                add(0x80 | c & 0x3F);
            } else {
                c = text.codePointAt(i);
                if (c > 0xFFFF) {
                    i++;
                    add(0xF0 | c >> 18);
                    add(0x80 | c >> 12 & 0x3F);
                } else {
                    add(0xE0 | c >> 12);
                }
                add(0x80 | c >> 6 & 0x3F);
                add(0x80 | c & 0x3F);
            }
        }
    }

    /// Drops up to `most` spaces from the start. Returns how many more could still follow: fewer once others came.
    int dropSpaces(int most) {
        int spaces = 0;
        while (spaces < most && spaces < length && bytes[spaces] == ' ') {
            spaces++;
        }
        System.arraycopy(bytes, spaces, bytes, 0, length - spaces);
        length -= spaces;
        return length > 0 ? 0 : most - spaces;
    }

    /// The text of all bytes but those of a character that has only begun at the end.
    String takeWhole() {
        return take(length - begun());
    }

    /// The text of all bytes.
    String takeAll() {
        return take(length);
    }

    private String take(int count) {
        if (count == 0) {
            return "";
        }
        String text = new String(bytes, 0, count, StandardCharsets.UTF_8);
        if (text.indexOf('\uFFFD') >= 0) {
            text = decodeParts(count);
        }
        System.arraycopy(bytes, count, bytes, 0, length - count);
        length -= count;
        return text;
    }

    /// The text with one U+FFFD for each longest part that could have begun a character. Java's own decoder sees other
    /// parts in cut-off surrogates and in characters beyond the last.
    private String decodeParts(int count) {
        StringBuilder text = new StringBuilder(count);
        for (int i = 0; i < count; ) {
            int size = Utf8.sizeAt(bytes, i, count);
            text.append(size > 0 ? new String(bytes, i, size, StandardCharsets.UTF_8) : "\uFFFD");
            i += Math.abs(size);
        }
        return text.toString();
    }

    /// The number of bytes at the end that may be the start of a longer character: 0 to 3. A first byte never continues
    /// a character, so the text before it does not depend on what follows.
    private int begun() {
        for (int back = 1; back <= 3 && back <= length; back++) {
            int b = bytes[length - back] & 0xFF;
            if (b < 0x80) {
                return 0;
            }
            if (b >= 0xC0) {
                int size = b >= 0xF0 ? 4 : b >= 0xE0 ? 3 : 2;
                return back < size ? back : 0;
            }
        }
        return 0;
    }
}
