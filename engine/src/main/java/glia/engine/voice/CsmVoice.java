package glia.engine.voice;

import glia.engine.sampling.Sampler;
import glia.engine.sampling.SamplingOptions;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.voice.Csm;
import glia.tensor.ops.Compute;
import glia.text.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/// Speaks with CSM. The sentence before is part of the prompt, so that the voice stays the same.
final class CsmVoice implements Voice {
    private static final int NUM_VOICES = 10;
    private static final float TEMPERATURE = 0.9f;
    private static final int TOP_K = 50;
    /// Frames that a sentence may have: some, and some for each token.
    private static final int MOST_FRAMES = 25;
    private static final int MOST_OF_A_TOKEN = 12;

    private final Csm model;
    private final Tokenizer tokenizer;
    private final SamplingOptions sampling;
    private final int context;

    CsmVoice(Csm model, Config config, Path folder) throws CheckpointException {
        this.model = model;
        tokenizer = Voice.tokenizer(folder);
        Path file = folder.resolve("generation_config.json");
        Config settings = Config.readIfPresent(file);
        sampling = SamplingOptions.neutral().withTemperature((float) settings.real("temperature", TEMPERATURE))
                .withTopK(settings.integer("top_k", TOP_K));
        context = config.positive("max_position_embeddings", 2048);
    }

    @Override
    public int sampleRate() {
        return model.codec().sampleRate();
    }

    @Override
    public List<String> voices() {
        return IntStream.range(0, NUM_VOICES).mapToObj(Integer::toString).toList();
    }

    @Override
    public long bytes() {
        return model.bytes();
    }

    @Override
    public int[] encode(String sentence, int voice, boolean isPhonemes) {
        Voice.requireText(isPhonemes);
        int[] ids = tokenizer.encodePlain("[" + voice + "]" + sentence, true);
        if (most(ids.length) < 1 || ids.length + most(ids.length) > context) {
            throw new IllegalArgumentException("a sentence of " + ids.length + " tokens does not fit the model's "
                    + "context of " + context);
        }
        return ids;
    }

    private static int most(int numTokens) {
        return MOST_FRAMES + MOST_OF_A_TOKEN * numTokens;
    }

    @Override
    public Speech begin(Compute ops, int voice, double speed, SplittableRandom random, Turns turns) {
        List<Integer> before = new ArrayList<>();
        List<int[]> framesBefore = new ArrayList<>();
        return (ids, sound) -> {
            int room = context - ids.length - most(ids.length);
            if (before.size() + framesBefore.size() + 1 > room) {
                before.clear();
                framesBefore.clear();
            }
            List<int[]> frames = frames(ops, ids, before, framesBefore, random, turns);
            before.clear();
            Arrays.stream(ids).forEach(before::add);
            framesBefore.clear();
            framesBefore.addAll(frames);
            return frames.isEmpty() || sound.test(turns.take(() -> {
                int mark = ops.mark();
                float[] samples = model.samples(ops, frames).toArray();
                ops.release(mark);
                return samples;
            }));
        };
    }

    private List<int[]> frames(Compute ops, int[] ids, List<Integer> before, List<int[]> framesBefore,
            SplittableRandom random, Turns turns) {
        int start = before.isEmpty() ? 0 : before.size() + framesBefore.size() + 1;
        int[] all = new int[start + ids.length];
        int[][] sounds = new int[all.length][];
        for (int i = 0; i < before.size(); i++) {
            all[i] = before.get(i);
        }
        for (int i = 0; i < start - before.size(); i++) {
            sounds[before.size() + i] = i < framesBefore.size() ? framesBefore.get(i) : model.endFrame();
        }
        System.arraycopy(ids, 0, all, start, ids.length);
        int mark = ops.mark();
        Csm.Generation generation = turns.take(() -> model.begin(model.rows(ops, all, sounds)));
        Sampler sampler = new Sampler(sampling.withSeed(random.nextLong()), model.vocabSize());
        List<int[]> frames = new ArrayList<>();
        while (frames.size() < most(ids.length)) {
            int[] frame = turns.take(() -> generation.next(ops, logits -> sampler.sample(logits, 0)));
            if (Arrays.equals(frame, model.endFrame())) {
                break;
            }
            frames.add(frame);
        }
        ops.release(mark);
        return frames;
    }

    @Override
    public void close() {
        model.close();
    }
}
