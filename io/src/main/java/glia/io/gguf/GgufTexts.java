package glia.io.gguf;

import glia.io.file.Utf8;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// The texts of a list of a GGUF file, as the UTF-8 that the file has. A vocabulary has 100,000 of them, of which few
/// are looked at: each is made when it is asked for. Bytes that are not UTF-8 become U+FFFD, unless they are checked.
public final class GgufTexts {
    private final byte[] bytes;
    private final int[] from;
    private final int[] to;

    GgufTexts(GgufList list) {
        bytes = list.bytes();
        from = new int[list.count()];
        to = new int[list.count()];
        int at = 0;
        for (int i = 0; i < from.length; i++) {
            from[i] = at + Long.BYTES;
            at = from[i] + GgufList.length(bytes, at);
            to[i] = at;
        }
    }

    /// @throws CharacterCodingException if one of the texts is not UTF-8
    void check() throws CharacterCodingException {
        for (int i = 0; i < from.length; i++) {
            Utf8.decode(bytes, from[i], to[i] - from[i]);
        }
    }

    public int count() {
        return from.length;
    }

    /// All texts and what is between them; not to be changed.
    public byte[] bytes() {
        return bytes;
    }

    /// Where text i begins.
    public int from(int i) {
        return from[i];
    }

    /// Where text i ends.
    public int to(int i) {
        return to[i];
    }

    public String text(int i) {
        return new String(bytes, from[i], to[i] - from[i], StandardCharsets.UTF_8);
    }

    /// The first place of a text, or -1.
    public int indexOf(String text) {
        byte[] wanted = text.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < from.length; i++) {
            if (to[i] - from[i] == wanted.length
                    && Arrays.equals(bytes, from[i], to[i], wanted, 0, wanted.length)) {
                return i;
            }
        }
        return -1;
    }

    /// All of them.
    public String[] toArray() {
        String[] texts = new String[from.length];
        Arrays.setAll(texts, this::text);
        return texts;
    }
}
