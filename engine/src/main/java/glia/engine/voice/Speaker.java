package glia.engine.voice;

import glia.engine.load.LoadOptions;
import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.load.Checkpoints;
import glia.kernels.KernelBackends;
import glia.model.voice.Csm;
import glia.model.voice.PocketTts;
import glia.model.voice.Vits;
import glia.tensor.Precision;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Compute;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.BreakIterator;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.Supplier;

/// A model that speaks: text to samples, sentence by sentence, in parts of about a second.
///
/// ```java
/// try (Speaker speaker = Speaker.load(Path.of("mms-tts-eng"), LoadOptions.defaults())) {
///     speaker.speak("Hello.", Speaker.Options.defaults(), samples -> true);
/// }
/// ```
///
/// Any number of threads may use it; they take turns, part by part.
public final class Speaker implements AutoCloseable {
    /// The slowest and fastest speed.
    public static final double SLOWEST = 0.25;
    public static final double FASTEST = 4;
    /// Characters that are read at a time, at most.
    private static final int MOST_CHARACTERS = 300;
    private static final List<String> TYPES = List.of(Vits.TYPE, Csm.TYPE, PocketTts.TYPE);
    private static final List<String> OMNI = List.of(Qwen2OmniVoice.TYPE, Qwen3OmniVoice.TYPE);

    /// What a text is to sound like.
    ///
    /// @param voice one of [Speaker#voices]; empty for the first
    /// @param speed 1 for the model's own, 2 for twice as fast
    /// @param seed of the random numbers; the same seed gives the same samples
    /// @param isPhonemes whether the text is of phonemes, for models that read them
    public record Options(Optional<String> voice, double speed, long seed, boolean isPhonemes) {
        public Options {
            if (!(speed >= SLOWEST && speed <= FASTEST)) {
                throw new IllegalArgumentException("speed: found " + speed + ", expected " + SLOWEST + " to "
                        + FASTEST);
            }
        }

        /// The first voice at the model's speed.
        public static Options defaults() {
            return new Options(Optional.empty(), 1, 0, false);
        }
    }

    private final Workers workers;
    private final KernelBackends.Choice kernels;
    private final Precision precision;
    private final Voice model;
    private final List<String> voices;
    private final ReentrantLock turns = new ReentrantLock(true);

    private Speaker(Path folder, LoadOptions options) throws CheckpointException {
        Config config = Config.read(folder.resolve("config.json"));
        Checkpoint checkpoint = Checkpoints.open(folder);
        precision = options.precision();
        workers = new Workers(options.numThreads());
        kernels = KernelBackends.choose(options.kernels(), workers);
        try {
            model = switch (config.text("model_type")) {
                case Vits.TYPE -> new VitsVoice(new Vits(config, folder, checkpoint), folder);
                case PocketTts.TYPE -> new PocketVoice(config, folder, checkpoint);
                case Qwen2OmniVoice.TYPE -> new Qwen2OmniVoice(config, folder, checkpoint, kernels.kernels(),
                        precision);
                case Qwen3OmniVoice.TYPE -> new Qwen3OmniVoice(config, folder, checkpoint);
                default -> new CsmVoice(new Csm(config, folder, checkpoint), config, folder);
            };
        } catch (IllegalArgumentException | ArithmeticException e) {
            workers.close();
            checkpoint.close();
            throw new CheckpointException(folder, "", "does not describe a model: " + e.getMessage(), e);
        } catch (CheckpointException e) {
            workers.close();
            checkpoint.close();
            throw e;
        }
        voices = model.voices();
    }

    /// Whether a folder holds a model that speaks.
    public static boolean describes(Path folder) {
        return isOfType(folder, TYPES) || describesOmni(folder);
    }

    /// Whether a folder holds a model that speaks besides reading and writing texts.
    public static boolean describesOmni(Path folder) {
        try {
            return isOfType(folder, OMNI) && OmniVoice.hasTalker(Config.read(folder.resolve("config.json")));
        } catch (CheckpointException e) {
            return false;
        }
    }

