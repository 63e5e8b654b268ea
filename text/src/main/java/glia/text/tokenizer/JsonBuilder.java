package glia.text.tokenizer;

import glia.io.file.Utf8;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Builds JSON in ASCII: other characters become escapes such as `\u0120`. A Java string of single bytes is built and
/// passed to the native library without conversion, which at a cold start would run interpreted. Building a tree of
/// 100,000 nodes would take longer still.
final class JsonBuilder {
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
    /// The bytes of an escape, the most that a UTF-16 unit or a byte becomes.
    private static final int ESCAPE = 6;
    /// The bytes appended per capacity check.
    private static final int PART = 4096;

    private byte[] bytes;
    private int length;
    private boolean isReplaced;

    /// @param sizeBytes the expected length
    JsonBuilder(int sizeBytes) {
        bytes = new byte[Math.max(ESCAPE, sizeBytes)];
    }

    /// Appends JSON.
    JsonBuilder raw(String json) {
        reserve(ESCAPE * json.length());
        for (int i = 0; i < json.length(); i++) {
            unit(json.charAt(i));
        }
        return this;
    }

    /// Appends JSON in UTF-8. Invalid bytes become U+FFFD.
    JsonBuilder raw(byte[] utf8, int from, int to) {
        for (int i = from; i < to;) {
            int end = Math.min(to, i + PART);
            reserve(ESCAPE * (PART + 1));
            while (i < end) {
                i = utf8[i] >= 0 ? ascii(utf8[i], i) : character(utf8, i, to);
            }
        }
        return this;
    }

    JsonBuilder raw(boolean value) {
        return raw(Boolean.toString(value));
    }

    JsonBuilder raw(int number) {
        if (number < 0) {
            return raw(Integer.toString(number));
        }
        int digits = 1;
        for (long limit = 10; number >= limit; limit *= 10) {
            digits++;
        }
        reserve(digits);
        int rest = number;
        for (int i = length + digits; i > length; rest /= 10) {
            bytes[--i] = (byte) ('0' + rest % 10);
        }
        length += digits;
        return this;
    }

    /// Appends a text as a JSON string, in quotes.
    JsonBuilder quoted(String text) {
        reserve(ESCAPE * text.length() + 2);
        bytes[length++] = '"';
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (isPlain(c)) {
                unit(c);
            } else {
                escape(c);
            }
        }
        bytes[length++] = '"';
        return this;
    }

    /// Appends a text in UTF-8 as a JSON string, in quotes. Invalid bytes become U+FFFD.
    JsonBuilder quoted(byte[] utf8, int from, int to) {
        reserve(ESCAPE * (to - from) + 2);
        bytes[length++] = '"';
        for (int i = from; i < to;) {
            byte b = utf8[i];
            if (b < 0) {
                i = character(utf8, i, to);
            } else if (isPlain((char) b)) {
                i = ascii(b, i);
            } else {
                escape((char) b);
                i++;
            }
        }
        bytes[length++] = '"';
        return this;
    }

    private static boolean isPlain(char c) {
        return c >= ' ' && c != '"' && c != '\\';
    }

    private int ascii(byte b, int at) {
        bytes[length++] = b;
        return at + 1;
    }

    /// Appends a character of several bytes, or U+FFFD for invalid bytes.
    ///
    /// @return the index after it
    private int character(byte[] utf8, int at, int to) {
        int size = Utf8.sizeAt(utf8, at, to);
        if (size < 0) {
            isReplaced = true;
            escape('\uFFFD');
            return at - size;
        }
        // The first byte starts with as many ones as there are bytes, then a zero.
        int point = utf8[at] & 0x7F >> size;
        for (int i = at + 1; i < at + size; i++) {
            point = point << 6 | utf8[i] & 0x3F;
        }
        if (point > Character.MAX_VALUE) {
            escape(Character.highSurrogate(point));
            point = Character.lowSurrogate(point);
        }
        escape((char) point);
        return at + size;
    }

    private void unit(char c) {
        if (c < 0x80) {
            bytes[length++] = (byte) c;
        } else {
            escape(c);
        }
    }

    private void escape(char c) {
        bytes[length++] = '\\';
        bytes[length++] = 'u';
        for (int shift = 12; shift >= 0; shift -= 4) {
            bytes[length++] = HEX[c >> shift & 15];
        }
    }

    private void reserve(int sizeBytes) {
        if (sizeBytes > bytes.length - length) {
            bytes = Arrays.copyOf(bytes, Math.max(Math.addExact(length, sizeBytes), 2 * length));
        }
    }

    /// Whether invalid UTF-8 was appended.
    boolean isReplaced() {
        return isReplaced;
    }

    @Override
    public String toString() {
        return new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
    }
}
