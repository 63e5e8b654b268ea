package glia.engine.voice;

import glia.engine.pass.Engine;
import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Pass;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.model.voice.Qwen2OmniTalker;
import glia.model.voice.Qwen2OmniVocoder;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Compute;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/// Speaks with Qwen2.5-Omni. Its talker reads the last states of the thinker and its embeddings, added.
final class Qwen2OmniVoice extends OmniVoice {
    static final String TYPE = "qwen2_5_omni";
    /// Codes that a sentence may have: some, and some for each token.
    private static final int MOST_CODES = 100;
    private static final int MOST_OF_A_TOKEN = 50;
    private static final int NUM_STEPS = 10;
    private static final double GUIDANCE = 0.5;

    private final Engine thinker;
    private final Qwen2OmniTalker talker;
    private final Qwen2OmniVocoder vocoder;
    private final Speakers speakers;
    private final int start;
    private final int end;
    private final int pad;

    Qwen2OmniVoice(Config config, Path folder, Checkpoint checkpoint, Kernels kernels, Precision precision)
            throws CheckpointException {
        super(folder);
        Config own = config.child("talker_config");
        talker = new Qwen2OmniTalker(own, folder, checkpoint.part("talker."));
        vocoder = new Qwen2OmniVocoder(config.child("token2wav_config"), folder, checkpoint.part("token2wav."));
        start = own.integer("tts_text_start_token_id");
        end = own.integer("tts_text_end_token_id");
        pad = own.integer("tts_text_pad_token_id");
        speakers = Speakers.read(folder, vocoder.bands());
        Model model = ModelLoader.load(folder);
        thinker = new Engine(model, kernels, precision, 1 << 20);
    }

    @Override
    public List<String> voices() {
        return speakers.names();
    }

    @Override
    public long bytes() {
        return talker.bytes() + vocoder.bytes() + thinker.model().weights().all().values().stream()
                .mapToLong(weight -> weight.sizeBytes()).sum();
    }

    @Override
    public Speech begin(Compute ops, int voice, double speed, SplittableRandom random, Turns turns) {
        String name = speakers.names().get(voice);
        Qwen2OmniVocoder.Speaker speaker = new Qwen2OmniVocoder.Speaker(speakers.numbers().get(name),
                speakers.mels().get(name));
        int first = speakers.start().getOrDefault(name, start);
        return (ids, sound) -> {
            int mark = ops.mark();
            int[] all = codes(ops, ids, first, MOST_CODES + MOST_OF_A_TOKEN * ids.length, random, turns);
            float[] samples = all.length == 0 ? new float[0] : turns.take(() -> samples(ops, all, speaker, random));
            ops.release(mark);
            return samples.length == 0 || sound.test(samples);
        };
    }

    /// The codes of a sentence, at most so many.
    ///
    /// @param first the token that begins what the voice says
    int[] codes(Compute ops, int[] ids, int first, int most, SplittableRandom random, Turns turns) {
        Words words = words(ids);
        Tensor said = turns.take(() -> states(words, first));
        int before = words.prompt().length + 2;
        Qwen2OmniTalker.Generation generation = turns.take(() -> talker.begin(talker.prompt(ops, said.rows(0, before)),
                said.rows(before, said.rows())));
        List<Integer> ends = List.of(talker.endCode(), talker.padCode());
        Choice choice = new Choice(logits -> sampler(logits, vocoder.numCodes(), ends, 0.8f, 40, 1.05f, random));
        IntStream.Builder codes = IntStream.builder();
        for (int i = 0; i < most; i++) {
            int code = turns.take(() -> generation.next(ops, choice));
            if (ends.contains(code)) {
                break;
            }
            codes.add(code);
        }
        return codes.build().toArray();
    }

    /// What the talker reads: states and embeddings of the prompt, the token that begins speech, the reply, and the
    /// tokens that end it.
    private Tensor states(Words words, int first) {
        int[] ids = IntStream.concat(IntStream.of(words.prompt()), IntStream.of(words.reply())).toArray();
        Tensor embeddings = thinker.computeWhole(() -> thinker.ops().embed(thinker.model().weights().get(Place.WHOLE,
                Role.EMBEDDING), IntStream.concat(IntStream.of(ids), IntStream.of(first, end, pad)).toArray(),
                ids.length + 3), Qwen2OmniVoice::copy);
        Tensor states = thinker.hidden(new Pass().add(ids, 0, ids.length, 0, Pass.Outputs.ALL), Qwen2OmniVoice::copy);
        int size = states.cols();
        int prompt = words.prompt().length;
        Tensor all = Tensor.allocate(Arena.ofAuto(), DType.F32, ids.length + 3, size);
        for (int row = 0; row < all.rows(); row++) {
            int token = row < prompt ? row : row == prompt ? ids.length : row <= ids.length ? row - 1 : row;
            for (int i = 0; i < size; i++) {
                float x = embeddings.get((long) token * size + i);
                all.set((long) row * size + i, token < ids.length ? x + states.get((long) token * size + i) : x);
            }
        }
        return all;
    }

    private static Tensor copy(Tensor t) {
        Tensor copy = Tensor.allocate(Arena.ofAuto(), DType.F32, t.rows(), t.cols());
        copy.copyFrom(t);
        return copy;
    }

    private float[] samples(Compute ops, int[] codes, Qwen2OmniVocoder.Speaker speaker, SplittableRandom random) {
        Tensor noise = Tensor.allocate(Arena.ofAuto(), DType.F32, (long) vocoder.repeats() * codes.length,
                vocoder.bands());
        for (long i = 0; i < noise.size(); i++) {
            noise.set(i, (float) random.nextGaussian());
        }
        return vocoder.samples(ops, vocoder.spectrogram(ops, noise, codes, speaker,
                Qwen2OmniVocoder.times(NUM_STEPS, -1), GUIDANCE)).toArray();
    }

    @Override
    public void close() {
        thinker.close();
        thinker.model().close();
        talker.close();
        vocoder.close();
    }
}
