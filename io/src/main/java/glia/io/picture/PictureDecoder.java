package glia.io.picture;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Semaphore;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/// Decodes picture files by ImageIO. Samples are taken as they are stored: colour profiles are ignored, as Pillow's
/// `convert("RGB")` does, which made the pictures that models were trained on.
final class PictureDecoder {
    /// A progressive JPEG is decoded once for each of its scans, of which a small file can have thousands.
    private static final int MAX_SCANS = 200;
    /// Pixels that are decoded at a time, in millions: it bounds the memory of many requests.
    private static final Semaphore MEGAPIXELS = new Semaphore(100, true);

    /// What the beginning of a file says.
    ///
    /// @param format the name for ImageIO and of the media type
    /// @param width as stored, in pixels
    /// @param orientation of EXIF, 1 to 8
    record Header(String format, int width, int height, int orientation) {
        /// Whether the sides are not swapped.
        boolean isUpright() {
            return orientation < 5;
        }
    }

    private PictureDecoder() { }

    private static String format(String name, byte[] file) {
        String start = new String(file, 0, Math.min(file.length, 12), StandardCharsets.ISO_8859_1);
        if (start.startsWith("\u0089PNG\r\n\u001a\n")) {
            return "png";
        } else if (start.startsWith("\u00ff\u00d8\u00ff")) {
            return "jpeg";
        } else if (start.startsWith("GIF8")) {
            return "gif";
        } else if (start.startsWith("RIFF") && start.endsWith("WEBP")) {
            return "webp";
        } else if (start.startsWith("BM")) {
            return "bmp";
        } else if (start.startsWith("II*\0") || start.startsWith("MM\0*")) {
            return "tiff";
        }
        throw new PictureException(name, (file.length == 0 ? "is empty" : "is no picture that can be read")
                + ", expected a PNG, JPEG, GIF, WebP, BMP or TIFF file");
    }

    /// Work with a reader.
    private interface Reading<T> {
        T of(ImageReader reader) throws IOException;
    }

    private static <T> T read(String name, String format, byte[] file, Reading<T> reading) {
        Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format);
        if (!readers.hasNext()) {
            throw new PictureException(name, "this Java cannot read " + format + " files; convert it to PNG");
        }
        ImageReader reader = readers.next();
        try (ImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
            reader.setInput(in, true, true);
            return reading.of(reader);
        } catch (PictureException e) {
            throw e;
        } catch (IOException | RuntimeException | OutOfMemoryError | StackOverflowError e) {
            // Readers throw exceptions of all kinds for files that are damaged.
            throw new PictureException(name, "the " + format + " file is damaged or cut off"
                    + (e.getMessage() == null ? "" : " (" + e.getMessage() + ")"), e);
        } finally {
            reader.dispose();
        }
    }

    static Header header(String name, byte[] file) {
        String format = format(name, file);
        if (format.equals("jpeg") && scans(file) > MAX_SCANS) {
            throw new PictureException(name, "has " + scans(file) + " scans, expected at most " + MAX_SCANS);
        }
        int orientation = Exif.orientation(format, file);
        return read(name, format, file, reader -> {
            int width = reader.getWidth(0);
            int height = reader.getHeight(0);
            if (width < 1 || height < 1) {
                throw new PictureException(name, "has " + width + " x " + height + " pixels, expected at least 1 x 1");
            }
            return new Header(format, width, height, orientation);
        });
    }

    private static int scans(byte[] file) {
        int count = 0;
        for (int i = 0; i + 1 < file.length; i++) {
            count += file[i] == (byte) 0xff && file[i + 1] == (byte) 0xda ? 1 : 0;
        }
        return count;
    }

    /// @param onWhite whether transparent pixels let a white background through
    static Pixels decode(String name, byte[] file, Header header, boolean onWhite) {
        int weight = Math.clamp(header.width() * (long) header.height() / 1_000_000, 1, 100);
        MEGAPIXELS.acquireUninterruptibly(weight);
        try {
            Pixels stored = read(name, header.format(), file, reader -> {
                List<String> warnings = new ArrayList<>();
                reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
                BufferedImage image = reader.read(0);
                if (warnings.stream().anyMatch(w -> w.matches("(?i).*(premature|truncat|eof|end of ).*"))) {
                    throw new IOException(warnings.getFirst());
                }
                if (image.getWidth() != header.width() || image.getHeight() != header.height()) {
                    throw new IOException("its parts have other sizes");
                }
                return pixels(image, onWhite);
            });
            return stored.oriented(header.orientation());
        } finally {
            MEGAPIXELS.release(weight);
        }
    }

    private static Pixels pixels(BufferedImage image, boolean onWhite) {
        int width = image.getWidth();
        byte[] rgb = new byte[3 * Math.multiplyExact(width, image.getHeight())];
        ColorModel colors = image.getColorModel();
        int space = colors.getColorSpace().getType();
        boolean isPlain = colors instanceof ComponentColorModel && !colors.isAlphaPremultiplied()
                && (space == ColorSpace.TYPE_RGB || space == ColorSpace.TYPE_GRAY)
                && (colors.getTransferType() == DataBuffer.TYPE_BYTE
                    || colors.getTransferType() == DataBuffer.TYPE_USHORT);
        int[] row = new int[4 * width];
        for (int y = 0; y < image.getHeight(); y++) {
            if (isPlain) {
                samples(image.getRaster(), colors, y, row);
            } else {
                colors(image, y, row);
            }
            for (int x = 0; x < width; x++) {
                int alpha = onWhite ? row[4 * x + 3] : 255;
                for (int c = 0; c < 3; c++) {
                    rgb[3 * (y * width + x) + c] = (byte) ((row[4 * x + c] * alpha + 255 * (255 - alpha) + 127) / 255);
                }
            }
        }
        return new Pixels(width, image.getHeight(), rgb);
    }

    /// Red, green, blue and alpha of a row of gray or RGB samples, scaled to 8 bits.
    private static void samples(Raster raster, ColorModel colors, int y, int[] row) {
        int bands = raster.getNumBands();
        int[] values = raster.getPixels(raster.getMinX(), raster.getMinY() + y, raster.getWidth(), 1, (int[]) null);
        int most = (1 << colors.getComponentSize(0)) - 1;
        boolean isGray = colors.getNumColorComponents() == 1;
        for (int x = 0; x < raster.getWidth(); x++) {
            for (int c = 0; c < 4; c++) {
                int band = c == 3 ? bands - 1 : isGray ? 0 : c;
                int value = c == 3 && !colors.hasAlpha() ? most : values[x * bands + band];
                row[4 * x + c] = most == 255 ? value : (int) ((value * 255L + most / 2) / most);
            }
        }
    }

    /// The same by the colour model: palettes, packed pixels, other colour spaces.
    private static void colors(BufferedImage image, int y, int[] row) {
        for (int x = 0; x < image.getWidth(); x++) {
            int argb = image.getRGB(x, y);
            row[4 * x] = argb >> 16 & 255;
            row[4 * x + 1] = argb >> 8 & 255;
            row[4 * x + 2] = argb & 255;
            row[4 * x + 3] = argb >>> 24;
        }
    }
}
