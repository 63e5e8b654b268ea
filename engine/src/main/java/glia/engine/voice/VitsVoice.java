package glia.engine.voice;

import glia.io.CheckpointException;
import glia.model.voice.Vits;
import glia.tensor.ops.Compute;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/// Speaks with VITS, in parts of 64 frames.
final class VitsVoice implements Voice {
    private static final int PART_FRAMES = 64;
    /// Longest sound of one sentence, in frames of a token: a predictor of durations may go wrong.
    private static final int MOST_FRAMES = 200;

    private final Vits model;
    private final VitsTokens tokens;

    VitsVoice(Vits model, Path folder) throws CheckpointException {
        this.model = model;
        tokens = new VitsTokens(folder, model.vocabSize());
    }

    @Override
    public int sampleRate() {
        return model.sampleRate();
    }

    @Override
    public List<String> voices() {
        return IntStream.range(0, model.numSpeakers()).mapToObj(Integer::toString).toList();
    }

    @Override
    public long bytes() {
        return model.bytes();
    }

    @Override
    public boolean hasSpeed() {
        return true;
    }

    @Override
    public int[] encode(String sentence, int voice, boolean isPhonemes) {
        return tokens.encode(sentence, isPhonemes);
    }

    @Override
    public Speech begin(Compute ops, int voice, double speed, SplittableRandom random, Turns turns) {
        return (ids, sound) -> {
            int mark = ops.mark();
            Vits.Utterance utterance = turns.take(() -> model.read(ops, ids, voice));
            int count = Arrays.stream(turns.take(() -> utterance.chooseFrames(random::nextGaussian, speed))).sum();
            if (count > MOST_FRAMES * ids.length) {
                throw new IllegalArgumentException("the model gives " + ids.length + " tokens " + count + " frames of "
                        + model.hop() + " samples; its weights or its speaking_rate are wrong");
            }
            turns.take(() -> utterance.spectrogram(random::nextGaussian));
            for (int from = 0; from < count; from += PART_FRAMES) {
                int start = from;
                if (!sound.test(turns.take(() -> utterance.waveform(start, Math.min(count, start + PART_FRAMES))))) {
                    return false;
                }
            }
            ops.release(mark);
            return true;
        };
    }

    @Override
    public void close() {
        model.close();
    }
}
