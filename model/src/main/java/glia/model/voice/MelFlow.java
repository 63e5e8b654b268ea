package glia.model.voice;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.block.RopeTables;
import glia.model.family.config.RopeConfig;
import glia.model.voice.VoiceTensors.Affine;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Span;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Columns.ConcatColumns;
import glia.tensor.ops.row.Sums.Sum;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// A transformer that gives the velocity of a noised spectrogram (https://arxiv.org/abs/2212.09748): its norms are
/// shifted and scaled by the time, frames see their own block of frames and maybe its neighbors, and the first head
/// alone has rotary positions.
final class MelFlow {
    private static final float EPSILON = 1e-6f;
    private static final int WAVES = 256;
    private static final double TIME_SCALE = 1000;

    /// @param before blocks of frames before its own that a frame sees
    /// @param after blocks after it
    private record Block(Affine time, Affine[] qkv, Affine out, Affine up, Affine down, int before, int after) { }

    private final int bands;
    private final int hidden;
    private final int repeats;
    private final int blockSize;
    private final Weight codes;
    private final int numCodes;
    private final SpeakerEncoder speaker;
    private final Affine input;
    private final Affine timeUp;
    private final Affine timeDown;
    private final RopeTable rope;
    private final AttentionShape shape;
    private final List<Block> blocks = new ArrayList<>();
    private final Affine lastTime;
    private final Affine output;
    private final int voiceSize;

    MelFlow(Config config, VoiceTensors tensors, String prefix) throws CheckpointException {
        bands = config.positive("mel_dim");
        hidden = config.positive("hidden_size");
        repeats = config.positive("repeats", 2);
        blockSize = config.positive("block_size", 24);
        int heads = config.positive("num_attention_heads");
        int size = config.positive("head_dim", 64);
        int width = config.positive("emb_dim");
        voiceSize = config.positive("enc_emb_dim");
        numCodes = config.positive("num_embeds");
        codes = tensors.weight(prefix + "text_embed.codec_embed.weight", numCodes + 1, width);
        speaker = new SpeakerEncoder(config, tensors, prefix + "input_embed.spk_encoder.");
        input = Affine.of(tensors, prefix + "input_embed.proj", hidden, bands + config.positive("enc_dim") + width
                + voiceSize);
        timeUp = Affine.of(tensors, prefix + "time_embed.time_mlp.0", hidden, WAVES);
        timeDown = Affine.of(tensors, prefix + "time_embed.time_mlp.2", hidden, hidden);
        RopeTable halves = new RopeTables(config.positive("max_position_embeddings", 32768))
                .of(RopeConfig.read(config, size, 10000)).orElseThrow();
        rope = new RopeTable(halves.frequencies(), 1, RopeTable.Layout.INTERLEAVED);
        shape = new AttentionShape(heads, heads, size, size, (float) (1 / Math.sqrt(size)), new Span.Bidirectional());
        int inner = hidden * config.positive("ff_mult", 2);
        for (int i = 0; i < config.positive("num_hidden_layers"); i++) {
            String name = prefix + "transformer_blocks." + i + ".";
            Affine[] qkv = new Affine[3];
            for (int part = 0; part < qkv.length; part++) {
                qkv[part] = Affine.of(tensors, name + "attn.to_" + "qkv".charAt(part), heads * size, hidden);
            }
            blocks.add(new Block(Affine.of(tensors, name + "attn_norm.linear", 6 * hidden, hidden), qkv,
                    Affine.of(tensors, name + "attn.to_out.0", hidden, heads * size),
                    Affine.of(tensors, name + "ff.ff.0", inner, hidden),
                    Affine.of(tensors, name + "ff.ff.3", hidden, inner), sees(config, "look_backward_layers", i),
                    sees(config, "look_ahead_layers", i)));
        }
        lastTime = Affine.of(tensors, prefix + "norm_out.linear", 2 * hidden, hidden);
        output = Affine.of(tensors, prefix + "proj_out", bands, hidden);
    }

    private static int sees(Config config, String key, int layer) throws CheckpointException {
        return IntStream.of(config.integers(key)).anyMatch(i -> i == layer) ? 1 : 0;
    }

    /// The number of codes.
    int numCodes() {
        return numCodes;
    }

    /// The numbers of a frame.
    int bands() {
        return bands;
    }

    /// Frames of a code.
    int repeats() {
        return repeats;
    }

    /// The row of a voice's spectrogram.
    Tensor voice(Ops ops, Tensor mel) {
        return speaker.of(ops, mel);
    }

