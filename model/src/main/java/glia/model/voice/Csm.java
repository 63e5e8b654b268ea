package glia.model.voice;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.kernel.Activation;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.FoldedRows;
import glia.tensor.ops.row.Gathers.SpreadRows;
import glia.tensor.ops.row.PerHeadLinear.Direction;
import glia.tensor.ops.row.PerHeadLinear.HeadWeights;
import glia.tensor.ops.row.PerHeadLinear;
import glia.tensor.ops.row.Sums.GroupSums;
import glia.tensor.ops.row.Sums.Sum;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;

/// CSM (https://github.com/SesameAILabs/csm): a transformer reads texts and frames of codes and gives the first code of
/// the next frame; a small one gives the others, code after code; the codec ([SoundCodec]) makes sound of them.
public final class Csm implements AutoCloseable {
    /// The `model_type` of config.json.
    public static final String TYPE = "csm";

    private final VoiceTensors tensors;
    private final SoundCodec codec;
    private final VoiceTransformer backbone;
    private final VoiceTransformer depth;
    private final Weight texts;
    private final Weight codes;
    private final Weight first;
    private final Weight projector;
    private final HeadWeights others;
    private final Weight[] heads;
    private final int numCodes;
    private final int vocabSize;
    private final int audio;
    private final int audioEnd;
    private final int end;
    private final int bookSize;

    /// @param checkpoint which the model closes
    /// @throws CheckpointException if the config is not supported, or tensors do not fit it
    public Csm(Config config, Path path, Checkpoint checkpoint) throws CheckpointException {
        this(config, new VoiceTensors(path, checkpoint));
    }

    /// A model with random weights: what it says is noise.
    public static Csm fresh(Config config, long seed) throws CheckpointException {
        return new Csm(config, VoiceTensors.fresh(seed, Set.of("codec_model.downsample.conv",
                "codec_model.upsample.conv")));
    }

    private Csm(Config config, VoiceTensors tensors) throws CheckpointException {
        this.tensors = tensors;
        Config small = config.child("depth_decoder_config");
        Config sounds = config.child("codec_config");
        codec = new SoundCodec(sounds, tensors, "codec_model.");
        backbone = new VoiceTransformer(config, tensors, "backbone_model.", VoiceTransformer.Form.GATED,
                Activation.SILU);
        depth = new VoiceTransformer(small, tensors, "depth_decoder.model.", VoiceTransformer.Form.GATED,
                Activation.SILU);
        numCodes = config.positive("num_codebooks", 32);
        vocabSize = config.positive("vocab_size", 2051);
        audio = config.integer("audio_token_id", 128002);
        audioEnd = config.integer("audio_eos_token_id", 128003);
        end = config.integer("codebook_eos_token_id", 0);
        bookSize = sounds.positive("codebook_size", 2048);
        int hidden = backbone.hidden();
        if (!config.flag("tie_codebooks_embeddings", true)) {
            throw config.error("tie_codebooks_embeddings", "is false; expected true");
        }
        for (Config one : List.of(config, small)) {
            if (!one.text("hidden_act", "silu").equals("silu")) {
                throw one.error("hidden_act", "is " + one.found("hidden_act") + ", expected silu");
            }
        }
        texts = tensors.weight("embed_text_tokens.weight", config.positive("text_vocab_size", 128256), hidden);
        String tied = "backbone_model.embed_tokens.embed_audio_tokens.weight";
        codes = tensors.weight(tensors.has(tied) ? tied : "depth_decoder.model.embed_tokens.weight",
                (long) numCodes * vocabSize, hidden);
        first = tensors.weight("lm_head.weight", vocabSize, hidden);
        projector = tensors.weight("depth_decoder.model.inputs_embeds_projector.weight", depth.hidden(), hidden);
        Weight otherHeads = tensors.turned("depth_decoder.codebooks_head.weight", numCodes - 1, depth.hidden(),
                vocabSize);
        others = new HeadWeights(otherHeads, numCodes - 1, 0, vocabSize);
        heads = IntStream.range(0, numCodes - 1).mapToObj(c -> otherHeads.rows(c * vocabSize, (c + 1) * vocabSize))
                .toArray(Weight[]::new);
        tensors.requireRead(List.of("backbone_model.embed_tokens.", "depth_decoder.model.embed_tokens.",
                "codec_model."));
    }

    /// The tensors of the checkpoint that are read, by name.
    public Map<String, Tensor> tensors() {
        return tensors.read();
    }

    /// The codec, which the model closes.
    public SoundCodec codec() {
        return codec;
    }

    /// The number of codes of a frame.
    public int numCodes() {
        return numCodes;
    }

    /// The number of values of a code, with those that are no sound.
    public int vocabSize() {
        return vocabSize;
    }

    /// The frame that ends a sound.
    public int[] endFrame() {
        int[] frame = new int[numCodes];
        Arrays.fill(frame, end);
        return frame;
    }

