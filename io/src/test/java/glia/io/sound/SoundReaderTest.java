package glia.io.sound;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import javax.sound.sampled.AudioFileFormat;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Sound files of all formats: a tone of 440 Hz of one second keeps its length, frequency and height; what is damaged
/// or no sound is an error.
class SoundReaderTest {
    private static byte[] file(String name) throws IOException {
        try (InputStream in = SoundReaderTest.class.getResourceAsStream(name)) {
            return in.readAllBytes();
        }
    }

    private static float[] read(byte[] bytes, int rate) throws IOException {
        try (SoundReader reader = SoundReader.open("tone", new ByteArrayInputStream(bytes))) {
            return reader.all(rate, 60);
        }
    }

    private static int crossings(float[] samples) {
        int count = 0;
        for (int i = 1; i < samples.length; i++) {
            count += samples[i - 1] < 0 && samples[i] >= 0 ? 1 : 0;
        }
        return count;
    }

    @ParameterizedTest
    @CsvSource({"tone.mp3,16000", "tone.ogg,44100", "tone.opus,48000", "tone.flac,8000"})
    void aToneKeepsItsLengthAndFrequency(String name, int rate) throws IOException {
        float[] own = read(file(name), rate);
        assertEquals(rate, own.length, name.endsWith("mp3") ? 0 : 0.01 * rate, name);
        float[] samples = read(file(name), 16_000);
        float[] middle = Arrays.copyOfRange(samples, 4000, 12_000);
        assertEquals(220, crossings(middle), 1);
        float largest = 0;
        for (float x : middle) {
            largest = Math.max(largest, Math.abs(x));
        }
        assertEquals(0.5, largest, 0.03);
    }

    /// The samples that an encoder of MP3 adds around a sound are left out.
    @Test
    void anMp3IsNotLate() throws IOException {
        float[] exact = read(file("tone.flac"), 16_000);
        float[] own = read(file("tone.mp3"), 16_000);
        double difference = 0;
        for (int i = 4000; i < 12_000; i++) {
            difference = Math.max(difference, Math.abs(own[i] - exact[i]));
        }
        assertEquals(0, difference, 0.03);
    }

    /// Where the sound goes on after what the first frame tells, nothing is left out.
    @Test
    void joinedMp3FilesAreReadToTheEnd() throws IOException {
        byte[] one = file("tone.mp3");
        byte[] two = Arrays.copyOf(one, 2 * one.length);
        System.arraycopy(one, 0, two, one.length, one.length);
        assertTrue(read(two, 16_000).length >= 32_000);
    }

    private static byte[] wav(AudioFormat format, byte[] samples, AudioFileFormat.Type type) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        AudioSystem.write(new AudioInputStream(new ByteArrayInputStream(samples), format,
                samples.length / format.getFrameSize()), type, out);
        return out.toByteArray();
    }

    @Test
    void samplesOfAllWidthsAreScaledAndMixed() throws IOException {
        byte[] two = {0x00, 0x40, 0x00, (byte) 0xc0, 0x00, 0x20, 0x00, 0x20};
        byte[] stereo = wav(new AudioFormat(16_000, 16, 2, true, false), two, AudioFileFormat.Type.WAVE);
        assertEquals("[0.0, 0.25]", Arrays.toString(read(stereo, 16_000)));
        byte[] eight = wav(new AudioFormat(16_000, 8, 1, false, false), new byte[] {0, (byte) 192},
                AudioFileFormat.Type.WAVE);
        assertEquals("[-1.0, 0.5]", Arrays.toString(read(eight, 16_000)));
        byte[] three = wav(new AudioFormat(16_000, 24, 1, true, false), new byte[] {0, 0, 0x40, 0, 0, (byte) 0x80},
                AudioFileFormat.Type.WAVE);
        assertEquals("[0.5, -1.0]", Arrays.toString(read(three, 16_000)));
        byte[] big = wav(new AudioFormat(16_000, 16, 1, true, true), new byte[] {0x40, 0, (byte) 0xc0, 0},
                AudioFileFormat.Type.AIFF);
        assertEquals("[0.5, -0.5]", Arrays.toString(read(big, 16_000)));
    }

    /// A program that writes to a pipe does not know the length in advance.
    @ParameterizedTest
    @ValueSource(ints = {-1, 0x7fffffff})
    void aStreamWithoutALengthIsReadToItsEnd(int length) throws IOException {
        byte[] known = wav(new AudioFormat(16_000, 16, 1, true, false), new byte[64], AudioFileFormat.Type.WAVE);
        ByteBuffer header = ByteBuffer.wrap(known).order(ByteOrder.LITTLE_ENDIAN);
        header.putInt(4, length).putInt(40, length);
        assertEquals(32, read(known, 16_000).length);
    }

    @Test
    void whatIsNoSoundIsAnErrorThatSaysWhatIs() {
        for (String text : new String[] {"", "hello, this is a text", "    ftypM4A abcdefgh", "RIFFxxxxWAVEjunk"}) {
            SoundException e = assertThrows(SoundException.class,
                    () -> read(text.getBytes(StandardCharsets.ISO_8859_1), 16_000), text);
            assertTrue(e.getMessage().startsWith("tone: "), e::getMessage);
            assertTrue(text.startsWith("RIFF") || e.getMessage().contains("expected WAV"), e::getMessage);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tone.flac", "tone.ogg", "tone.opus", "tone.mp3"})
    void damageIsAnErrorOrShortensTheSound(String name) throws IOException {
        byte[] whole = file(name);
        for (int seed = 0; seed < 40; seed++) {
            byte[] changed = seed % 2 == 0 ? Arrays.copyOf(whole, 1 + seed * whole.length / 40) : whole.clone();
            for (int i = 0; seed % 2 == 1 && i < 10; i++) {
                changed[(seed * 7919 + i * 104_729) % changed.length] ^= (byte) (1 + i);
            }
            try {
                assertTrue(read(changed, 16_000).length <= 960_000);
            } catch (SoundException e) {
                assertTrue(e.getMessage().startsWith("tone: "), e::getMessage);
            }
        }
    }

    @Test
    void aSoundBeyondTheLimitIsAnError() throws IOException {
        try (SoundReader reader = SoundReader.open("tone", new ByteArrayInputStream(file("tone.ogg")))) {
            assertTrue(assertThrows(SoundException.class, () -> reader.all(16_000, 0.5)).getMessage()
                    .contains("longer than 0.5 seconds"));
        }
    }

    @Test
    void resamplingBlockByBlockGivesTheSame() {
        float[] x = new float[5000];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) Math.sin(i * 0.1);
        }
        Resampler whole = new Resampler(44_100, 16_000);
        float[] first = whole.add(x);
        float[] rest = whole.end();
        Resampler parts = new Resampler(44_100, 16_000);
        float[] joined = new float[first.length + rest.length];
        int at = 0;
        for (int from = 0; from < x.length; from += 77) {
            float[] some = parts.add(Arrays.copyOfRange(x, from, Math.min(x.length, from + 77)));
            System.arraycopy(some, 0, joined, at, some.length);
            at += some.length;
        }
        float[] last = parts.end();
        System.arraycopy(last, 0, joined, at, last.length);
        assertEquals(joined.length, at + last.length);
        assertEquals(Math.ceilDiv(5000 * 160, 441), joined.length);
        for (int i = 0; i < joined.length; i++) {
            assertEquals(i < first.length ? first[i] : rest[i - first.length], joined[i], "sample " + i);
        }
    }
}
