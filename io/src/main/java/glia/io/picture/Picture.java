package glia.io.picture;

import glia.io.hub.ContentHash;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// A picture as a file holds it: PNG, JPEG, GIF (the first frame), WebP, BMP or TIFF (the first page). Its header is
/// checked when it is made, its pixels are decoded when they are needed.
///
/// ```java
/// chat.stream(ChatMessage.user("What is this?", Picture.read(Path.of("cat.jpg"))), System.out::print);
/// ```
public final class Picture implements Visual {
    /// Limits of a file.
    ///
    /// @param bytes the largest file
    /// @param pixels the largest product of width and height
    public record Limits(int bytes, int pixels) {
        /// 64 MiB, 50 million pixels: a decoded picture takes up to 8 bytes a pixel while it is read.
        public static final Limits DEFAULT = new Limits(64 << 20, 50_000_000);
    }

    private static final Pattern NAME = Pattern.compile("(?i).+\\.(png|jpe?g|gif|webp|bmp|tiff?)");

    private final String name;
    /// Empty where `source` is read again.
    private final byte[] kept;
    private final Optional<Path> source;
    private final PictureDecoder.Header header;
    private final String hash;

    private Picture(String name, byte[] file, Optional<Path> source, Limits limits) {
        this.name = name;
        this.source = source;
        kept = source.isPresent() ? new byte[0] : file;
        if (file.length > limits.bytes) {
            throw new PictureException(name, tooLarge(file.length, limits));
        }
        header = PictureDecoder.header(name, file);
        if ((long) header.width() * header.height() > limits.pixels) {
            throw new PictureException(name, "has " + header.width() + " x " + header.height()
                    + " pixels, expected at most " + limits.pixels / 1_000_000.0 + " million; make it smaller");
        }
        hash = ContentHash.sha256(file);
    }

    private byte[] file() {
        if (source.isEmpty()) {
            return kept;
        }
        try {
            byte[] file = Files.readAllBytes(source.get());
            if (ContentHash.sha256(file).equals(hash)) {
                return file;
            }
        } catch (IOException e) {
            throw new PictureException(name, "cannot be read again: " + e.getMessage(), e);
        }
        throw new PictureException(name, "has changed since it was first read");
    }

    private static String tooLarge(long bytes, Limits limits) {
        return "has " + bytes + " bytes, expected at most " + limits.bytes + "; make it smaller";
    }

    /// Reads a file.
    ///
    /// @throws IOException if it cannot be read
    /// @throws PictureException if it is no picture, or too large
    public static Picture read(Path file) throws IOException {
        return read(file, Limits.DEFAULT);
    }

    /// The same with other limits.
    public static Picture read(Path file, Limits limits) throws IOException {
        return new Picture(file.toString(), bytes(file, limits), Optional.empty(), limits);
    }

    private static byte[] bytes(Path file, Limits limits) throws IOException {
        if (Files.size(file) > limits.bytes) {
            throw new PictureException(file.toString(), tooLarge(Files.size(file), limits));
        }
        return Files.readAllBytes(file);
    }

    /// The same for a picture of many, which keeps its path instead of its bytes: the file is read again, and must not
    /// have changed, when its pixels are needed.
    public static Picture readLater(Path file) throws IOException {
        return new Picture(file.toString(), bytes(file, Limits.DEFAULT), Optional.of(file), Limits.DEFAULT);
    }

    /// Whether a file's name ends as those of pictures do.
    public static boolean isNamedSo(String file) {
        return NAME.matcher(file).matches();
    }

    /// A picture of the bytes of a file.
    ///
    /// @param name in messages
    /// @throws PictureException if they are no picture, or too large
    public static Picture of(String name, byte[] file, Limits limits) {
        return new Picture(name, file.clone(), Optional.empty(), limits);
    }

    /// A picture of the Base64 of a file, or of a `data:` URL with it.
    ///
    /// @param name in messages
    /// @throws PictureException if the text is something else
    public static Picture ofBase64(String name, String text, Limits limits) {
        String data = text;
        if (text.startsWith("data:")) {
            int comma = text.indexOf(',');
            if (comma < 0 || !text.substring(0, comma).endsWith(";base64")) {
                throw new PictureException(name, "found a data URL of another form, expected "
                        + "data:image/png;base64,…");
            }
            data = text.substring(comma + 1);
        }
        if (data.length() / 4 * 3L > limits.bytes) {
            throw new PictureException(name, tooLarge(data.length() / 4 * 3L, limits));
        }
        try {
            return new Picture(name, Base64.getMimeDecoder().decode(data), Optional.empty(), limits);
        } catch (PictureException e) {
            throw e;
        } catch (IllegalArgumentException e) {
            throw new PictureException(name, "is no Base64: " + e.getMessage(), e);
        }
    }

    @Override
    public String name() {
        return name;
    }

    /// The width in pixels, as the picture is shown: after the rotation of its EXIF data.
    public int width() {
        return header.isUpright() ? header.width() : header.height();
    }

    /// The height in pixels, as the picture is shown.
    public int height() {
        return header.isUpright() ? header.height() : header.width();
    }

    /// SHA-256 of the file, in hexadecimal digits.
    @Override
    public String hash() {
        return hash;
    }

    @Override
    public String size() {
        return width() + " x " + height() + " pixels";
    }

    @Override
    public Map<String, Object> part() {
        return Map.of("type", "image", "image", this);
    }

    /// The file in a `data:` URL.
    public String dataUrl() {
        return "data:image/" + header.format() + ";base64," + Base64.getEncoder().encodeToString(file());
    }

    /// The pixels on a white background, rotated as the file's EXIF data says.
    ///
    /// @throws PictureException if the file is damaged
    public Pixels pixels() {
        return PictureDecoder.decode(name, file(), header, true);
    }

    /// The same, but transparency is ignored: each pixel has the colour that it would have if it were opaque.
    public Pixels opaquePixels() {
        return PictureDecoder.decode(name, file(), header, false);
    }

    /// Pictures are equal if their files are.
    @Override
    public boolean equals(Object other) {
        return other instanceof Picture picture && picture.hash.equals(hash);
    }

    @Override
    public int hashCode() {
        return hash.hashCode();
    }
}
