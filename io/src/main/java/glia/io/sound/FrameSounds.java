package glia.io.sound;

import java.io.IOException;
import java.io.InputStream;
import javazoom.jl.decoder.Bitstream;
import javazoom.jl.decoder.BitstreamException;
import javazoom.jl.decoder.DecoderException;
import javazoom.jl.decoder.Header;
import javazoom.jl.decoder.SampleBuffer;
import org.jflac.FLACDecoder;
import org.jflac.frame.Frame;
import org.jflac.metadata.StreamInfo;

/// Formats of frames: FLAC by jFLAC, MP3 by JLayer.
final class FrameSounds {
    private FrameSounds() { }

    /// A decoder that has read its first samples, since only they tell the rate.
    private record Started(int rate, float[][] first, SoundReader.Decoder rest) implements SoundReader.Decoder {
        @Override
        public float[] next() throws IOException {
            float[] samples = first[0];
            first[0] = null;
            return samples != null ? samples : rest.next();
        }
    }

    /// The samples of one channel after the other, scaled.
    private interface Samples {
        float at(int channel, int index);
    }

    private static float[] mixed(int channels, int count, Samples samples) {
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

    static SoundReader.Decoder mp3(InputStream in) throws IOException {
        Bitstream frames = new Bitstream(in);
        javazoom.jl.decoder.Decoder decoder = new javazoom.jl.decoder.Decoder();
        int[] rate = new int[1];
        SoundReader.Decoder all = new SoundReader.Decoder() {
            @Override
            public int rate() {
                return rate[0];
            }

            @Override
            public float[] next() throws IOException {
                try {
                    Header header = frames.readFrame();
                    if (header == null) {
                        return null;
                    }
                    SampleBuffer decoded = (SampleBuffer) decoder.decodeFrame(header, frames);
                    frames.closeFrame();
                    rate[0] = rate[0] == 0 ? decoded.getSampleFrequency() : rate[0];
                    if (decoded.getSampleFrequency() != rate[0]) {
                        throw new IOException("the rate changes from " + rate[0] + " to "
                                + decoded.getSampleFrequency());
                    }
                    int channels = decoded.getChannelCount();
                    short[] samples = decoded.getBuffer();
                    return mixed(channels, decoded.getBufferLength() / channels,
                            (c, i) -> samples[i * channels + c] / 32768f);
                } catch (BitstreamException | DecoderException e) {
                    throw new IOException(e.getMessage(), e);
                }
            }
        };
        float[] first = all.next();
        if (first == null) {
            throw new IOException("found no MP3 frame");
        }
        return new Started(rate[0], new float[][] {first}, all);
    }
}
