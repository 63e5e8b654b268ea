package glia.model.voice;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.voice.VoiceTensors.Affine;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.kernel.Activation;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Gathers.SpreadRows;
import glia.tensor.ops.row.Sums.Sum;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;

/// The talker of Qwen3-Omni (https://arxiv.org/abs/2509.17765): a transformer with experts reads projected states of
/// the thinker and gives the first code of each frame; a small one gives the others, code after code.
public final class Qwen3OmniTalker implements AutoCloseable {
    /// The class that config.json names.
    public static final String TYPE = "Qwen3OmniMoeTalkerForConditionalGeneration";

    /// A network of the thinker's states.
    private record Projection(Affine up, Affine down) {
        static Projection of(VoiceTensors tensors, String name, int inputs, int inner, int outputs)
                throws CheckpointException {
            return new Projection(Affine.of(tensors, name + ".linear_fc1", inner, inputs),
                    Affine.of(tensors, name + ".linear_fc2", outputs, inner));
        }

        Tensor of(Ops ops, Tensor x) {
            return down.of(ops, ops.activate(up.of(ops, x), Activation.SILU));
        }
    }

    private final VoiceTensors tensors;
    private final VoiceTransformer body;
    private final VoiceTransformer small;
    private final Projection texts;
    private final Projection others;
    private final Weight first;
    private final Weight head;
    /// Embeddings of the further codes, and the heads that give them.
    private final Weight[] further;
    private final Weight[] heads;
    private final int end;

    /// @param checkpoint which the model closes
    /// @throws CheckpointException if the config is not supported, or tensors do not fit it
    public Qwen3OmniTalker(Config config, Path path, Checkpoint checkpoint) throws CheckpointException {
        tensors = new VoiceTensors(path, checkpoint);
        Config text = config.child("text_config");
        Config predictor = config.child("code_predictor_config");
        body = new VoiceTransformer(text, tensors, "model.", VoiceTransformer.Form.EXPERTS,
                SoundCodec.activation(text, "silu"));
        small = new VoiceTransformer(predictor, tensors, "code_predictor.model.", VoiceTransformer.Form.GATED_NORMED,
                SoundCodec.activation(predictor, "silu"));
        int hidden = body.hidden();
        if (small.hidden() != hidden) {
            throw predictor.error("hidden_size", "is " + small.hidden() + ", expected that of text_config, " + hidden);
        }
        int thinker = config.positive("thinker_hidden_size");
        int inner = text.positive("intermediate_size");
        texts = Projection.of(tensors, "text_projection", thinker, inner, hidden);
        others = Projection.of(tensors, "hidden_projection", thinker, inner, hidden);
        int size = text.positive("vocab_size");
        first = tensors.weight("model.codec_embedding.weight", size, hidden);
        head = tensors.weight("codec_head.weight", size, hidden);
        int count = config.positive("num_code_groups") - 1;
        int bookSize = predictor.positive("vocab_size");
        further = new Weight[count];
        heads = new Weight[count];
        for (int i = 0; i < count; i++) {
            further[i] = tensors.weight("code_predictor.model.codec_embedding." + i + ".weight", bookSize, hidden);
            heads[i] = tensors.weight("code_predictor.lm_head." + i + ".weight", bookSize, hidden);
        }
        end = config.integer("codec_eos_token_id");
        tensors.requireRead(List.of());
    }

    /// The first code of the frame that ends a reply.
    public int endCode() {
        return end;
    }

    /// The number of codes of a frame.
    public int numCodes() {
        return further.length + 1;
    }

    /// What the talker reads for tokens of text, of the thinker's embeddings.
    public Tensor text(Ops ops, Tensor thinker) {
        return texts.of(ops, thinker);
    }

    /// What the talker reads for pictures and sounds, of the thinker's states.
    public Tensor other(Ops ops, Tensor thinker) {
        return others.of(ops, thinker);
    }

    /// What the talker reads for the first codes of frames.
    public Tensor codes(Ops ops, int[] ids) {
        return ops.embed(first, ids, ids.length);
    }

    /// The states of a whole text, `[T, H]`.
    public Tensor states(Ops ops, Tensor rows) {
        return body.of(ops, rows, 1);
    }

    /// The logits of the first code of the frames after states.
    public Tensor firstLogits(Ops ops, Tensor states) {
        return ops.linear(states, head);
    }

    /// The logits of the further codes of a frame, `[C - 1, V]`, all at once.
    ///
    /// @param state of the talker before the frame, `[1, H]`
    /// @param frame all codes but the last count
    public Tensor furtherLogits(Ops ops, Tensor state, int[] frame) {
        int count = numCodes();
        Tensor rows = ops.apply(new SpreadRows(state, new int[1], count));
        for (int c = 0; c + 1 < count; c++) {
            rows = placed(ops, rows, embedded(ops, frame[c], c), c + 1);
        }
        Tensor x = small.of(ops, rows, 1);
        Tensor logits = null;
        for (int c = 1; c < count; c++) {
            Tensor own = ops.apply(new SpreadRows(ops.linear(ops.select(x, new int[] {c}, 1), heads[c - 1]),
                    new int[] {c - 1}, count - 1));
            logits = logits == null ? own : ops.apply(new Sum(logits, 1, own, 1));
        }
        return logits;
    }

    private static Tensor placed(Ops ops, Tensor rows, Tensor row, int place) {
        return ops.apply(new Sum(rows, 1, ops.apply(new SpreadRows(row, new int[] {place}, rows.rows())), 1));
    }

    private Tensor embedded(Ops ops, int code, int number) {
        return ops.embed(number == 0 ? first : further[number - 1], new int[] {code}, 1);
    }

    /// A reply that is spoken frame by frame.
    public final class Generation {
        private final VoiceTransformer.Memory memory = new VoiceTransformer.Memory();
        private Tensor next;

        private Generation(Tensor rows) {
            next = rows;
        }

        /// The next frame.
        ///
        /// @param choose picks a code by its logits
        /// @param text what the talker reads beside the frame, of [#text], `[1, H]`
        public int[] next(Ops ops, ToIntFunction<Tensor> choose, Tensor text) {
            int mark = ops.mark();
            Tensor state = body.next(ops, next, memory);
            int[] frame = new int[numCodes()];
            frame[0] = choose.applyAsInt(firstLogits(ops, state));
            Tensor sum = text;
            VoiceTransformer.Memory own = new VoiceTransformer.Memory();
            small.next(ops, state, own);
            for (int c = 0; c < frame.length; c++) {
                Tensor row = embedded(ops, frame[c], c);
                sum = ops.apply(new Sum(sum, 1, row, 1));
                if (c + 1 < frame.length) {
                    frame[c + 1] = choose.applyAsInt(ops.linear(small.next(ops, row, own), heads[c]));
                }
            }
            next = VoiceTransformer.kept(sum);
            ops.release(mark);
            return frame;
        }
    }

    /// Begins a reply.
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