    private static boolean isOfType(Path folder, List<String> types) {
        try {
            return Files.isRegularFile(folder.resolve("config.json"))
                    && types.contains(Config.read(folder.resolve("config.json")).text("model_type", ""));
        } catch (CheckpointException e) {
            return false;
        }
    }

    /// Loads a model.
    ///
    /// @param folder in the hub's layout
    /// @throws CheckpointException if it does not speak, or its files are wrong
    public static Speaker load(Path folder, LoadOptions options) throws CheckpointException {
        if (!describes(folder)) {
            throw new CheckpointException(folder, "", "is no model that speaks; expected the folder of a VITS, CSM, "
                    + "Pocket TTS or whole Qwen Omni model, such as facebook/mms-tts-eng (model_type "
                    + String.join(", ", TYPES) + ", " + String.join(", ", OMNI) + ")");
        }
        return new Speaker(folder, options);
    }

    /// The memory that the weights take.
    public long bytes() {
        return model.bytes();
    }

    /// Samples per second.
    public int sampleRate() {
        return model.sampleRate();
    }

    /// The names of the voices.
    public List<String> voices() {
        return voices;
    }

    /// Why no better kernels are used, and which are.
    public KernelBackends.Choice kernels() {
        return kernels;
    }

    /// Speaks a text.
    ///
    /// @param sound receives samples between -1 and 1, part by part, and says whether to go on
    /// @return whether all of it was spoken
    /// @throws IllegalArgumentException if there is no such voice or speed, or the model reads nothing of the text
    public boolean speak(String text, Options options, Predicate<float[]> sound) {
        String voice = options.voice().orElse(voices.getFirst());
        int number = voices.indexOf(voice);
        if (number < 0) {
            throw new IllegalArgumentException("voice: found " + voice + ", expected " + (voices.size() == 1
                    ? voices.getFirst() + ", the only one" : "one of " + (voices.size() <= 20
                    ? String.join(", ", voices) : voices.getFirst() + " to " + voices.getLast())));
        }
        if (options.speed() != 1 && !model.hasSpeed()) {
            throw new IllegalArgumentException("speed: found " + options.speed() + ", expected 1, the one speed of the "
                    + "model");
        }
        List<int[]> sentences = new ArrayList<>();
        IllegalArgumentException unread = new IllegalArgumentException("the text is empty");
        for (String sentence : sentences(text)) {
            try {
                sentences.add(model.encode(sentence, number, options.isPhonemes()));
            } catch (IllegalArgumentException e) {
                unread = e;
            }
        }
        if (sentences.isEmpty()) {
            throw unread;
        }
        SplittableRandom random = new SplittableRandom(options.seed());
        try (Compute ops = new Compute(kernels.kernels(), precision)) {
            Voice.Speech speech = model.begin(ops, number, options.speed(), random, this::inTurn);
            for (int[] sentence : sentences) {
                if (!speech.speak(sentence, sound)) {
                    return false;
                }
            }
        }
        return true;
    }

    private <T> T inTurn(Supplier<T> work) {
        turns.lock();
        try {
            return work.get();
        } finally {
            turns.unlock();
        }
    }

    /// The sentences of a text, those too long in parts that end at spaces.
    static List<String> sentences(String text) {
        BreakIterator ends = BreakIterator.getSentenceInstance(Locale.ROOT);
        ends.setText(text);
        List<String> all = new ArrayList<>();
        int start = ends.first();
        for (int end = ends.next(); end != BreakIterator.DONE; start = end, end = ends.next()) {
            String rest = text.substring(start, end).strip();
            while (rest.length() > MOST_CHARACTERS) {
                int space = rest.lastIndexOf(' ', MOST_CHARACTERS);
                int cut = space > 0 ? space : MOST_CHARACTERS;
                all.add(rest.substring(0, cut));
                rest = rest.substring(cut).strip();
            }
            if (!rest.isEmpty()) {
                all.add(rest);
            }
        }
        return all;
    }

    /// Frees the weights and ends the threads. No thread may speak.
    @Override
    public void close() {
        turns.lock();
        try {
            workers.close();
            model.close();
        } finally {
            turns.unlock();
        }
    }
}
