package glia.model.voice;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.voice.VoiceTensors.Affine;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Activation;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Columns.SliceColumns;
import glia.tensor.ops.row.Gathers.SpreadRows;
import glia.tensor.ops.row.Norms.Center;
import glia.tensor.ops.row.Norms.UnitNorm;
import glia.tensor.ops.row.Scales.WeightedColumns;
import glia.tensor.ops.row.Sums.Sum;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// Pocket TTS (https://github.com/kyutai-labs/pocket-tts): a transformer reads a voice, a text and the
/// frames so far, and a small network moves noise along its velocity to the next continuous frame of [SoundCodec], in a
/// few steps.
public final class PocketTts implements AutoCloseable {
    /// The `model_type` of config.json.
    public static final String TYPE = "pocket_tts";

    /// An embedding of a time: `MLP([cos, sin](t · f))`, divided by its deviation.
    private record Time(Affine up, Affine down, float[] frequencies, Weight norm) { }

    /// A block whose shift, scale and gate the condition gives.
    private record Block(Affine condition, Affine up, Affine down, Weight weight, Weight bias) { }

    private final VoiceTensors tensors;
    private final VoiceTransformer body;
    private final Weight embedding;
    private final Weight frameMap;
    private final Weight voiceMap;
    private final Weight start;
    private final Affine endHead;
    private final float[] mean;
    private final float[] deviation;
    private final int size;
    private final int width;
    private final float epsilon;
    private final float timeEpsilon;
    private final Affine condition;
    private final Affine input;
    private final List<Time> times = new ArrayList<>();
    private final List<Block> blocks = new ArrayList<>();
    private final Affine lastCondition;
    private final Affine output;
    private final int voiceToken;
    private final int frameToken;
    private final int startToken;

    /// @param checkpoint which the model closes
    /// @throws CheckpointException if the config is not supported, or tensors do not fit it
    public PocketTts(Config config, Path path, Checkpoint checkpoint) throws CheckpointException {
        tensors = new VoiceTensors(path, checkpoint);
        body = new VoiceTransformer(config, tensors, "model.", VoiceTransformer.Form.PLAIN,
                SoundCodec.activation(config, "gelu_pytorch_tanh"));
        int hidden = body.hidden();
        size = config.positive("latent_dim", 32);
        embedding = tensors.weight("model.embed_tokens.weight", config.positive("vocab_size"), hidden);
        frameMap = tensors.weight("model.audio_latent_proj.weight", hidden, size);
        voiceMap = tensors.weight("model.audio_prompt_proj.weight", hidden, size);
        start = tensors.weight("model.bos_latent", size);
        endHead = Affine.of(tensors, "eos_head", 1, hidden);
        mean = tensors.values("latent_mean", size);
        deviation = tensors.values("latent_std", size);
        voiceToken = config.integer("audio_prompt_token_id");
        frameToken = config.integer("audio_latent_token_id");
        startToken = config.integer("audio_bos_token_id");
        Config flow = config.child("flow_head_config");
        if (!flow.text("flow_type", "lsd").equals("lsd") || !flow.text("hidden_act", "silu").equals("silu")) {
            throw flow.error("flow_type", "is " + flow.found("flow_type") + " with " + flow.found("hidden_act")
                    + ", expected lsd with silu");
        }
        width = flow.positive("hidden_size");
        epsilon = (float) flow.real("layer_norm_eps", 1e-6);
        timeEpsilon = (float) flow.real("rms_norm_eps", 1e-5);
        int frequencies = flow.positive("frequency_embedding_size", 256);
        condition = Affine.of(tensors, "flow_head.cond_proj", width, hidden);
        input = Affine.of(tensors, "flow_head.input_proj", width, size);
        for (int i = 0; i < 2; i++) {
            String name = "flow_head.timestep_embeddings." + i;
            times.add(new Time(Affine.of(tensors, name + ".fc1", width, frequencies),
                    Affine.of(tensors, name + ".fc2", width, width),
                    tensors.values(name + ".freqs", frequencies / 2),
                    tensors.weight(name + ".norm.weight", width)));
        }
        for (int i = 0; i < flow.positive("num_hidden_layers"); i++) {
            String name = "flow_head.layers." + i;
            blocks.add(new Block(Affine.of(tensors, name + ".adaln_proj", 3 * width, width),
                    Affine.of(tensors, name + ".fc1", width, width), Affine.of(tensors, name + ".fc2", width, width),
                    tensors.weight(name + ".norm.weight", width), tensors.weight(name + ".norm.bias", width)));
        }
        lastCondition = Affine.of(tensors, "flow_head.final_layer.adaln_proj", 2 * width, width);
        output = Affine.of(tensors, "flow_head.final_layer.proj", size, width);
        tensors.requireRead(List.of("latent_stats_", "loss_weighting."));
    }

