package glia.io.file;

import glia.io.CheckpointException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// Recognizes what people often find in place of a checkpoint: a pointer to it, an error page, an archive.
public final class ForeignFile {
    private static final int SNIFF_BYTES = 64;

    private ForeignFile() { }

    /// What the file is, as the end of a sentence that begins "found ", with what to try; where its first bytes tell
    /// nothing, those.
    public static String describe(MappedFile file) throws CheckpointException {
        byte[] head = head(file);
        String text = new String(head, StandardCharsets.ISO_8859_1);
        String lower = text.strip().toLowerCase(Locale.ROOT);
        if (text.startsWith("version https://git-lfs")) {
            return "a Git LFS pointer instead of the file it stands for; fetch that with `git lfs pull`";
        }
        if (lower.startsWith("<!doctype html") || lower.startsWith("<html")) {
            return "an HTML page, probably an error or login page saved in place of the file; download it again";
        }
        if (text.startsWith("PK\3\4")) {
            return "a zip archive, perhaps PyTorch's pickle format; convert it to safetensors first";
        }
        if (text.startsWith("GGUF")) {
            return "a GGUF file; name it .gguf";
        }
        if (lower.startsWith("{")) {
            return "a JSON text";
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

    /// Whether the file begins with these characters.
    public static boolean startsWith(MappedFile file, String magic) throws CheckpointException {
        return new String(head(file), StandardCharsets.ISO_8859_1).startsWith(magic);
    }

    private static byte[] head(MappedFile file) throws CheckpointException {
        byte[] head = new byte[(int) Math.min(SNIFF_BYTES, file.sizeBytes())];
        file.read(ByteBuffer.wrap(head), 0);
        return head;
    }
}
