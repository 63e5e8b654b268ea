package glia.io.picture;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/// Pixels of three colours.
///
/// @param rgb red, green and blue of each pixel, 0 to 255, row by row
public record Pixels(int width, int height, byte[] rgb) {
    private static final long MOST_RESIZED = 100_000_000;
    private static final int LONGEST_RESIZED = 1_000_000;

    /// Checks the sizes.
    public Pixels {
        if (width < 1 || height < 1 || rgb.length != 3L * width * height) {
            throw new IllegalArgumentException(rgb.length + " bytes for " + width + " x " + height + " pixels");
        }
    }

    /// A sample, 0 to 255.
    public int get(int x, int y, int color) {
        return rgb[3 * (y * width + x) + color] & 255;
    }

    /// Another picture of one colour.
    public static Pixels filled(int width, int height, int red, int green, int blue) {
        byte[] rgb = new byte[Math.multiplyExact(3, Math.multiplyExact(width, height))];
        for (int i = 0; i < rgb.length; i += 3) {
            rgb[i] = (byte) red;
            rgb[i + 1] = (byte) green;
            rgb[i + 2] = (byte) blue;
        }
        return new Pixels(width, height, rgb);
    }

    /// This picture with another laid onto it, as far as it reaches.
    ///
    /// @param left where the other begins; may be negative
    public Pixels with(Pixels other, int left, int top) {
        int from = Math.max(0, left);
        int to = Math.min(width, left + other.width);
        for (int y = Math.max(0, top); y < Math.min(height, top + other.height) && from < to; y++) {
            System.arraycopy(other.rgb, 3 * ((y - top) * other.width + from - left), rgb, 3 * (y * width + from),
                    3 * (to - from));
        }
        return this;
    }

    /// A part of the picture; black where it reaches beyond.
    public Pixels cropped(int left, int top, int wide, int high) {
        return left == 0 && top == 0 && wide == width && high == height ? this
                : filled(wide, high, 0, 0, 0).with(this, -left, -top);
    }

    /// The picture in another size, antialiased. Its sides are resized one after the other.
    ///
    /// @throws IllegalArgumentException if that takes too many pixels, as of a line whose width becomes that of a page
    public Pixels resized(int wide, int high, Resize filter) {
        if ((long) wide * Math.max(high, height) > MOST_RESIZED || Math.max(width, height) > LONGEST_RESIZED) {
            throw new IllegalArgumentException("has " + width + " x " + height + " pixels, which the model reads as "
                    + wide + " x " + high + "; it is too long for its width or too wide for its height: cut it");
        }
        return filter.of(this, wide, high);
    }

    /// The picture as a PNG file.
    public byte[] png() {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < width * height; i++) {
            image.setRGB(i % width, i / width, (rgb[3 * i] & 255) << 16 | (rgb[3 * i + 1] & 255) << 8
                    | rgb[3 * i + 2] & 255);
        }
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        // Given a plain stream, ImageIO writes a temporary file first.
        try (var memory = new MemoryCacheImageOutputStream(file)) {
            ImageIO.write(image, "png", memory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return file.toByteArray();
    }

    /// The picture as it is shown.
    ///
    /// @param orientation of EXIF: 1 upright, 3 turned by half, 6 and 8 by a quarter, the others mirrored
    Pixels oriented(int orientation) {
        if (orientation == 1) {
            return this;
        }
        boolean swaps = orientation >= 5;
        boolean mirrorsX = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
        boolean mirrorsY = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
        int wide = swaps ? height : width;
        int high = swaps ? width : height;
        byte[] turned = new byte[rgb.length];
        for (int y = 0; y < high; y++) {
            for (int x = 0; x < wide; x++) {
                int ownX = swaps ? y : x;
                int ownY = swaps ? x : y;
                int from = 3 * ((mirrorsY ? height - 1 - ownY : ownY) * width + (mirrorsX ? width - 1 - ownX : ownX));
                System.arraycopy(rgb, from, turned, 3 * (y * wide + x), 3);
            }
        }
        return new Pixels(wide, high, turned);
    }
}
