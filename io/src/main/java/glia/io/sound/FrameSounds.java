package glia.io.sound;

import java.io.IOException;
import java.io.InputStream;
import org.jflac.FLACDecoder;
import org.jflac.frame.Frame;
import org.jflac.metadata.StreamInfo;

/// FLAC by jFLAC.
final class FrameSounds {
    private FrameSounds() { }

    /// The samples of one channel after the other, scaled.
    interface Samples {
        float at(int channel, int index);
    }

    /// The mean of the channels.
    static float[] mixed(int channels, int count, Samples samples) {
        float[] mixed = new float[count];
        for (int i = 0; i < count; i++) {
            float sum = 0;
            for (int c = 0; c < channels; c++) {
                sum += samples.at(c, i);
            }
            mixed[i] = sum / channels;
        }
        return mixed;
    }

    static SoundReader.Decoder flac(InputStream in) throws IOException {
        FLACDecoder decoder = new FLACDecoder(in);
        decoder.readMetadata();
        StreamInfo info = decoder.getStreamInfo();
        if (info == null) {
            throw new IOException("the FLAC stream does not say its rate");
        }
        float scale = 1f / (1 << info.getBitsPerSample() - 1);
        return new SoundReader.Decoder() {
            private long left = info.getTotalSamples() == 0 ? Long.MAX_VALUE : info.getTotalSamples();

            @Override
            public int rate() {
                return info.getSampleRate();
            }

            @Override
            public float[] next() throws IOException {
                Frame frame = left == 0 ? null : decoder.readNextFrame();
                if (frame == null) {
                    if (left > 0 && left < Long.MAX_VALUE) {
                        throw new IOException("the file ends " + left + " samples before its end");
                    }
                    return null;
                }
                int count = (int) Math.min(left, frame.header.blockSize);
                left -= left == Long.MAX_VALUE ? 0 : count;
                return mixed(frame.header.channels, count,
                        (c, i) -> decoder.getChannelData()[c].getOutput()[i] * scale);
            }
        };
    }
}
