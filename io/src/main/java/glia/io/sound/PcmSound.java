package glia.io.sound;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import javax.sound.sampled.UnsupportedAudioFileException;

/// Samples without compression, in the containers that the JDK reads.
final class PcmSound implements SoundReader.Decoder {
    private static final int BLOCK_FRAMES = 8192;

    private final AudioInputStream in;
    private final AudioFormat format;
    private final int bytes;

    PcmSound(BufferedInputStream stream) throws IOException {
        try {
            AudioInputStream found = AudioSystem.getAudioInputStream(stream);
            AudioFormat of = found.getFormat();
            boolean isPacked = of.getEncoding() == AudioFormat.Encoding.ALAW
                    || of.getEncoding() == AudioFormat.Encoding.ULAW;
            in = isPacked ? AudioSystem.getAudioInputStream(new AudioFormat(of.getSampleRate(), 16, of.getChannels(),
                    true, false), found) : found;
        } catch (UnsupportedAudioFileException | IllegalArgumentException e) {
            throw new IOException("found no PCM, A-law or µ-law samples (" + e.getMessage() + ")", e);
        }
        format = in.getFormat();
        bytes = format.getFrameSize() / Math.max(1, format.getChannels());
        boolean isFloat = format.getEncoding() == AudioFormat.Encoding.PCM_FLOAT;
        boolean isKnown = isFloat ? bytes == 4 || bytes == 8 : bytes >= 1 && bytes <= 4;
        if (!isKnown || format.getChannels() < 1) {
            throw new IOException("found " + format + ", expected PCM of 8 to 32 bits or floats");
        }
    }

    @Override
    public int rate() {
        return Math.round(format.getSampleRate());
    }

    @Override
    public float[] next() throws IOException {
        int channels = format.getChannels();
        int frame = channels * bytes;
        byte[] read = in.readNBytes(BLOCK_FRAMES * frame);
        int count = read.length / frame;
        if (count == 0) {
            return null;
        }
        ByteBuffer buffer = ByteBuffer.wrap(read).order(format.isBigEndian() ? ByteOrder.BIG_ENDIAN
                : ByteOrder.LITTLE_ENDIAN);
        float[] mixed = new float[count];
        for (int i = 0; i < count; i++) {
            float sum = 0;
            for (int c = 0; c < channels; c++) {
                sum += sample(buffer, i * frame + c * bytes);
            }
            mixed[i] = sum / channels;
        }
        return mixed;
    }

    private float sample(ByteBuffer from, int at) {
        if (format.getEncoding() == AudioFormat.Encoding.PCM_FLOAT) {
            return bytes == 4 ? from.getFloat(at) : (float) from.getDouble(at);
        }
        boolean isUnsigned = format.getEncoding() == AudioFormat.Encoding.PCM_UNSIGNED;
        int middle = isUnsigned ? 1 << 8 * bytes - 1 : 0;
        return switch (bytes) {
            case 1 -> (isUnsigned ? (from.get(at) & 0xff) - middle : from.get(at)) / 128f;
            case 2 -> (isUnsigned ? (from.getShort(at) & 0xffff) - middle : from.getShort(at)) / 32768f;
            case 3 -> {
                boolean isBig = format.isBigEndian();
                int value = from.get(isBig ? at : at + 2) << 16 | (from.get(at + 1) & 0xff) << 8
                        | from.get(isBig ? at + 2 : at) & 0xff;
                yield value / 8388608f;
            }
            default -> from.getInt(at) / 2147483648f;
        };
    }
}
