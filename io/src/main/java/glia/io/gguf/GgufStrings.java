package glia.io.gguf;

import glia.io.file.Utf8;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// The strings of an array in a GGUF file, kept as UTF-8. A vocabulary has 100,000, few of which are accessed: each is
/// decoded on access. Bytes that are not UTF-8 become U+FFFD.
public final class GgufStrings {
    private final byte[] bytes;
    private final int[] ends;

    GgufStrings(GgufValue.GgufList list) {
        bytes = list.bytes();
        ends = new int[list.count()];
        int at = 0;
        for (int i = 0; i < ends.length; i++) {
            at += Long.BYTES + GgufValue.GgufList.length(bytes, at);
            ends[i] = at;
        }
    }

    public int count() {
        return ends.length;
    }

    /// All strings with the lengths between them; must not be modified.
    public byte[] bytes() {
        return bytes;
    }

    /// The offset of string i, after its length.
    public int from(int i) {
        return (i == 0 ? 0 : ends[i - 1]) + Long.BYTES;
    }

    /// The end of string i.
    public int to(int i) {
        return ends[i];
    }

    public String text(int i) {
        return new String(bytes, from(i), to(i) - from(i), StandardCharsets.UTF_8);
    }

    /// The first index of a string, or -1.
    public int indexOf(String text) {
        byte[] wanted = text.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < ends.length; i++) {
            boolean isAsLong = to(i) - from(i) == wanted.length;
            if (isAsLong && Arrays.equals(bytes, from(i), to(i), wanted, 0, wanted.length)) {
                return i;
            }
        }
        return -1;
    }

    /// All strings, decoded and checked.
    ///
    /// @throws CharacterCodingException if one is not UTF-8
    String[] toArray() throws CharacterCodingException {
        String[] texts = new String[ends.length];
        for (int i = 0; i < texts.length; i++) {
            texts[i] = Utf8.decode(bytes, from(i), to(i) - from(i));
        }
        return texts;
    }
}
