package glia.io.sound;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Decodes a sound block by block, so that a sound of any length takes little memory: WAV, AIFF and AU (PCM of 8 to 32
/// bits, floats, A-law, µ-law), FLAC, MP3, Ogg Vorbis and Ogg Opus. The content decides, not the name. Channels are
/// mixed to their mean.
public final class SoundReader implements AutoCloseable {
    /// Bytes that tell the format.
    private static final int NUM_FIRST = 12;
    private static final int LOWEST_RATE = 1000;
    private static final int HIGHEST_RATE = 768_000;

    /// A decoder of a format.
    interface Decoder {
        /// Samples a second.
        int rate();

        /// The next samples, mixed to one channel, at least one; null at the end.
        float[] next() throws IOException;
    }

    private final String name;
    private final InputStream in;
    private final Decoder decoder;

    private SoundReader(String name, InputStream in, Decoder decoder) throws SoundException {
        this.name = name;
        this.in = in;
        this.decoder = decoder;
        if (decoder.rate() < LOWEST_RATE || decoder.rate() > HIGHEST_RATE) {
            throw new SoundException(name, "has " + decoder.rate() + " samples a second, expected " + LOWEST_RATE
                    + " to " + HIGHEST_RATE);
        }
    }

    /// Opens a file.
    ///
    /// @throws SoundException if it is no sound of a known format
    public static SoundReader open(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new SoundException(file.toString(), "is a folder, expected a sound file");
        }
        InputStream in = Files.newInputStream(file);
        try {
            return open(file.toString(), in);
        } catch (IOException | RuntimeException e) {
            in.close();
            throw e;
        }
    }

    /// Opens a stream, which `close` closes.
    ///
    /// @param name for messages
    public static SoundReader open(String name, InputStream stream) throws IOException {
        BufferedInputStream in = new BufferedInputStream(stream, 1 << 16);
        in.mark(NUM_FIRST);
        byte[] first = in.readNBytes(NUM_FIRST);
        in.reset();
        String text = new String(first, StandardCharsets.ISO_8859_1);
        try {
            return new SoundReader(name, in, decoder(name, in, first, text));
        } catch (SoundException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            throw new SoundException(name, "the sound cannot be read: " + reason(e), e);
        }
    }

    private static Decoder decoder(String name, BufferedInputStream in, byte[] first, String text) throws IOException {
        if (text.startsWith("fLaC")) {
            return FrameSounds.flac(in);
        }
        if (text.startsWith("OggS")) {
            return new OggSound(name, in);
        }
        boolean syncs = first.length > 1 && first[0] == -1 && (first[1] & 0xe0) == 0xe0;
        if (text.startsWith("ID3") || syncs) {
            return new Mp3Sound(in);
        }
        if (text.startsWith("RIFF") || text.startsWith("FORM") || text.startsWith(".snd")) {
            return new PcmSound(in);
        }
        throw new SoundException(name, (first.length == 0 ? "is empty" : "is in no known format of sounds")
                + (text.startsWith("ftyp", 4) ? " (it is MP4 or M4A)"
                        : text.startsWith("\u001aE") ? " (it is WebM)" : "")
                + ", expected WAV, AIFF, AU, FLAC, MP3, Ogg Vorbis or Ogg Opus; 'ffmpeg -i FILE sound.wav' converts");
    }

    /// Decoders give no message where a file ends too early.
    private static String reason(Exception e) {
        return e.getMessage() == null ? "it is cut off, or no sound" : e.getMessage();
    }

    /// Samples a second.
    public int rate() {
        return decoder.rate();
    }

    /// The next samples, at least one; null at the end.
    ///
    /// @throws SoundException if the sound is damaged
    public float[] next() throws IOException {
        try {
            return decoder.next();
        } catch (SoundException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            throw new SoundException(name, "the sound is damaged: " + reason(e), e);
        }
    }

    /// All samples that are left, at another rate.
    ///
    /// @param mostSeconds more are an error
    public float[] all(int newRate, double mostSeconds) throws IOException {
        Resampler resampler = new Resampler(rate(), newRate);
        List<float[]> parts = new ArrayList<>();
        long count = 0;
        for (float[] block = next(); block != null; block = next()) {
            parts.add(resampler.add(block));
            count += parts.getLast().length;
            if (count > mostSeconds * newRate) {
                throw new SoundException(name, "is longer than " + mostSeconds + " seconds, the most that is read");
            }
        }
        parts.add(resampler.end());
        float[] all = new float[Math.toIntExact(count + parts.getLast().length)];
        int at = 0;
        for (float[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