    /// The numbers of a frame.
    public int size() {
        return size;
    }

    /// The token in whose places the frames of a voice are.
    public int voiceToken() {
        return voiceToken;
    }

    /// The token that begins the sound.
    public int startToken() {
        return startToken;
    }

    /// The places of a text that stand for frames of the sound, the start before them included.
    public int[] framePlaces(int[] ids) {
        return IntStream.range(0, ids.length).filter(t -> ids[t] == startToken || ids[t] == frameToken).toArray();
    }

    /// The rows that the transformer reads, `[T, H]`.
    ///
    /// @param voice frames of the voice's sound, `[V, D]`
    /// @param frames of the sound so far, normed: `(x - mean) / deviation`, `[F, D]`
    public Tensor rows(Ops ops, int[] ids, Tensor voice, Tensor frames) {
        int[] plain = IntStream.range(0, ids.length).filter(t -> ids[t] != voiceToken && ids[t] != startToken
                && ids[t] != frameToken).toArray();
        Tensor x = ops.apply(new SpreadRows(ops.embed(embedding, IntStream.of(plain).map(t -> ids[t]).toArray(),
                plain.length), plain, ids.length));
        x = placed(ops, x, ops.linear(voice, voiceMap), ids, voiceToken);
        x = placed(ops, x, ops.linear(ops.embed(start, new int[1], 1), frameMap), ids, startToken);
        return frames.rows() == 0 ? x : placed(ops, x, ops.linear(frames, frameMap), ids, frameToken);
    }

    private static Tensor placed(Ops ops, Tensor x, Tensor rows, int[] ids, int token) {
        int[] places = IntStream.range(0, ids.length).filter(t -> ids[t] == token).toArray();
        if (places.length != rows.rows()) {
            throw new IllegalArgumentException("the text has " + places.length + " places for token " + token
                    + ", but there are " + rows.rows() + " frames");
        }
        return places.length == 0 ? x : ops.apply(new Sum(x, 1, ops.apply(new SpreadRows(rows, places, ids.length)),
                1));
    }

    /// The states of a whole text, `[T, H]`.
    public Tensor states(Ops ops, Tensor rows) {
        return body.of(ops, rows, 1);
    }

    /// The logits of the end of the sound after states, `[T, 1]`.
    public Tensor ends(Ops ops, Tensor states) {
        return endHead.of(ops, states);
    }

    /// The mean velocity of normed frames between two times, `[F, D]`.
    ///
    /// @param states before each frame
    public Tensor velocity(Ops ops, Tensor states, Tensor x, float[] from, float[] to) {
        Value both = new Value(ops, time(ops, times.getFirst(), from)).plus(new Value(ops, time(ops, times.getLast(),
                to))).times(0.5);
        Tensor given = ops.activate(new Value(ops, condition.of(ops, states)).plus(both).tensor(), Activation.SILU);
        Tensor h = input.of(ops, x);
        for (Block block : blocks) {
            Tensor all = block.condition.of(ops, given);
            Tensor normed = ops.layerNorm(h, block.weight, block.bias, epsilon);
            Tensor inner = ops.activate(block.up.of(ops, moved(ops, normed, all, 0, 1)),
                    Activation.SILU);
            Value added = new Value(ops, part(ops, all, 2, width)).times(new Value(ops, block.down.of(ops, inner)));
            h = ops.apply(new Sum(h, 1, added.tensor(), 1));
        }
        Tensor all = lastCondition.of(ops, given);
        return output.of(ops, moved(ops, norm(ops, h, epsilon), all, 0, 1));
    }