    /// The frames of a text's places: given ones where the text has the token of sounds, [#endFrame] where it has that
    /// of their end, null for tokens of text.
    ///
    /// @param sounds codes, book by book
    public int[][] frames(int[] ids, int[][] sounds) {
        int[][] frames = new int[ids.length][];
        int next = 0;
        for (int t = 0; t < ids.length; t++) {
            if (ids[t] == audio) {
                int frame = next++;
                if (sounds.length < numCodes || frame >= sounds[0].length) {
                    throw new IllegalArgumentException("the text has more places of sound than the sound has frames");
                }
                frames[t] = Arrays.stream(sounds, 0, numCodes).mapToInt(book -> book[frame]).toArray();
            } else if (ids[t] == audioEnd) {
                frames[t] = endFrame();
            }
        }
        return frames;
    }

    /// The rows that the backbone reads, `[T, H]`: embeddings of tokens, sums of those of codes.
    ///
    /// @param frames of [#frames]
    public Tensor rows(Ops ops, int[] ids, int[][] frames) {
        int[] plain = IntStream.range(0, ids.length).filter(t -> frames[t] == null).toArray();
        int[] sounds = IntStream.range(0, ids.length).filter(t -> frames[t] != null).toArray();
        Tensor text = ops.apply(new SpreadRows(ops.embed(texts, IntStream.of(plain).map(t -> ids[t]).toArray(),
                plain.length), plain, ids.length));
        if (sounds.length == 0) {
            return text;
        }
        int[] all = IntStream.of(sounds).flatMap(t -> IntStream.range(0, numCodes).map(c -> frames[t][c]
                + c * vocabSize)).toArray();
        int[] groups = IntStream.range(0, all.length).map(i -> sounds[i / numCodes]).toArray();
        return ops.apply(new Sum(text, 1, ops.apply(new GroupSums(ops.embed(codes, all, all.length), groups,
                ids.length)), 1));
    }

    /// The states of the backbone for a whole text, `[T, H]`.
    public Tensor states(Ops ops, Tensor rows) {
        return backbone.of(ops, rows, 1);
    }

    /// The logits of the first code of the frames after states.
    public Tensor firstLogits(Ops ops, Tensor states) {
        return ops.linear(states, first);
    }

    /// The logits of the other codes of frames, `[F·(C - 1), V]`, all at once.
    ///
    /// @param states of the backbone before each frame, `[F, H]`
    /// @param frames all codes but the last count
    public Tensor otherLogits(Ops ops, Tensor states, int[][] frames) {
        int count = frames.length;
        int[] ids = Arrays.stream(frames).flatMapToInt(frame -> IntStream.range(0, numCodes - 1).map(c -> frame[c]
                + c * vocabSize)).toArray();
        int[] places = IntStream.range(0, ids.length).map(i -> i / (numCodes - 1) * numCodes + 1 + i % (numCodes - 1))
                .toArray();
        int[] starts = IntStream.range(0, count).map(f -> f * numCodes).toArray();
        Tensor rows = ops.apply(new Sum(ops.apply(new SpreadRows(states, starts, count * numCodes)), 1,
                ops.apply(new SpreadRows(ops.embed(codes, ids, ids.length), places, count * numCodes)), 1));
        Tensor x = depth.of(ops, ops.linear(rows, projector), count);
        Tensor kept = ops.select(x, places, places.length);
        Tensor logits = ops.apply(new PerHeadLinear(ops.apply(new FoldedRows(kept, numCodes - 1)), others,
                Direction.FORWARD));
        return ops.apply(new FoldedRows.Split(logits, numCodes - 1));
    }

    /// A sound that is generated frame by frame.
    public final class Generation {
        private final VoiceTransformer.Memory memory = new VoiceTransformer.Memory();
        private Tensor next;

        /// @param rows of the prompt
        private Generation(Tensor rows) {
            next = rows;
        }

        /// The next frame.
        ///
        /// @param choose picks a code by its logits
        /// @return the codes; those of [Csm#endFrame] at the end
        public int[] next(Ops ops, ToIntFunction<Tensor> choose) {
            int mark = ops.mark();
            Tensor state = backbone.next(ops, next, memory);
            int[] frame = new int[numCodes];
            frame[0] = choose.applyAsInt(firstLogits(ops, state));
            VoiceTransformer.Memory own = new VoiceTransformer.Memory();
            depth.next(ops, ops.linear(state, projector), own);
            for (int c = 1; c < numCodes; c++) {
                Tensor x = depth.next(ops, ops.linear(ops.embed(codes, new int[] {frame[c - 1] + (c - 1) * vocabSize},
                        1), projector), own);
                frame[c] = choose.applyAsInt(ops.linear(x, heads[c - 1]));
            }
            Tensor row = rows(ops, new int[1], new int[][] {frame});
            next = VoiceTransformer.kept(row);
            ops.release(mark);
            return frame;
        }
    }

    /// Begins a sound.
    public Generation begin(Tensor rows) {
        return new Generation(rows);
    }

    /// The samples of frames, `[F·hop, 1]`. Codes that the codec lacks are its last.
    public Tensor samples(Ops ops, List<int[]> frames) {
        int[][] books = new int[Math.min(numCodes, codec.numCodes())][];
        Arrays.setAll(books, c -> frames.stream().mapToInt(frame -> Math.min(frame[c], bookSize - 1)).toArray());
        return codec.samples(ops, codec.frames(ops, books), x -> { });
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
