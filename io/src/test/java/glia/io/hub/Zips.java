package glia.io.hub;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/// Archives for tests, valid ones and ones with false fields.
final class Zips {
    private Zips() { }

    /// @param namesAndTexts a name, its text, the next name, its text…
    static Path write(Path file, String... namesAndTexts) {
        try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
            for (int i = 0; i < namesAndTexts.length; i += 2) {
                zip.putNextEntry(new ZipEntry(namesAndTexts[i]));
                zip.write(namesAndTexts[i + 1].getBytes(StandardCharsets.UTF_8));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return file;
    }

    static Path writeZeros(Path file, String name, long bytes) throws IOException {
        try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
            zip.putNextEntry(new ZipEntry(name));
            var zeros = new byte[1 << 20];
            for (long left = bytes; left > 0; left -= zeros.length) {
                zip.write(zeros, 0, (int) Math.min(left, zeros.length));
            }
        }
        return file;
    }

    /// States a comment of a wrong length in the record at the end.
    static void setCommentLength(Path file, int length) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putShort(bytes.length - 2, (short) length);
        Files.write(file, bytes);
    }

    /// An archive of empty files.
    static Path writeEmpty(Path file, List<String> names) throws IOException {
        try (var zip = new ZipOutputStream(new BufferedOutputStream(Files.newOutputStream(file)))) {
            zip.setMethod(ZipOutputStream.STORED);
            for (String name : names) {
                var entry = new ZipEntry(name);
                entry.setSize(0);
                entry.setCrc(0);
                zip.putNextEntry(entry);
            }
        }
        return file;
    }

    /// Overwrites a 32-bit field of the first entry in the central directory: 16 checksum, 20 compressed size,
    /// 24 size, 42 offset of the local header.
    static void setDirectoryField(Path file, int offset, int value) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        var buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int at = 0;
        while (buffer.getInt(at) != 0x02014b50) {
            at++;
        }
        buffer.putInt(at + offset, value);
        Files.write(file, bytes);
    }
}
