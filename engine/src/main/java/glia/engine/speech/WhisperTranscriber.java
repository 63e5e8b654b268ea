package glia.engine.speech;

import glia.engine.LanguageModel;
import glia.engine.pass.Engine;
import glia.engine.speech.Transcript.Segment;
import glia.engine.speech.Transcript.Word;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.Folders;
import glia.io.sound.LogMel;
import glia.io.sound.Resampler;
import glia.io.sound.SoundReader;
import glia.model.block.Input;
import glia.model.spec.Embedding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/// Whisper: windows of 30 s, whose timestamps steer where the next begins (https://arxiv.org/abs/2212.04356, section
/// 2.3).
final class WhisperTranscriber implements Transcriber.Method {
    /// Sounds up to here are read before their first window, so that all windows have one scale.
    private static final int READ_AHEAD_SECONDS = 2 * 3600;

    private final LanguageModel model;
    private final SpeechTokens tokens;
    private final LogMel.Options mel;
    private final Embedding.Features features;

    /// @throws CheckpointException if files that Whisper needs are missing or damaged
    WhisperTranscriber(LanguageModel model, Embedding.Features features) throws CheckpointException {
        this.model = model;
        this.features = features;
        Path folder = Folders.ofModel(model.path());
        Path file = folder.resolve("preprocessor_config.json");
        mel = LogMel.Options.read(Files.exists(file) ? Config.read(file)
                : Config.of(file, Map.of("feature_size", features.size())));
        if (mel.numMels() != features.size()) {
            throw new CheckpointException(file, "feature_size", "is " + mel.numMels() + ", but the model reads "
                    + features.size() + " values of a frame");
        }
        tokens = new SpeechTokens(folder, model.tokenizer(), model.model().spec().vocabSize());
    }

    @Override
    public List<String> languages() {
        return tokens.isMultilingual() ? List.copyOf(tokens.languages.keySet()) : List.of("en");
    }

    @Override
    public String code(String language) {
        return tokens.code(language);
    }

    @Override
    public Transcript transcribe(SoundReader sound, boolean isStream, TranscribeOptions options,
            Transcriber.Listener listener) throws IOException {
        if (options.translates() && !tokens.isMultilingual()) {
            throw new IllegalArgumentException("the model was trained on English only, so it cannot translate");
        }
        return new Run(sound, isStream, options, listener).transcript();
    }

    /// One transcription.
    private final class Run {
        private final Engine engine = model.engine();
        private final LogMel spectrogram = new LogMel(mel, engine.ops().kernels().workers());
        private final SoundReader sound;
        private final Resampler resampler;
        private final TranscribeOptions options;
        private final Transcriber.Listener listener;
        private final Random random;
        private final double frameSeconds = (double) mel.hop() / mel.rate();
        private final int framesOfStep = (int) Math.round(SpeechTokens.STEP / frameSeconds);
        private final List<Segment> segments = new ArrayList<>();
        private final boolean isStream;
        private int[] before;
        private Optional<String> language;
        private boolean isEnded;
        /// The end of the last word.
        private double spoken;
        private int seek;

        Run(SoundReader sound, boolean isStream, TranscribeOptions options, Transcriber.Listener listener) {
            this.sound = sound;
            this.isStream = isStream;
            this.options = options;
            this.listener = listener;
            resampler = new Resampler(sound.rate(), mel.rate());
            random = new Random(options.seed());
            before = tokens.encode(options.prompt());
            language = tokens.isMultilingual() ? options.language().map(tokens::code)
                    : Optional.of(options.language().map(tokens::code).orElse("en"));
        }

        private void read(int frame) throws IOException {
            while (!isEnded && !spectrogram.reaches(frame)) {
                WindowDecoder.requireGoing(listener::isCancelled);
                float[] block = sound.next();
                spectrogram.add(block == null ? resampler.end() : resampler.add(block));
                if (block == null) {
                    spectrogram.end();
                    isEnded = true;
                }
            }
        }

        Transcript transcript() throws IOException {
            int window = mel.windowFrames();
            while (true) {
                int ahead = isStream ? 0 : READ_AHEAD_SECONDS * mel.rate() / mel.hop();
                read(Math.max(seek + window, ahead));
                int left = spectrogram.numFrames() - seek;
                if (left < 1) {
                    break;
                }
                window(Math.min(window, left));
                spectrogram.dropBefore(seek);
                listener.progress(Math.min(seek, spectrogram.numFrames()) * frameSeconds,
                        isEnded ? spectrogram.numFrames() * frameSeconds : -1);
            }
            return new Transcript(language.orElse(""), (double) spectrogram.numSamples() / mel.rate(), segments);
        }

