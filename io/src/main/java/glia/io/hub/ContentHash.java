package glia.io.hub;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.IntConsumer;

/// The hash in a file's ETag: SHA-256 of the content for files in large file storage (64 hex digits), else git's hash
/// of a blob, SHA-1 of `blob SIZE`, a zero byte and the content (40 hex digits). Other ETags contain no hash.
///
/// @see <a href="https://git-scm.com/book/en/v2/Git-Internals-Git-Objects">Git objects</a>
public final class ContentHash {
    static final int BUFFER_BYTES = 1 << 18;

    private ContentHash() { }

    /// Whether the ETag is a hash that [#of] can compute.
    static boolean isStated(String etag) {
        return etag.matches("[0-9a-f]{64}|[0-9a-f]{40}");
    }

    /// The hash of a file in the form of the ETag.
    static String of(Path file, String etag, ProgressMeter meter) throws IOException {
        MessageDigest digest = digest(etag.length() == 64 ? "SHA-256" : "SHA-1");
        if (etag.length() == 40) {
            digest.update(("blob " + Files.size(file) + "\0").getBytes(StandardCharsets.US_ASCII));
        }
        read(file, digest, meter::add);
        return hex(digest);
    }

    /// The SHA-256 of a file, in hexadecimal digits.
    public static String sha256(Path file) throws IOException {
        MessageDigest digest = sha256();
        read(file, digest, n -> { });
        return hex(digest);
    }

    /// The SHA-256 of bytes, in hexadecimal digits.
    public static String sha256(byte[] bytes) {
        MessageDigest digest = sha256();
        digest.update(bytes);
        return hex(digest);
    }

    private static void read(Path file, MessageDigest digest, IntConsumer meter) throws IOException {
        var buffer = new byte[BUFFER_BYTES];
        try (InputStream in = Files.newInputStream(file)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
                meter.accept(n);
            }
        }
    }

    static MessageDigest sha256() {
        return digest("SHA-256");
    }

    static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest digest(String algorithm) {
        try {
            return MessageDigest.getInstance(algorithm);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has " + algorithm, e);
        }
    }
}
