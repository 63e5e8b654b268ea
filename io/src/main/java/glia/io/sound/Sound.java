package glia.io.sound;

import glia.io.hub.ContentHash;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;

/// A sound as a file holds it, for a model that hears. Its beginning is checked when it is made; it is decoded when it
/// is needed, so that the sounds of a conversation take little memory.
///
/// ```java
/// var question = ChatMessage.user("What is said?").withSounds(List.of(Sound.read(Path.of("talk.mp3"))));
/// chat.stream(question, System.out::print);
/// ```
public final class Sound {
    /// Limits of a file.
    ///
    /// @param bytes the largest file
    /// @param seconds the longest sound
    public record Limits(int bytes, double seconds) {
        /// 64 MiB, 10 minutes.
        public static final Limits DEFAULT = new Limits(64 << 20, 600);
    }

    private final String name;
    private final byte[] file;
    private final Limits limits;
    private final String hash;

    private Sound(String name, byte[] file, Limits limits) throws IOException {
        this.name = name;
        this.file = file;
        this.limits = limits;
        requireSize(name, file.length, limits);
        open().close();
        hash = ContentHash.sha256(file);
    }

    private static void requireSize(String name, long bytes, Limits limits) throws SoundException {
        if (bytes > limits.bytes) {
            throw new SoundException(name, "has " + bytes + " bytes, expected at most " + limits.bytes
                    + "; cut it or convert it to MP3");
        }
    }

    /// Reads a file.
    ///
    /// @throws SoundException if it is no sound, or too large
    /// @throws IOException if it cannot be read
    public static Sound read(Path file) throws IOException {
        requireSize(file.toString(), Files.size(file), Limits.DEFAULT);
        return new Sound(file.toString(), Files.readAllBytes(file), Limits.DEFAULT);
    }

    /// A sound of the bytes of a file.
    ///
    /// @param name in messages
    /// @throws SoundException if they are no sound, or too large
    public static Sound of(String name, byte[] file, Limits limits) throws SoundException {
        return made(name, file.clone(), limits);
    }

    private static Sound made(String name, byte[] file, Limits limits) throws SoundException {
        try {
            return new Sound(name, file, limits);
        } catch (SoundException e) {
            throw e;
        } catch (IOException e) {
            throw new SoundException(name, e.getMessage(), e);
        }
    }

    private SoundReader open() throws IOException {
        return SoundReader.open(name, new ByteArrayInputStream(file));
    }

    /// A sound of the Base64 of a file, or of a `data:` URL with it.
    ///
    /// @param name in messages
    /// @throws SoundException if the text is something else
    public static Sound ofBase64(String name, String text, Limits limits) throws SoundException {
        String data = text.startsWith("data:") ? text.substring(text.indexOf(',') + 1) : text;
        requireSize(name, data.length() / 4 * 3L, limits);
        try {
            return made(name, Base64.getMimeDecoder().decode(data), limits);
        } catch (IllegalArgumentException e) {
            throw new SoundException(name, "is no Base64: " + e.getMessage(), e);
        }
    }

    /// The name in messages.
    public String name() {
        return name;
    }

    /// SHA-256 of the file, in hexadecimal digits.
    public String hash() {
        return hash;
    }

    /// The part of a message's content that holds it.
    public Map<String, Object> part() {
        return Map.of("type", "audio", "audio", this);
    }

    /// The file in Base64.
    public String base64() {
        return Base64.getEncoder().encodeToString(file);
    }

    /// The samples at a rate, at least one.
    ///
    /// @throws SoundException if the sound is damaged, empty or too long
    public float[] samples(int rate) throws SoundException {
        try (SoundReader reader = open()) {
            float[] samples = reader.all(rate, limits.seconds);
            if (samples.length == 0) {
                throw new SoundException(name, "holds no sound");
            }
            return samples;
        } catch (SoundException e) {
            throw e;
        } catch (IOException e) {
            throw new SoundException(name, e.getMessage(), e);
        }
    }
}
