package glia.io.sound;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// WAV files of 16-bit samples of one channel.
public final class WavBytes {
    /// Bytes of a header.
    public static final int HEADER = 44;
    /// A length that is not known yet, of a stream.
    public static final long UNKNOWN = 0xFFFFFFFFL - HEADER;
    private static final int SAMPLE = 2;
    private static final int FORMAT = 16;

    private WavBytes() { }

    /// A header (https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE/WAVE.html).
    ///
    /// @param sampleRate samples per second
    /// @param dataBytes bytes of the samples, or [#UNKNOWN]
    public static byte[] header(int sampleRate, long dataBytes) {
        ByteBuffer header = ByteBuffer.allocate(HEADER).order(ByteOrder.LITTLE_ENDIAN);
        header.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt((int) (dataBytes + HEADER - 8))
                .put("WAVEfmt ".getBytes(StandardCharsets.US_ASCII)).putInt(FORMAT).putShort((short) 1)
                .putShort((short) 1).putInt(sampleRate).putInt(SAMPLE * sampleRate).putShort((short) SAMPLE)
                .putShort((short) (8 * SAMPLE)).put("data".getBytes(StandardCharsets.US_ASCII))
                .putInt((int) dataBytes);
        return header.array();
    }

    /// Samples between -1 and 1 as little-endian 16-bit numbers; those outside are clipped.
    public static byte[] samples(float[] samples) {
        ByteBuffer bytes = ByteBuffer.allocate(SAMPLE * samples.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float sample : samples) {
            bytes.putShort((short) Math.round(Math.clamp(sample, -1, 1) * Short.MAX_VALUE));
        }
        return bytes.array();
    }
}
