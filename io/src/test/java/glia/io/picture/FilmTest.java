package glia.io.picture;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Films of folders, animated GIF files and video files.
class FilmTest {
    private static final Film.Sampling ALL = new Film.Sampling(2, 4, 64);

    @TempDir
    private Path folder;

    private static BufferedImage image(int color, int width, int height) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < width * height; i++) {
            image.setRGB(i % width, i / width, color);
        }
        return image;
    }

    private void frame(String name, int color, int width) throws IOException {
        ImageIO.write(image(color, width, 8), "png", folder.resolve(name).toFile());
    }

    @Test
    void framesOfAFolderAreInTheOrderOfTheirNumbers() throws IOException {
        frame("f10.png", 30, 8);
        frame("f9.png", 20, 8);
        frame("f1.png", 10, 8);
        Files.writeString(folder.resolve("notes.txt"), "no frame");
        Film film = Film.read(folder, ALL);
        assertEquals(List.of(10, 20, 30), film.frames().stream().map(f -> f.pixels().get(0, 0, 2)).toList());
        assertEquals(List.of(0.0, 0.5, 1.0), film.seconds());
        assertEquals(List.of(10, 30), Film.read(folder, new Film.Sampling(2, 1, 2)).frames().stream()
                .map(f -> f.pixels().get(0, 0, 2)).toList());
        frame("f11.png", 40, 9);
        assertTrue(assertThrows(PictureException.class, () -> Film.read(folder, ALL)).getMessage()
                .contains("expected one size"));
    }

    @Test
    void framesAreTakenEvenly() {
        assertArrayEquals(new int[] {0, 2, 5, 7}, ALL.indices(8, 4));
        assertArrayEquals(new int[] {0, 1, 2}, ALL.indices(3, 30));
        assertArrayEquals(new int[] {0, 50, 99}, new Film.Sampling(50, 1, 3).indices(100, 50));
        assertArrayEquals(new int[] {0}, new Film.Sampling(1, 1, 1).indices(100, 50));
        assertThrows(IllegalArgumentException.class, () -> new Film.Sampling(0, 1, 2));
    }

    /// The second frame changes a part of the first.
    @Test
    void anAnimatedGifIsComposed() throws IOException {
        File file = folder.resolve("a.gif").toFile();
        ImageWriter writer = ImageIO.getImageWritersByFormatName("gif").next();
        try (ImageOutputStream out = ImageIO.createImageOutputStream(file)) {
            writer.setOutput(out);
            writer.prepareWriteSequence(null);
            gif(writer, image(0xff0000, 8, 8), 0);
            gif(writer, image(0x0000ff, 4, 4), 2);
            writer.endWriteSequence();
        } finally {
            writer.dispose();
        }
        Film film = Film.read(file.toPath(), ALL);
        assertEquals(2, film.frames().size());
        assertEquals(List.of(0.0, 0.5), film.seconds());
        Pixels second = film.frames().get(1).pixels();
        assertEquals(List.of(255, 0), List.of(second.get(1, 1, 0) & 255, second.get(1, 1, 2) & 255));
        assertEquals(List.of(0, 255), List.of(second.get(3, 3, 0) & 255, second.get(3, 3, 2) & 255));
    }

    private static void gif(ImageWriter writer, BufferedImage image, int place) throws IOException {
        IIOMetadata metadata = writer.getDefaultImageMetadata(ImageTypeSpecifier.createFromRenderedImage(image), null);
        String format = "javax_imageio_gif_image_1.0";
        IIOMetadataNode root = (IIOMetadataNode) metadata.getAsTree(format);
        IIOMetadataNode control = (IIOMetadataNode) root.getElementsByTagName("GraphicControlExtension").item(0);
        control.setAttribute("delayTime", "50");
        control.setAttribute("disposalMethod", "none");
        IIOMetadataNode descriptor = (IIOMetadataNode) root.getElementsByTagName("ImageDescriptor").item(0);
        descriptor.setAttribute("imageLeftPosition", String.valueOf(place));
        descriptor.setAttribute("imageTopPosition", String.valueOf(place));
        metadata.setFromTree(format, root);
        writer.writeToSequence(new IIOImage(image, null, metadata), null);
    }

    @Test
    void whatIsNoFilmIsAnError() throws IOException {
        Path file = Files.writeString(folder.resolve("a.mp4"), "no video");
        String message = assertThrows(PictureException.class, () -> Film.read(file, ALL)).getMessage();
        assertTrue(message.contains("there is no ffmpeg") || message.contains("ffmpeg cannot decode it"), message);
        assertTrue(assertThrows(PictureException.class, () -> Film.read(Files.createDirectory(folder.resolve("none")),
                ALL)).getMessage().contains("has no frames"));
    }
}
