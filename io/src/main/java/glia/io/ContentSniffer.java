package glia.io;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;

/// Recognizes by their first bytes files that are often found in place of a model file: Git LFS pointers, HTML error
/// pages, archives.
public final class ContentSniffer {
    /// Bytes that a decision needs.
    public static final int HEAD_BYTES = 64;

    private ContentSniffer() { }

    /// What a file is, to complete a message that ends in "found ", with what to try; the first bytes in hexadecimal
    /// where it is none of the kinds known.
    ///
    /// @param head its first bytes
    public static String describe(byte[] head) {
        String stub = describeStub(head);
        if (!stub.isEmpty()) {
            return stub;
        }
        String text = text(head);
        if (text.startsWith("PK\3\4")) {
            return "a zip archive; name it .zip if it holds a model, .bin if PyTorch saved it";
        }
        if (text.startsWith("GGUF")) {
            return "a GGUF file; name it .gguf";
        }
        if (text.strip().startsWith("{")) {
            return "JSON";
        }
        if (head.length == 0) {
            return "an empty file; download it again";
        }
        StringBuilder hex = new StringBuilder("the bytes");
        for (int i = 0; i < Math.min(8, head.length); i++) {
            hex.append(String.format(Locale.ROOT, " %02x", head[i]));
        }
        return hex.toString();
    }

    /// Describes a Git LFS pointer or a page of a web server that was saved in place of a file.
    ///
    /// @return an empty string where it is neither
    public static String describeStub(byte[] head) {
        String text = text(head);
        String lower = text.strip().toLowerCase(Locale.ROOT);
        if (text.startsWith("version https://git-lfs")) {
            return "a Git LFS pointer instead of the file itself; run `git lfs pull` in its folder, or download the "
                    + "file again";
        }
        if (lower.startsWith("<!doctype html") || lower.startsWith("<html")) {
            return "an HTML page, probably an error or login page saved in place of the file; download it again";
        }
        if (lower.startsWith("<?xml")) {
            return "an XML document, probably a server's error message saved in place of the file; download it again";
        }
        return "";
    }

    /// Checks that a file is not a Git LFS pointer or a page of a web server.
    ///
    /// @param bytes its first bytes or all of them
    /// @param expected what it should be, such as `a tokenizer`
    /// @throws CheckpointException if it is one; the message says what to try
    public static void requireNoStub(Path file, byte[] bytes, String expected) throws CheckpointException {
        String stub = describeStub(bytes);
        if (!stub.isEmpty()) {
            throw new CheckpointException(file, "", "found " + stub + " (expected " + expected + ")");
        }
    }

    private static String text(byte[] head) {
        boolean hasByteOrderMark = head.length >= 3 && head[0] == (byte) 0xEF && head[1] == (byte) 0xBB
                && head[2] == (byte) 0xBF;
        int from = hasByteOrderMark ? 3 : 0;
        return new String(head, from, Math.min(head.length - from, HEAD_BYTES), StandardCharsets.ISO_8859_1);
    }
}
