package glia.io.sound;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import javazoom.jl.decoder.Bitstream;
import javazoom.jl.decoder.BitstreamException;
import javazoom.jl.decoder.Decoder;
import javazoom.jl.decoder.DecoderException;
import javazoom.jl.decoder.Header;
import javazoom.jl.decoder.SampleBuffer;

/// MP3 by JLayer. The samples that encoder and decoder add before and after the sound are left out where the first
/// frame holds their number (http://gabriel.mp3-tech.org/mp3infotag.html); that frame is no sound itself.
final class Mp3Sound implements SoundReader.Decoder {
    /// Samples by which every decoder is late.
    private static final int DECODER_DELAY = 529;
    private static final int ID3_HEADER = 10;
    /// More than a first frame has before its end of the tag.
    private static final int NUM_TAG = 256;

    /// What the first frame says.
    ///
    /// @param isTag whether it says anything, and so is no sound
    /// @param frames of sound; 0 if it does not say
    /// @param before samples to leave out at the start
    /// @param after samples to leave out at the end
    private record Tag(boolean isTag, int frames, int before, int after) {
        private static final Tag NONE = new Tag(false, 0, 0, 0);
        private static final int FIRST_FLAG_BYTES = 4;
        private static final int NUM_TOC = 100;
        /// The name of the encoder, then settings, then 12 bits of each delay.
        private static final int DELAYS = 21;

        static Tag of(byte[] frame) {
            boolean isFirstVersion = (frame[1] >> 3 & 3) == 3;
            boolean isMono = (frame[3] >> 6 & 3) == 3;
            int side = isFirstVersion ? isMono ? 17 : 32 : isMono ? 9 : 17;
            if (name(frame, 4 + 32).equals("VBRI")) {
                return new Tag(true, 0, 0, 0);
            }
            String name = name(frame, 4 + side);
            if (!name.equals("Xing") && !name.equals("Info")) {
                return NONE;
            }
            ByteBuffer rest = ByteBuffer.wrap(frame).position(4 + side + name.length());
            int flags = rest.getInt();
            int frames = (flags & 1) == 0 ? 0 : rest.getInt();
            rest.position(rest.position() + ((flags & 2) == 0 ? 0 : FIRST_FLAG_BYTES) + ((flags & 4) == 0 ? 0 : NUM_TOC)
                    + ((flags & 8) == 0 ? 0 : FIRST_FLAG_BYTES));
            if (rest.get(rest.position()) < ' ') {
                return new Tag(true, frames, 0, 0);
            }
            int delays = rest.getInt(rest.position() + DELAYS) >>> 8;
            return new Tag(true, frames, (delays >> 12) + DECODER_DELAY, Math.max(0, (delays & 0xfff) - DECODER_DELAY));
        }

        private static String name(byte[] frame, int at) {
            return new String(frame, at, 4, StandardCharsets.ISO_8859_1);
        }
    }

    private final Bitstream frames;
    private final Decoder decoder = new Decoder();
    private final Tag tag;
    private final int rate;
    private int numFrames;
    private int skipped;
    /// Samples that are not given yet, since they may be those after the sound.
    private float[] held = {};

    Mp3Sound(BufferedInputStream in) throws IOException {
        byte[] first = peek(in, NUM_TAG);
        while (new String(first, 0, 3, StandardCharsets.ISO_8859_1).equals("ID3")) {
            int size = 0;
            for (int i = 6; i < ID3_HEADER; i++) {
                size = size << 7 | first[i] & 0x7f;
            }
            in.skipNBytes((long) ID3_HEADER + size);
            first = peek(in, NUM_TAG);
        }
        tag = Tag.of(first);
        frames = new Bitstream(in);
        if (tag.isTag && !skipFrame()) {
            throw new IOException("found no MP3 frame");
        }
        int[] found = new int[1];
        held = decoded(found);
        rate = found[0];
        if (held == null) {
            throw new IOException("found no MP3 frame");
        }
    }

    private static byte[] peek(BufferedInputStream in, int count) throws IOException {
        in.mark(count);
        byte[] bytes = Arrays.copyOf(in.readNBytes(count), count);
        in.reset();
        return bytes;
    }

    private boolean skipFrame() throws IOException {
        try {
            Header header = frames.readFrame();
            frames.closeFrame();
            return header != null;
        } catch (BitstreamException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /// The samples of a frame; null at the end.
    private float[] decoded(int[] found) throws IOException {
        try {
            Header header = frames.readFrame();
            if (header == null) {
                return null;
            }
            SampleBuffer buffer = (SampleBuffer) decoder.decodeFrame(header, frames);
            frames.closeFrame();
            found[0] = buffer.getSampleFrequency();
            numFrames++;
            int channels = buffer.getChannelCount();
            short[] samples = buffer.getBuffer();
            float[] mixed = FrameSounds.mixed(channels, buffer.getBufferLength() / channels,
                    (c, i) -> samples[i * channels + c] / 32768f);
            int late = Math.min(tag.before - skipped, mixed.length);
            skipped += late;
            return Arrays.copyOfRange(mixed, late, mixed.length);
        } catch (BitstreamException | DecoderException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    @Override
    public int rate() {
        return rate;
    }

    /// Samples after the sound are left out only if it ends where the tag says, so joined files are read to their end.
    @Override
    public float[] next() throws IOException {
        int[] found = new int[1];
        while (held != null) {
            float[] block = decoded(found);
            if (block == null) {
                int left = held.length - (numFrames == tag.frames ? tag.after : 0);
                float[] last = Arrays.copyOf(held, Math.max(0, left));
                held = null;
                return last.length == 0 ? null : last;
            }
            if (found[0] != rate) {
                throw new IOException("the rate changes from " + rate + " to " + found[0]);
            }
            float[] all = Arrays.copyOf(held, held.length + block.length);
            System.arraycopy(block, 0, all, held.length, block.length);
            int ready = Math.max(0, all.length - tag.after);
            held = Arrays.copyOfRange(all, ready, all.length);
            if (ready > 0) {
                return Arrays.copyOf(all, ready);
            }
        }
        return null;
    }
}
