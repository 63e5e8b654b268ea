package glia.io.picture;

import glia.io.file.Folders;
import glia.io.hub.ContentHash;
import java.awt.AlphaComposite;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.ImageInputStream;

/// A film: pictures of one size at times. It is read from a folder of frames in the order of their names, an animated
/// GIF, or a video file, which the `ffmpeg` of the path decodes.
///
/// @param name in messages
/// @param seconds the time of each frame, ascending
public record Film(String name, List<Picture> frames, List<Double> seconds) implements Visual {
    private static final int MAX_GIF_FRAMES = 10_000;
    private static final int MAX_SECONDS = 600;
    /// The kinds of files that `ffmpeg` may take a film for: none of lists that name other files or addresses.
    private static final String CONTAINERS =
            "mov,mp4,matroska,webm,avi,mpeg,mpegts,mpegvideo,m4v,ogg,flv,asf,h264,hevc";

    /// Which frames are taken.
    ///
    /// @param fps frames a second; a folder has as many
    /// @param least frames, if the film has as many
    /// @param most frames; of more, some are taken evenly
    public record Sampling(double fps, int least, int most) {
        /// @throws IllegalArgumentException if a number is out of range
        public Sampling {
            if (!(fps > 0 && fps <= 1000) || least < 1 || most < least) {
                throw new IllegalArgumentException("found " + fps + " frames a second, " + least + " to " + most
                        + " in all; expected more than 0, up to 1000, and at least 1 frame");
            }
        }

        /// The frames to take of some at a rate, spread evenly from the first to the last.
        public int[] indices(int total, double rate) {
            int count = Math.min(total, Math.clamp((long) (total / rate * fps), least, most));
            return IntStream.range(0, count).map(i -> count == 1 ? 0
                    : (int) Math.rint((double) i * (total - 1) / (count - 1))).toArray();
        }
    }

    /// @throws PictureException if there are no frames, or they differ in size
    public Film {
        frames = List.copyOf(frames);
        seconds = List.copyOf(seconds);
        if (frames.isEmpty() || frames.size() != seconds.size()) {
            throw new PictureException(name, "has " + frames.size() + " frames at " + seconds.size()
                    + " times, expected at least one, each at a time");
        }
        for (Picture frame : frames) {
            if (frame.width() != frames.getFirst().width() || frame.height() != frames.getFirst().height()) {
                throw new PictureException(name, "has frames of " + frames.getFirst().width() + " x "
                        + frames.getFirst().height() + " and of " + frame.width() + " x " + frame.height()
                        + " pixels (" + frame.name() + "), expected one size");
            }
        }
    }

    /// Reads a film.
    ///
    /// @throws IOException if it cannot be read
    /// @throws PictureException if it is no film, or no `ffmpeg` is there to decode it
    public static Film read(Path path, Sampling sampling) throws IOException {
        if (Files.isDirectory(path)) {
            return folder(path.toString(), path, sampling);
        }
        String start;
        try (InputStream in = Files.newInputStream(path)) {
            start = new String(in.readNBytes(4), StandardCharsets.ISO_8859_1);
        }
        return start.equals("GIF8") ? gif(path, sampling) : video(path, sampling);
    }

    /// Reads a film of the bytes of a file.
    ///
    /// @param name for messages
    /// @throws IOException if it cannot be read
    /// @throws PictureException if it is no film, or no `ffmpeg` is there to decode it
    public static Film of(String name, byte[] file, Sampling sampling) throws IOException {
        Path folder = Files.createTempDirectory("glia-film");
        Path path = folder.resolve("film");
        try {
            Film film = read(Files.write(path, file), sampling);
            return new Film(name, film.frames, film.seconds);
        } catch (PictureException e) {
            throw new PictureException(name, e.getMessage().replace(path + ": ", ""), e);
        } finally {
            Folders.delete(folder);
        }
    }