        /// Transcribes the window at `seek`, of which `size` frames are sound, and moves on.
        private void window(int size) {
            Input input = Input.of(features, spectrogram.frames(seek, mel.windowFrames()));
            WordAlignment alignment = options.words() ? new WordAlignment(model.model().spec(), tokens) : null;
            try (WindowDecoder decoder = new WindowDecoder(engine, tokens, input,
                    alignment == null ? null : alignment.watcher(), listener::isCancelled)) {
                if (language.isEmpty()) {
                    language = Optional.of(decoder.language());
                }
                if (segments.isEmpty()) {
                    listener.language(language.get());
                }
                WindowDecoder.Decoded decoded = decoder.decode(before, tokens.task(language, options.translates(),
                        options.timestamps()), options, random);
                if (decoded.noSpeech() > options.noSpeech()
                        && decoded.logProbability() <= options.leastLogProbability()) {
                    seek += size;
                    return;
                }
                take(decoder, alignment, decoded, size);
            }
        }

        private void take(WindowDecoder decoder, WordAlignment alignment, WindowDecoder.Decoded decoded, int size) {
            List<Integer> text = decoded.tokens();
            int first = tokens.firstTimestamp();
            int count = text.size();
            boolean endsOnce = count > 0 && text.getLast() >= first && (count < 2 || text.get(count - 2) < first);
            List<List<Integer>> parts = new ArrayList<>();
            int from = 0;
            for (int i = 1; i < count; i++) {
                if (text.get(i) >= first && text.get(i - 1) >= first) {
                    parts.add(text.subList(from, i));
                    from = i;
                }
            }
            boolean isPaired = !parts.isEmpty();
            if (!isPaired || endsOnce) {
                parts.add(text.subList(from, count));
            }
            List<Integer> spelledOut = parts.stream().flatMap(List::stream).filter(t -> t < tokens.end).toList();
            WordAlignment.Aligned aligned = alignment == null ? new WordAlignment.Aligned(List.of(), 0)
                    : alignment.words(decoder, spelledOut, tokens.task(language, options.translates(), false),
                            Math.max(1, size / framesOfStep), language.get());
            List<WordAlignment.Timed> words = new ArrayList<>(aligned.words());
            double offset = seek * frameSeconds;
            List<Integer> kept = new ArrayList<>();
            for (List<Integer> part : parts) {
                List<Integer> times = part.stream().filter(t -> t >= first).toList();
                double begin = isPaired && !times.isEmpty() ? (times.getFirst() - first) * SpeechTokens.STEP : 0;
                double end = !times.isEmpty() && (isPaired || times.getLast() > first)
                        ? (times.getLast() - first) * SpeechTokens.STEP : size * frameSeconds;
                List<Word> own = own(part, words, offset);
                WordAlignment.trim(own, offset + begin, offset + end, spoken, aligned.usual());
                if (!own.isEmpty()) {
                    begin = own.getFirst().start() - offset;
                    end = own.getLast().end() - offset;
                    spoken = own.getLast().end();
                }
                String spelled = tokens.text(part);
                if (!spelled.isBlank() && begin != end) {
                    add(decoded, part, spelled, begin, end, own);
                    kept.addAll(part);
                }
            }
            int next = isPaired && !endsOnce ? Math.max(1, (text.get(from - 1) - first) * framesOfStep) : size;
            // The end of the last word is more exact than the timestamp.
            boolean endsWithWord = alignment != null && !endsOnce && spoken > offset;
            seek = endsWithWord ? Math.max(seek + 1, (int) Math.round(spoken / frameSeconds)) : seek + next;
            before = !options.followsText() || decoded.temperature() > 0.5 ? new int[0] : joined(before, kept);
        }

        /// The next words, as many as a part has tokens of text.
        private List<Word> own(List<Integer> part, List<WordAlignment.Timed> words, double offset) {
            int left = (int) part.stream().filter(t -> t < tokens.end).count();
            List<Word> own = new ArrayList<>();
            while (left > 0 && !words.isEmpty()) {
                WordAlignment.Timed w = words.removeFirst();
                left -= w.numTokens();
                own.add(new Word(w.text(), round(offset + w.start()), round(offset + w.end()), w.probability()));
            }
            return own;
        }

        private void add(WindowDecoder.Decoded decoded, List<Integer> part, String text, double begin, double end,
                List<Word> words) {
            double offset = seek * frameSeconds;
            Segment segment = new Segment(segments.size(), offset, round(offset + begin), round(offset + end), text,
                    List.copyOf(part), decoded.temperature(), decoded.logProbability(), decoded.compression(),
                    decoded.noSpeech(), words.stream().map(w -> w.with(round(w.start()), round(w.end()))).toList());
            segments.add(segment);
            listener.segment(segment);
        }

        private static double round(double seconds) {
            return WindowTranscriber.round(seconds);
        }

        private int[] joined(int[] a, List<Integer> more) {
            int[] all = Arrays.copyOf(a, a.length + more.size());
            for (int i = 0; i < more.size(); i++) {
                all[a.length + i] = more.get(i);
            }
            int most = model.model().spec().contextLength() / 2;
            return all.length <= most ? all : Arrays.copyOfRange(all, all.length - most, all.length);
        }
    }
}
