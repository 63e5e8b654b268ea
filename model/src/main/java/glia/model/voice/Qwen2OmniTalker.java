package glia.model.voice;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.voice.VoiceTensors.Affine;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Gathers.SpreadRows;
import glia.tensor.ops.row.Sums.Sum;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;

/// The talker of Qwen2.5-Omni (https://arxiv.org/abs/2503.20215): a transformer reads what the thinker's states and
/// embeddings say of a conversation, then, code after code, the last code with the next row of the thinker's reply.
public final class Qwen2OmniTalker implements AutoCloseable {
    /// The class that config.json names.
    public static final String TYPE = "Qwen2_5OmniTalkerForConditionalGeneration";

    private final VoiceTensors tensors;
    private final VoiceTransformer body;
    private final Weight codes;
    private final Affine input;
    private final Weight head;
    private final int pad;
    private final int start;
    private final int end;

    /// @param checkpoint which the model closes
    /// @throws CheckpointException if the config is not supported, or tensors do not fit it
    public Qwen2OmniTalker(Config config, Path path, Checkpoint checkpoint) throws CheckpointException {
        tensors = new VoiceTensors(path, checkpoint);
        body = new VoiceTransformer(config, tensors, "model.", VoiceTransformer.Form.GATED_BIASED,
                SoundCodec.activation(config, "silu"));
        if (config.flag("use_sliding_window", false)) {
            throw config.error("use_sliding_window", "is true; expected false");
        }
        int size = config.positive("vocab_size");
        int width = config.positive("embedding_size");
        codes = tensors.weight("model.embed_tokens.weight", size, width);
        input = Affine.of(tensors, "thinker_to_talker_proj", body.hidden(), width);
        head = tensors.weight("codec_head.weight", size, body.hidden());
        pad = code(config, "tts_codec_pad_token_id", size);
        start = code(config, "tts_codec_start_token_id", size);
        end = code(config, "tts_codec_end_token_id", size);
        tensors.requireRead(List.of());
    }

    private static int code(Config config, String key, int size) throws CheckpointException {
        int code = config.integer(key);
        if (code < 0 || code >= size) {
            throw config.error(key, "is " + code + ", expected less than vocab_size, " + size);
        }
        return code;
    }

    /// The code that ends a reply.
    public int endCode() {
        return end;
    }

    /// The code of no sound, which ends a reply, too.
    public int padCode() {
        return pad;
    }

    /// The prompt that the talker reads, `[T, E]`: the last two rows get the embeddings of padding and of the start.
    ///
    /// @param thinker states and embeddings of the conversation, `[T, E]`
    public Tensor prompt(Ops ops, Tensor thinker) {
        int count = thinker.rows();
        if (count < 2) {
            throw new IllegalArgumentException("a prompt of " + count + " rows, expected at least 2");
        }
        return ops.apply(new Sum(thinker, 1, ops.apply(new SpreadRows(ops.embed(codes, new int[] {pad, start}, 2),
                new int[] {count - 2, count - 1}, count)), 1));
    }

    /// The logits of codes after each row of a prompt, `[T, V]`.
    public Tensor logits(Ops ops, Tensor rows) {
        return ops.linear(body.of(ops, input.of(ops, rows), 1), head);
    }

    /// A reply that is spoken code by code.
    public final class Generation {
        private final VoiceTransformer.Memory memory = new VoiceTransformer.Memory();
        private final Tensor reply;
        private Tensor next;
        private int spoken;

        private Generation(Tensor prompt, Tensor reply) {
            next = prompt;
            this.reply = reply;
        }

        /// The next code.
        ///
        /// @param choose picks a code by its logits
        public int next(Ops ops, ToIntFunction<Tensor> choose) {
            int mark = ops.mark();
            int code = choose.applyAsInt(ops.linear(body.next(ops, input.of(ops, next), memory), head));
            int row = Math.min(spoken++, reply.rows() - 1);
            Tensor sum = ops.apply(new Sum(ops.embed(codes, new int[] {code}, 1), 1, reply.rows(row, row + 1), 1));
            next = VoiceTransformer.kept(sum);
            ops.release(mark);
            return code;
        }
    }

    /// Begins a reply.
    ///
    /// @param prompt of [#prompt]
    /// @param reply rows of the thinker's reply, `[R, E]`, one for each code; the last one again for those after
    public Generation begin(Tensor prompt, Tensor reply) {
        return new Generation(prompt, reply);
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