    private static Film folder(String name, Path folder, Sampling sampling) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(folder)) {
            files = all.filter(f -> Picture.isNamedSo(f.getFileName().toString()))
                    .sorted(Comparator.comparing(Film::padded)).toList();
        }
        if (files.isEmpty()) {
            throw new PictureException(name, "has no frames, expected PNG, JPEG, GIF, WebP, BMP or TIFF files");
        }
        List<Picture> frames = new ArrayList<>();
        List<Double> seconds = new ArrayList<>();
        for (int i : sampling.indices(files.size(), sampling.fps)) {
            frames.add(Picture.read(files.get(i)));
            seconds.add(i / sampling.fps);
        }
        return new Film(name, frames, seconds);
    }

    /// A name with zeros before its numbers, so that they are compared as numbers.
    private static String padded(Path file) {
        return file.getFileName().toString().replaceAll("(\\d+)", "00000000000000000000$1")
                .replaceAll("0*(\\d{20})", "$1");
    }

    private static Film video(Path file, Sampling sampling) throws IOException {
        Path folder = Files.createTempDirectory("glia-film");
        try {
            Process process = new ProcessBuilder("ffmpeg", "-nostdin", "-v", "error", "-protocol_whitelist", "file",
                    "-format_whitelist", CONTAINERS, "-i", file.toAbsolutePath().toString(),
                    "-vf", "fps=" + sampling.fps, "-frames:v", String.valueOf(MAX_GIF_FRAMES),
                    folder.resolve("%06d.png").toString())
                    .redirectErrorStream(true).redirectOutput(folder.resolve("log").toFile()).start();
            if (!process.waitFor(MAX_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new PictureException(file.toString(), "ffmpeg did not end within " + MAX_SECONDS + " seconds");
            }
            if (process.exitValue() != 0) {
                throw new PictureException(file.toString(), "ffmpeg cannot decode it: "
                        + Files.readString(folder.resolve("log")).strip().lines().findFirst().orElse(""));
            }
            return folder(file.toString(), folder, sampling);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        } catch (IOException e) {
            if (e.getMessage() != null && e.getMessage().contains("Cannot run program")) {
                throw new PictureException(file.toString(), "is a video, which ffmpeg decodes, but there is no ffmpeg "
                        + "on the path; install it, or give a folder of frames or an animated GIF", e);
            }
            throw e;
        } finally {
            Folders.delete(folder);
        }
    }

    private static Film gif(Path file, Sampling sampling) throws IOException {
        // The header is checked as that of a picture is.
        Picture first = Picture.read(file);
        ImageReader reader = ImageIO.getImageReadersByFormatName("gif").next();
        try (ImageInputStream in = ImageIO.createImageInputStream(file.toFile())) {
            reader.setInput(in, false, false);
            int total = Math.min(MAX_GIF_FRAMES, reader.getNumImages(true));
            double[] starts = new double[total + 1];
            for (int i = 0; i < total; i++) {
                starts[i + 1] = starts[i] + Math.max(0.02, number(reader, i, "GraphicControlExtension", "delayTime")
                        / 100.0);
            }
            double rate = total / starts[total];
            int[] wanted = sampling.indices(total, rate);
            List<Picture> frames = new ArrayList<>();
            List<Double> seconds = new ArrayList<>();
            BufferedImage canvas = new BufferedImage(first.width(), first.height(), BufferedImage.TYPE_INT_ARGB);
            int next = 0;
            for (int i = 0; i < total && next < wanted.length; i++) {
                String disposal = text(reader, i, "GraphicControlExtension", "disposalMethod");
                BufferedImage before = disposal.equals("restoreToPrevious") ? copy(canvas) : canvas;
                BufferedImage part = reader.read(i);
                int x = number(reader, i, "ImageDescriptor", "imageLeftPosition");
                int y = number(reader, i, "ImageDescriptor", "imageTopPosition");
                Graphics2D graphics = canvas.createGraphics();
                graphics.drawImage(part, x, y, null);
                if (i == wanted[next]) {
                    ByteArrayOutputStream png = new ByteArrayOutputStream();
                    ImageIO.write(canvas, "png", png);
                    frames.add(Picture.of(file + " frame " + i, png.toByteArray(), Picture.Limits.DEFAULT));
                    seconds.add(starts[i]);
                    next++;
                }
                if (disposal.equals("restoreToBackgroundColor")) {
                    graphics.setComposite(AlphaComposite.Clear);
                    graphics.fillRect(x, y, part.getWidth(), part.getHeight());
                }
                graphics.dispose();
                canvas = before;
            }
            return new Film(file.toString(), frames, seconds);
        } catch (PictureException e) {
            throw e;
        } catch (RuntimeException e) {
            throw new PictureException(file.toString(), "the GIF file is damaged or cut off", e);
        } finally {
            reader.dispose();
        }
    }

    private static BufferedImage copy(BufferedImage image) {
        BufferedImage copy = new BufferedImage(image.getWidth(), image.getHeight(), BufferedImage.TYPE_INT_ARGB);
        image.copyData(copy.getRaster());
        return copy;
    }

    private static String text(ImageReader reader, int frame, String node, String attribute) throws IOException {
        var found = ((IIOMetadataNode) reader.getImageMetadata(frame).getAsTree("javax_imageio_gif_image_1.0"))
                .getElementsByTagName(node);
        return found.getLength() == 0 ? "" : ((IIOMetadataNode) found.item(0)).getAttribute(attribute);
    }

    private static int number(ImageReader reader, int frame, String node, String attribute) throws IOException {
        String text = text(reader, frame, node, attribute);
        return text.isEmpty() ? 0 : Integer.parseInt(text);
    }

    @Override
    public String hash() {
        return ContentHash.sha256((seconds.toString() + frames.stream().map(Picture::hash).toList())
                .getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public String size() {
        return frames.size() + (frames.size() == 1 ? " frame of " : " frames of ") + frames.getFirst().size();
    }

    @Override
    public Map<String, Object> part() {
        return Map.of("type", "video", "video", this);
    }
}
