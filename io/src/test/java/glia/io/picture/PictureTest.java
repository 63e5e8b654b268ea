package glia.io.picture;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Files of all formats, damaged ones too.
class PictureTest {
    /// 6 x 4 pixels of the colours (40 x, 60 y, 200), without loss.
    private static final String WEBP = "UklGRiwAAABXRUJQVlA4TCAAAAAvBcAAALmM6H/sIqL/AYVsI0AHdv5iP8Kg"
            + "DHJMAERKDg==";
    /// The same in PNG, to be turned by a quarter.
    private static final String TURNED = "iVBORw0KGgoAAAANSUhEUgAAAAYAAAAECAIAAAAiZtkUAAAAGmVYSWZNTQAq"
            + "AAAACAABARIAAwAAAAEABgAAAAAAANZn"
            + "S2kAAAAYSURBVHicY2RgOKHBwICMWBhsGNAAcUIAiEgCUlzGkO4AAAAASUVORK5CYII=";

    private static Picture picture(byte[] file) {
        return Picture.of("cat", file, Picture.Limits.DEFAULT);
    }

    private static byte[] encoded(String format, int width, int height, int type) throws IOException {
        BufferedImage image = new BufferedImage(width, height, type);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                image.setRGB(x, y, 0xff000000 | (x * 40 & 255) << 16 | (y * 60 & 255) << 8 | 200);
            }
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        assertTrue(ImageIO.write(image, format, out), format);
        return out.toByteArray();
    }

    private static void assertColors(Pixels pixels) {
        assertEquals(6, pixels.width());
        assertEquals(4, pixels.height());
        for (int i = 0; i < 24; i++) {
            assertEquals(40 * (i % 6), pixels.get(i % 6, i / 6, 0));
            assertEquals(60 * (i / 6), pixels.get(i % 6, i / 6, 1));
            assertEquals(200, pixels.get(i % 6, i / 6, 2));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "bmp", "tiff"})
    void formatsWithoutLossKeepColors(String format) throws IOException {
        assertColors(picture(encoded(format, 6, 4, BufferedImage.TYPE_INT_RGB)).pixels());
    }

    @Test
    void otherFormats() throws IOException {
        assertColors(picture(Base64.getDecoder().decode(WEBP)).pixels());
        for (String format : new String[] {"gif", "jpeg"}) {
            Picture one = picture(encoded(format, 60, 40, BufferedImage.TYPE_INT_RGB));
            assertEquals(60, one.width());
            assertEquals(200, one.pixels().get(3, 3, 2), 30);
            assertTrue(one.dataUrl().startsWith("data:image/" + format + ";base64,"));
        }
    }

    /// Without a conversion of brightness, which the colour models of Java would do.
    @Test
    void graysOfEightAndSixteenBits() throws IOException {
        for (int type : new int[] {BufferedImage.TYPE_BYTE_GRAY, BufferedImage.TYPE_USHORT_GRAY}) {
            BufferedImage image = new BufferedImage(3, 1, type);
            int most = type == BufferedImage.TYPE_BYTE_GRAY ? 255 : 65_535;
            image.getRaster().setPixels(0, 0, 3, 1, new int[] {0, most / 3, most});
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            ImageIO.write(image, "png", out);
            assertArrayEquals(new byte[] {0, 0, 0, 85, 85, 85, -1, -1, -1}, picture(out.toByteArray()).pixels().rgb());
        }
    }

    @Test
    void transparencyShowsWhiteOrIsIgnored() throws IOException {
        BufferedImage image = new BufferedImage(3, 1, BufferedImage.TYPE_INT_ARGB);
        image.setRGB(0, 0, 0xff102030);
        image.setRGB(1, 0, 0x80000000);
        image.setRGB(2, 0, 0x00102030);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(image, "png", out);
        Picture one = picture(out.toByteArray());
        assertArrayEquals(new byte[] {16, 32, 48, 127, 127, 127, -1, -1, -1}, one.pixels().rgb());
        assertArrayEquals(new byte[] {16, 32, 48, 0, 0, 0, 16, 32, 48}, one.opaquePixels().rgb());
    }

    /// Turned by a quarter to the right, the first column from below becomes the first row.
    @Test
    void orientations() throws IOException {
        Picture turned = picture(Base64.getDecoder().decode(TURNED));
        assertEquals(4, turned.width());
        assertEquals(6, turned.height());
        assertEquals(180, turned.pixels().get(0, 0, 1));
        assertEquals(200, turned.pixels().get(0, 5, 0));
        byte[] jpeg = encoded("jpeg", 64, 32, BufferedImage.TYPE_INT_RGB);
        for (int orientation = 0; orientation <= 9; orientation++) {
            byte[] exif = ("Exif\0\0MM\0*\0\0\0\u0008\0\u0001\u0001\u0012\0\u0003\0\0\0\u0001\0" + (char) orientation
                    + "\0\0\0\0\0\0").getBytes(StandardCharsets.ISO_8859_1);
            ByteBuffer file = ByteBuffer.allocate(jpeg.length + exif.length + 4).put(jpeg, 0, 2)
                    .putShort((short) 0xffe1).putShort((short) (exif.length + 2)).put(exif)
                    .put(jpeg, 2, jpeg.length - 2);
            Picture one = picture(file.array());
            assertEquals(orientation >= 5 && orientation <= 8 ? 32 : 64, one.width(), "orientation " + orientation);
            assertEquals(one.width(), one.pixels().width());
            assertEquals(one.height(), one.pixels().height());
        }
    }

    private static void assertRefused(String expected, byte[] file) {
        String message = assertThrows(PictureException.class, () -> picture(file).pixels()).getMessage();
        assertTrue(message.startsWith("cat: ") && message.contains(expected), message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "jpeg", "gif", "bmp", "tiff"})
    void whatIsCutOffIsRefused(String format) throws IOException {
        byte[] file = encoded(format, 80, 60, BufferedImage.TYPE_INT_RGB);
        for (int share = 0; share < 10; share++) {
            int length = file.length * share / 10;
            String message = assertThrows(PictureException.class, () -> picture(Arrays.copyOf(file, length)).pixels(),
                    () -> format + " of " + length + " of " + file.length + " bytes").getMessage();
            assertTrue(message.startsWith("cat: "), message);
        }
    }

    /// Whatever stands in a file, there are pixels or the error of a picture.
    @ParameterizedTest
    @ValueSource(strings = {"png", "jpeg", "gif", "bmp", "tiff", "webp"})
    void damageGivesNoOtherError(String format) throws IOException {
        byte[] file = format.equals("webp") ? Base64.getDecoder().decode(WEBP)
                : encoded(format, 40, 30, BufferedImage.TYPE_INT_RGB);
        Random random = new Random(7);
        for (int i = 0; i < 60; i++) {
            byte[] damaged = file.clone();
            for (int j = 0; j < 3; j++) {
                damaged[random.nextInt(Math.min(i % 2 == 0 ? 60 : file.length, file.length))] = (byte) random.nextInt();
            }
            try {
                Picture.of("cat", damaged, new Picture.Limits(1 << 20, 1 << 20)).pixels();
            } catch (PictureException e) {
                assertTrue(e.getMessage().startsWith("cat: "), e.getMessage());
            }
        }
    }

    @Test
    void whatIsNoPictureIsRefused() {
        assertRefused("is empty", new byte[0]);
        assertRefused("expected a PNG", "<svg xmlns='http://www.w3.org/2000/svg'/>".getBytes(StandardCharsets.UTF_8));
        assertTrue(assertThrows(PictureException.class, () -> Picture.ofBase64("p", "data:image/png,abc",
                Picture.Limits.DEFAULT)).getMessage().contains("data:image/png;base64"));
        assertTrue(assertThrows(PictureException.class, () -> Picture.ofBase64("p", "data:image/png;base64,%%%",
                Picture.Limits.DEFAULT)).getMessage().startsWith("p: "));
    }

    /// A header alone decides: nothing of that size is allocated.
    @Test
    void sizesAreLimitedBeforeAnythingIsDecoded() throws IOException {
        byte[] file = encoded("png", 6, 4, BufferedImage.TYPE_INT_RGB);
        ByteBuffer.wrap(file).putInt(16, 60_000).putInt(20, 60_000);
        CRC32 sum = new CRC32();
        sum.update(file, 12, 17);
        ByteBuffer.wrap(file).putInt(29, (int) sum.getValue());
        assertRefused("60000 x 60000 pixels, expected at most 50.0 million", file);
        assertTrue(assertThrows(PictureException.class, () -> Picture.of("cat", new byte[100],
                new Picture.Limits(99, 1))).getMessage().contains("100 bytes, expected at most 99"));
    }

    @Test
    void extremeSidesAreRead() throws IOException {
        for (int[] size : new int[][] {{1, 1}, {60_000, 1}, {1, 20_000}}) {
            Pixels pixels = picture(encoded("png", size[0], size[1], BufferedImage.TYPE_INT_RGB)).pixels();
            assertEquals(size[0], pixels.width());
            assertEquals(size[1], pixels.height());
            Pixels small = pixels.resized(3, 2, Resize.LANCZOS);
            assertEquals(200, small.get(1, 1, 2));
        }
    }

    /// A line that becomes as high as a page would be millions of pixels wide.
    @Test
    void linesAreNotEnlargedWithoutLimit() {
        Pixels line = Pixels.filled(60_000, 1, 9, 9, 9);
        assertTrue(assertThrows(IllegalArgumentException.class, () -> line.resized(20_160_000, 336, Resize.BICUBIC))
                .getMessage().contains("has 60000 x 1 pixels, which the model reads as 20160000 x 336"));
        assertEquals(336, line.resized(336, 336, Resize.BICUBIC).width());
    }
}
