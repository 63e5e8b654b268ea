package glia.engine.voice;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.voice.Qwen3OmniTalker;
import glia.model.voice.Qwen3OmniVocoder;
import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Gathers.SpreadRows;
import glia.tensor.ops.row.Sums.Sum;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;

/// Speaks with Qwen3-Omni. Its talker reads the thinker's embeddings of a text alone, so the thinker is not computed;
/// samples are made while the talker goes on.
final class Qwen3OmniVoice extends OmniVoice {
    static final String TYPE = "qwen3_omni_moe";
    private static final String EMBEDDING = "thinker.model.embed_tokens.weight";
    /// Frames that a sentence may have: some, and some for each token.
    private static final int MOST_FRAMES = 50;
    private static final int MOST_OF_A_TOKEN = 12;
    /// Frames of a part of the sound, and those before it that are computed with it.
    private static final int PART = 50;
    private static final int CONTEXT = 25;

    private final Qwen3OmniTalker talker;
    private final Qwen3OmniVocoder vocoder;
    private final Weight embedding;
    private final List<String> voices;
    /// The codes before a reply, by voice.
    private final int[][] special;
    /// The tokens that begin and end speech and go on after it.
    private final int[] texts;

    Qwen3OmniVoice(Config config, Path folder, Checkpoint checkpoint) throws CheckpointException {
        super(folder);
        Config own = config.child("talker_config");
        talker = new Qwen3OmniTalker(own, folder, checkpoint.part("talker."));
        vocoder = new Qwen3OmniVocoder(config.child("code2wav_config"), folder, checkpoint.part("code2wav."));
        embedding = new Weight.Stored(checkpoint.tensor(EMBEDDING));
        voices = own.isObject("speaker_id") ? List.copyOf(own.child("speaker_id").keys()) : List.of();
        if (voices.isEmpty()) {
            throw own.error("speaker_id", "is missing: the codes of the voices by their names");
        }
        special = new int[voices.size()][];
        for (int i = 0; i < special.length; i++) {
            special[i] = new int[] {own.integer("codec_nothink_id"), own.integer("codec_think_bos_id"),
                own.integer("codec_think_eos_id"), own.child("speaker_id").integer(voices.get(i)),
                own.integer("codec_pad_id"), own.integer("codec_bos_id")};
        }
        texts = new int[] {config.integer("tts_bos_token_id"), config.integer("tts_eos_token_id"),
            config.integer("tts_pad_token_id")};
    }

    @Override
    public List<String> voices() {
        return voices;
    }

    @Override
    public long bytes() {
        return talker.bytes() + vocoder.bytes() + embedding.sizeBytes();
    }

    @Override
    public Speech begin(Compute ops, int voice, double speed, SplittableRandom random, Turns turns) {
        return (ids, sound) -> {
            int mark = ops.mark();
            Tensor rest = turns.take(() -> text(ops, IntStream.concat(IntStream.of(ids).skip(1),
                    IntStream.of(texts[1], texts[2])).toArray()));
            Qwen3OmniTalker.Generation generation = turns.take(() -> talker.begin(prompt(ops, words(ids),
                    special[voice])));
            List<Integer> ends = List.of(talker.endCode());
            Choice first = new Choice(logits -> sampler(logits, vocoder.bookSize(), ends, 1, 50, 1.05f, random));
            List<Choice> further = IntStream.range(1, talker.numCodes()).mapToObj(i -> new Choice(logits ->
                    sampler(logits, vocoder.bookSize(), List.of(), 0.8f, 50, 1, random))).toList();
            List<int[]> frames = new ArrayList<>();
            int most = MOST_FRAMES + MOST_OF_A_TOKEN * ids.length;
            boolean goesOn = true;
            int done = 0;
            for (int i = 0; goesOn && i < most; i++) {
                int[] count = new int[1];
                ToIntFunction<Tensor> choose = logits -> count[0]++ == 0 ? first.applyAsInt(logits)
                        : further.get(count[0] - 2).applyAsInt(logits);
                int row = Math.min(i, rest.rows() - 1);
                int[] frame = turns.take(() -> generation.next(ops, choose, rest.rows(row, row + 1)));
                if (frame[0] == talker.endCode()) {
                    break;
                }
                frames.add(frame);
                if (frames.size() - done == PART) {
                    goesOn = part(ops, frames, done, turns, sound);
                    done = frames.size();
                }
            }
            goesOn = goesOn && (frames.size() == done || part(ops, frames, done, turns, sound));
            ops.release(mark);
            return goesOn;
        };
    }

    private Tensor text(Compute ops, int... ids) {
        return talker.text(ops, ops.embed(embedding, ids, ids.length));
    }

    /// What the talker reads before the first frame: the user's words, the role of the reply, then beside codes four
    /// times padding, the beginning of speech and the first token.
    private Tensor prompt(Compute ops, Words words, int[] codes) {
        int pad = texts[2];
        int[] all = IntStream.concat(IntStream.of(words.prompt()), IntStream.of(pad, pad, pad, pad, texts[0],
                words.reply()[0])).toArray();
        int[] places = IntStream.range(all.length - codes.length, all.length).toArray();
        return ops.apply(new Sum(text(ops, all), 1, ops.apply(new SpreadRows(talker.codes(ops, codes), places,
                all.length)), 1));
    }

    private boolean part(Compute ops, List<int[]> frames, int start, Turns turns, Predicate<float[]> sound) {
        int from = Math.max(0, start - CONTEXT);
        int[][] books = new int[talker.numCodes()][];
        Arrays.setAll(books, b -> frames.subList(from, frames.size()).stream().mapToInt(frame -> frame[b]).toArray());
        float[] samples = turns.take(() -> {
            int mark = ops.mark();
            float[] made = vocoder.samples(ops, books, x -> { }).toArray();
            ops.release(mark);
            return made;
        });
        return sound.test(Arrays.copyOfRange(samples, Math.min(samples.length, (start - from) * vocoder.hop()),
                samples.length));
    }

    @Override
    public void close() {
        talker.close();
        vocoder.close();
    }
}
