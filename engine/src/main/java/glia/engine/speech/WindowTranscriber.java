package glia.engine.speech;

import glia.engine.LanguageModel;
import glia.engine.speech.Transcript.Segment;
import glia.engine.speech.Transcript.Word;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.Folders;
import glia.io.sound.Resampler;
import glia.io.sound.SoundReader;
import glia.model.spec.Embedding;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Transcribes windows of a sound apart: at most 30 seconds each, cut at the quietest place of the last third.
abstract class WindowTranscriber implements Transcriber.Method {
    private static final int WINDOW_SECONDS = 30;
    private static final int QUIET_PER_SECOND = 20;
    private static final double SMALLEST_VARIANCE = 1e-7;

    final LanguageModel model;
    final Embedding.Features features;
    /// That of `preprocessor_config.json`; empty if there is none.
    final Config config;
    final int rate;

    /// @throws CheckpointException if the settings of sounds are damaged
    WindowTranscriber(LanguageModel model, Embedding.Features features) throws CheckpointException {
        this.model = model;
        this.features = features;
        Path file = Folders.ofModel(model.path()).resolve("preprocessor_config.json");
        config = Config.readIfPresent(file);
        rate = config.positive("sampling_rate", 16_000);
    }

    /// A part of a window's text.
    ///
    /// @param start in seconds from the start of the window
    /// @param words with times from there
    record Part(String text, double start, double end, List<Integer> tokens, double logProbability,
            List<Word> words) { }

    /// The text of a window.
    ///
    /// @param samples at the model's rate, at least one
    abstract List<Part> window(float[] samples, Transcriber.Listener listener) throws IOException;

    @Override
    public Transcript transcribe(SoundReader sound, boolean isStream, TranscribeOptions options,
            Transcriber.Listener listener) throws IOException {
        if (options.translates()) {
            throw new IllegalArgumentException("the model writes what it hears, so it cannot translate");
        }
        options.language().ifPresent(this::code);
        Resampler resampler = new Resampler(sound.rate(), rate);
        List<Segment> segments = new ArrayList<>();
        int most = WINDOW_SECONDS * rate;
        float[] samples = new float[2 * most];
        int count = 0;
        long done = 0;
        for (boolean isEnded = false; !isEnded || count > 0;) {
            while (!isEnded && count <= most) {
                WindowDecoder.requireGoing(listener::isCancelled);
                float[] block = sound.next();
                isEnded = block == null;
                float[] more = isEnded ? resampler.end() : resampler.add(block);
                samples = count + more.length > samples.length ? Arrays.copyOf(samples, 2 * (count + more.length))
                        : samples;
                System.arraycopy(more, 0, samples, count, more.length);
                count += more.length;
            }
            WindowDecoder.requireGoing(listener::isCancelled);
            int end = count <= most ? count : quietest(samples, most);
            if (end > 0) {
                add(window(Arrays.copyOf(samples, end), listener), (double) done / rate, options, segments, listener);
            }
            System.arraycopy(samples, end, samples, 0, count - end);
            count -= end;
            done += end;
            listener.progress((double) done / rate, isEnded ? (double) (done + count) / rate : -1);
        }
        return new Transcript("", (double) done / rate, segments);
    }

    private void add(List<Part> parts, double offset, TranscribeOptions options, List<Segment> segments,
            Transcriber.Listener listener) {
        for (Part part : parts) {
            List<Word> words = options.words() ? part.words.stream().map(w -> new Word(w.text(),
                    round(offset + w.start()), round(offset + w.end()), w.probability())).toList() : List.of();
            Segment segment = new Segment(segments.size(), round(offset), round(offset + part.start),
                    round(offset + part.end), part.text, part.tokens, 0, part.logProbability,
                    WindowDecoder.compression(part.text.strip()), 0, words);
            segments.add(segment);
            listener.segment(segment);
        }
    }

    /// To hundredths.
    static double round(double seconds) {
        return Math.round(seconds * 100) / 100.0;
    }

    /// The middle of the quietest part of the last third of a window.
    private int quietest(float[] samples, int most) {
        int size = rate / QUIET_PER_SECOND;
        int best = most;
        double least = Double.POSITIVE_INFINITY;
        for (int from = most * 2 / 3; from + size <= most; from += size) {
            double energy = 0;
            for (int i = from; i < from + size; i++) {
                energy += samples[i] * samples[i];
            }
            best = energy < least ? from + size / 2 : best;
            least = Math.min(least, energy);
        }
        return best;
    }

    /// Samples as the model reads them, `[count, 1]`, with silence up to the fewest that it reads.
    ///
    /// @param normalizes whether they get mean 0 and variance 1
    final Tensor signal(float[] samples, boolean normalizes) {
        Tensor values = Tensor.allocate(Arena.ofAuto(), DType.F32, Math.max(features.fewest(), samples.length), 1);
        values.zero();
        double mean = 0;
        double square = 0;
        for (float x : samples) {
            mean += (double) x / samples.length;
            square += (double) x * x / samples.length;
        }
        double scale = normalizes ? 1 / Math.sqrt(Math.max(0, square - mean * mean) + SMALLEST_VARIANCE) : 1;
        for (int i = 0; i < samples.length; i++) {
            values.set(i, (float) ((samples[i] - (normalizes ? mean : 0)) * scale));
        }
        return values;
    }
}
