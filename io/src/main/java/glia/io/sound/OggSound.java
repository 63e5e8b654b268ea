package glia.io.sound;

import com.jcraft.jogg.Packet;
import com.jcraft.jogg.Page;
import com.jcraft.jogg.StreamState;
import com.jcraft.jogg.SyncState;
import com.jcraft.jorbis.Block;
import com.jcraft.jorbis.Comment;
import com.jcraft.jorbis.DspState;
import com.jcraft.jorbis.Info;
import io.github.jaredmdobson.concentus.OpusDecoder;
import io.github.jaredmdobson.concentus.OpusException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// The first stream of an Ogg file: Vorbis by JOrbis, Opus by Concentus.
final class OggSound implements SoundReader.Decoder {
    private static final int READ_BYTES = 8192;
    private static final int OPUS_RATE = 48_000;
    /// The most samples of an Opus packet: 120 ms.
    private static final int OPUS_PACKET = 5760;

    /// Decodes a packet.
    private interface PacketDecoder {
        /// The samples of a packet, mixed; none for a packet without.
        float[] decode(Packet packet) throws IOException;
    }

    private final InputStream in;
    private final SyncState sync = new SyncState();
    private final StreamState stream = new StreamState();
    private final Page page = new Page();
    private final Packet packet = new Packet();
    private int serial;
    private boolean isStarted;
    private final PacketDecoder decoder;
    private final int rate;
    /// Samples at the start that are no part of the sound.
    private int skip;
    /// The samples so far, and where the sound ends, maybe within a packet: the position of the last page.
    private long done;
    private long end = Long.MAX_VALUE;

    OggSound(String name, InputStream in) throws IOException {
        this.in = in;
        sync.init();
        if (!read()) {
            throw new SoundException(name, "is an Ogg file without a stream");
        }
        String head = new String(packet.packet_base, packet.packet, Math.min(8, packet.bytes),
                StandardCharsets.ISO_8859_1);
        if (head.equals("OpusHead")) {
            int channels = packet.packet_base[packet.packet + 9] & 0xff;
            skip = packet.packet_base[packet.packet + 10] & 0xff
                    | (packet.packet_base[packet.packet + 11] & 0xff) << 8;
            rate = OPUS_RATE;
            done = -skip;
            end = end == Long.MAX_VALUE ? end : end - skip;
            requireHeader(read());
            decoder = opus(channels);
        } else if (head.startsWith("vorbis", 1)) {
            Info info = new Info();
            Comment comment = new Comment();
            info.init();
            comment.init();
            for (int i = 0; i < 3; i++) {
                requireHeader((i == 0 || read()) && info.synthesis_headerin(comment, packet) >= 0);
            }
            rate = info.rate;
            decoder = vorbis(info);
        } else {
            throw new SoundException(name, "is an Ogg file of neither Vorbis nor Opus");
        }
    }

    private static void requireHeader(boolean isThere) throws IOException {
        if (!isThere) {
            throw new IOException("the headers of the Ogg stream are damaged");
        }
    }

    private static PacketDecoder opus(int channels) throws IOException {
        if (channels < 1 || channels > 2) {
            throw new IOException("found Opus of " + channels + " channels, expected 1 or 2");
        }
        try {
            OpusDecoder opus = new OpusDecoder(OPUS_RATE, channels);
            short[] out = new short[OPUS_PACKET * channels];
            return packet -> {
                try {
                    int count = opus.decode(packet.packet_base, packet.packet, packet.bytes, out, 0, OPUS_PACKET,
                            false);
                    float[] mixed = new float[count];
                    for (int i = 0; i < count * channels; i++) {
                        mixed[i / channels] += out[i] / 32768f / channels;
                    }
                    return mixed;
                } catch (OpusException e) {
                    throw new IOException(e.getMessage(), e);
                }
            };
        } catch (OpusException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private static PacketDecoder vorbis(Info info) {
        DspState state = new DspState();
        state.synthesis_init(info);
        Block block = new Block(state);
        float[][][] pcm = new float[1][][];
        int[] offsets = new int[info.channels];
        return packet -> {
            float[] mixed = {};
            if (block.synthesis(packet) != 0) {
                return mixed;
            }
            state.synthesis_blockin(block);
            for (int count = state.synthesis_pcmout(pcm, offsets); count > 0;
                    count = state.synthesis_pcmout(pcm, offsets)) {
                int from = mixed.length;
                mixed = Arrays.copyOf(mixed, from + count);
                for (int c = 0; c < info.channels; c++) {
                    for (int i = 0; i < count; i++) {
                        mixed[from + i] += pcm[0][c][offsets[c] + i] / info.channels;
                    }
                }
                state.synthesis_read(count);
            }
            return mixed;
        };
    }

    /// Reads the next packet of the stream.
    private boolean read() throws IOException {
        while (true) {
            if (isStarted) {
                int found = stream.packetout(packet);
                if (found == 1) {
                    return true;
                }
                if (found < 0) {
                    throw new IOException("a part of the Ogg stream is missing");
                }
            }
            if (!readPage()) {
                return false;
            }
            if (!isStarted) {
                serial = page.serialno();
                stream.init(serial);
                isStarted = true;
            }
            if (page.serialno() == serial) {
                stream.pagein(page);
                end = page.eos() != 0 && page.granulepos() > 0 ? page.granulepos() - skip : end;
            }
        }
    }

    private boolean readPage() throws IOException {
        while (true) {
            int found = sync.pageout(page);
            if (found == 1) {
                return true;
            }
            if (found < 0) {
                throw new IOException("a part of the Ogg stream is damaged");
            }
            int at = sync.buffer(READ_BYTES);
            int count = in.read(sync.data, at, READ_BYTES);
            if (count < 0) {
                return false;
            }
            sync.wrote(count);
        }
    }

    @Override
    public int rate() {
        return rate;
    }

    @Override
    public float[] next() throws IOException {
        while (done < end && read()) {
            float[] samples = decoder.decode(packet);
            int first = Math.clamp(-done, 0, samples.length);
            done += samples.length;
            int last = Math.clamp(samples.length - Math.max(0, done - end), first, samples.length);
            if (last > first) {
                return Arrays.copyOfRange(samples, first, last);
            }
        }
        return null;
    }
}
