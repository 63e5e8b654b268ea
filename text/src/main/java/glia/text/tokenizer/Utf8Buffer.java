package glia.text.tokenizer;

import glia.io.file.Utf8;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Decodes UTF-8 that arrives in parts. Complete characters can be taken out while the bytes of an incomplete one are
/// kept. Invalid bytes become U+FFFD, one for each maximal subpart of a character (Unicode, chapter 3.9, "substitution
/// of maximal subparts"). The text does not depend on how often it is taken out.
final class Utf8Buffer {
    private byte[] bytes = new byte[64];
    private int length;

    void add(int b) {
        if (length == bytes.length) {
            bytes = Arrays.copyOf(bytes, 2 * length);
        }
        bytes[length++] = (byte) b;
    }

    /// Appends a text.
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

    /// Drops up to `most` spaces from the start.
    ///
    /// @return how many more spaces may be dropped later: 0 once another character follows
    int dropSpaces(int most) {
        int spaces = 0;
        while (spaces < most && spaces < length && bytes[spaces] == ' ') {
            spaces++;
        }
        System.arraycopy(bytes, spaces, bytes, 0, length - spaces);
        length -= spaces;
        return length > 0 ? 0 : most - spaces;
    }

    /// Takes out all bytes except those of an incomplete character at the end.
    String takeWhole() {
        return take(length - incomplete());
    }

    /// Takes out all bytes.
    String takeAll() {
        return take(length);
    }

    /// Takes out all bytes as they are.
    byte[] takeBytes() {
        byte[] taken = Arrays.copyOf(bytes, length);
        length = 0;
        return taken;
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

    /// Decodes with one U+FFFD for each maximal subpart. Java's decoder has other parts in encoded surrogates and in
    /// code points above U+10FFFF.
    private String decodeParts(int count) {
        StringBuilder text = new StringBuilder(count);
        for (int i = 0; i < count; ) {
            int size = Utf8.sizeAt(bytes, i, count);
            text.append(size > 0 ? new String(bytes, i, size, StandardCharsets.UTF_8) : "\uFFFD");
            i += Math.abs(size);
        }
        return text.toString();
    }

    /// The number of bytes at the end that may be an incomplete character: 0 to 3.
    private int incomplete() {
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