    /// What the velocity depends on beside noise and time: the voice, codes and the numbers of the speaker.
    Tensor given(Ops ops, int[] ids, Tensor numbers, Tensor mel) {
        for (int id : ids) {
            if (id < 0 || id >= codes.rows()) {
                throw new IllegalArgumentException("code " + id + ", expected 0 to " + (codes.rows() - 1));
            }
        }
        int count = ids.length * repeats;
        int[] one = new int[count];
        int[] repeated = IntStream.range(0, count).map(t -> ids[t / repeats]).toArray();
        Tensor x = ops.apply(new ConcatColumns(ops.select(voice(ops, mel), one, count),
                ops.embed(codes, repeated, count), 1, false));
        return ops.apply(new ConcatColumns(x, ops.select(numbers.reshape(1, voiceSize), one, count), 1, false));
    }

    /// The same without codes and voice: zeros in place of spectrogram and numbers, and the code 0.
    Tensor nothing(Ops ops, int numCodes, int numFrames) {
        return given(ops, new int[numCodes], Tensor.allocate(Arena.ofAuto(), DType.F32, 1, voiceSize),
                Tensor.allocate(Arena.ofAuto(), DType.F32, numFrames, bands));
    }

    /// The velocity of frames, `[T, bands]`.
    ///
    /// @param given of [#given]
    /// @param at the time, 0 for noise, 1 for the spectrogram
    Tensor velocity(Ops ops, Tensor noised, Tensor given, double at) {
        Tensor time = ops.activate(time(ops, at), Activation.SILU);
        Tensor x = input.of(ops, ops.apply(new ConcatColumns(noised, given, 1, false)));
        for (Block block : blocks) {
            Tensor all = block.time.of(ops, time);
            Tensor attended = attention(ops, moved(ops, x, all, 0, 1), block);
            x = gated(ops, x, attended, all, 2);
            Tensor inner = block.up.of(ops, moved(ops, x, all, 3, 4));
            x = gated(ops, x, block.down.of(ops, ops.activate(inner, Activation.GELU_TANH)), all, 5);
        }
        Tensor all = lastTime.of(ops, time);
        return output.of(ops, moved(ops, x, all, 1, 0));
    }

    private static Tensor gated(Ops ops, Tensor x, Tensor y, Tensor all, int gate) {
        return ops.apply(new Sum(x, 1, new Value(ops, y).times(new Value(ops, PocketTts.part(ops, all, gate,
                y.cols()))).tensor(), 1));
    }

    private static Tensor moved(Ops ops, Tensor x, Tensor all, int shift, int scale) {
        return PocketTts.moved(ops, PocketTts.norm(ops, x, EPSILON), all, shift, scale);
    }

    /// Each block of frames is a sequence of its own, with the keys of all blocks that it sees.
    private Tensor attention(Ops ops, Tensor x, Block block) {
        Tensor[] qkv = Arrays.stream(block.qkv).map(map -> map.of(ops, x)).toArray(Tensor[]::new);
        Runs all = new Runs().add(x.rows(), 0);
        // A row counts as one head, whose first numbers, those of the first head, are rotated.
        Tensor q = ops.rotate(qkv[0], qkv[0].cols(), rope, all.positions());
        Tensor k = ops.rotate(qkv[1], qkv[1].cols(), rope, all.positions());
        Runs queries = new Runs();
        Runs keys = new Runs();
        List<Integer> seen = new ArrayList<>();
        for (int from = 0; from < x.rows(); from += blockSize) {
            int first = Math.max(0, from - block.before * blockSize);
            int end = Math.min(x.rows(), from + (1 + block.after) * blockSize);
            queries.add(Math.min(blockSize, x.rows() - from), 0);
            keys.add(end - first, 0);
            IntStream.range(first, end).forEach(seen::add);
        }
        int[] rows = seen.stream().mapToInt(row -> row).toArray();
        return block.out.of(ops, ops.crossAttention(q, queries, ops.select(k, rows, rows.length),
                ops.select(qkv[2], rows, rows.length), keys, KeyValueState.NONE, shape));
    }

    private Tensor time(Ops ops, double at) {
        Tensor waves = Tensor.allocate(Arena.ofAuto(), DType.F32, 1, WAVES);
        int half = WAVES / 2;
        for (int i = 0; i < half; i++) {
            double angle = TIME_SCALE * at * Math.exp(-Math.log(10_000) * i / (half - 1));
            waves.set(i, (float) Math.sin(angle));
            waves.set(i + half, (float) Math.cos(angle));
        }
        return timeDown.of(ops, ops.activate(timeUp.of(ops, waves), Activation.SILU));
    }
}