    /// Columns of what a condition gives, a part as wide as a row.
    static Tensor part(Ops ops, Tensor all, int number, int width) {
        return ops.apply(SliceColumns.of(all, number * width, width));
    }

    /// `x · (1 + scale) + shift`.
    ///
    /// @param all what a condition gives
    /// @param shift number of its part
    /// @param scale the same
    static Tensor moved(Ops ops, Tensor x, Tensor all, int shift, int scale) {
        return new Value(ops, x).times(new Value(ops, part(ops, all, scale, x.cols())).plus(1))
                .plus(new Value(ops, part(ops, all, shift, x.cols()))).tensor();
    }

    /// A layer norm without weights.
    static Tensor norm(Ops ops, Tensor x, float epsilon) {
        return ops.apply(UnitNorm.rms(ops.apply(new Center(x, x.cols())), x.cols(), epsilon));
    }

    private Tensor time(Ops ops, Time time, float[] at) {
        int half = time.frequencies.length;
        Tensor waves = Tensor.allocate(Arena.ofAuto(), DType.F32, at.length, 2L * half);
        for (int i = 0; i < at.length; i++) {
            for (int j = 0; j < half; j++) {
                double angle = at[i] * time.frequencies[j];
                waves.set((long) i * 2 * half + j, (float) Math.cos(angle));
                waves.set((long) i * 2 * half + half + j, (float) Math.sin(angle));
            }
        }
        Value y = new Value(ops, time.down.of(ops, ops.activate(time.up.of(ops, waves), Activation.SILU)));
        Value centered = y.minus(y.rowSums().times(1.0 / width));
        Value factor = centered.square().rowSums().times(1.0 / (width - 1)).plus(timeEpsilon).log().times(-0.5).exp();
        return ops.apply(new WeightedColumns(y.times(factor).tensor(), time.norm));
    }

    /// A sound that is generated frame by frame.
    public final class Generation {
        private final VoiceTransformer.Memory memory = new VoiceTransformer.Memory();
        private Tensor next;
        private float end;

        private Generation(Tensor rows) {
            next = rows;
        }

        /// The logit of the end of the sound, at the last frame.
        public float end() {
            return end;
        }

        /// The next frame, `[1, D]`.
        ///
        /// @param noise where it starts, normal numbers times the root of the temperature
        public Tensor next(Ops ops, Tensor noise, int numSteps) {
            int mark = ops.mark();
            Tensor state = body.next(ops, next, memory);
            end = ends(ops, state).get(0);
            Tensor x = noise;
            for (int s = 0; s < numSteps; s++) {
                Tensor v = velocity(ops, state, x, new float[] {(float) s / numSteps},
                        new float[] {(float) (s + 1) / numSteps});
                x = ops.apply(new Sum(x, 1, v, 1f / numSteps));
            }
            Tensor frame = Tensor.allocate(Arena.ofAuto(), DType.F32, 1, size);
            for (int i = 0; i < size; i++) {
                frame.set(i, x.get(i) * deviation[i] + mean[i]);
            }
            Tensor row = ops.linear(x, frameMap);
            next = VoiceTransformer.kept(row);
            ops.release(mark);
            return frame;
        }
    }

    /// Begins a sound.
    ///
    /// @param rows of [#rows], up to its start
    public Generation begin(Tensor rows) {
        return new Generation(rows);
    }

    /// The memory of the weights.
    public long bytes() {
        return tensors.bytes();
    }

    /// The gradients of the tensors of the checkpoint, by name.
    public Map<String, Tensor> gradients(Gradients gradients) {
        return tensors.gradients(gradients);
    }

    @Override
    public void close() {
        tensors.close();
    }
}
