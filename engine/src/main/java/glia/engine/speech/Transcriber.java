package glia.engine.speech;

import glia.engine.LanguageModel;
import glia.engine.speech.Transcript.Segment;
import glia.io.CheckpointException;
import glia.io.sound.SoundReader;
import glia.model.spec.Embedding;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;

/// Speech to text: with Whisper ([WhisperTranscriber]), Moonshine ([MoonshineTranscriber]) or a model of connectionist
/// temporal classification ([CtcTranscriber]). Any number of threads may transcribe at the same time.
public final class Transcriber {
    private final Method method;

    /// How the models of a kind transcribe; what it lacks is refused.
    interface Method {
        /// The codes of the languages that can be chosen.
        default List<String> languages() {
            return List.of();
        }

        /// The code of a language.
        default String code(String language) {
            throw new IllegalArgumentException("the model writes the language that it was trained on; found the "
                    + "language " + language + ", expected none");
        }

        /// Transcribes a sound.
        Transcript transcribe(SoundReader sound, boolean isStream, TranscribeOptions options, Listener listener)
                throws IOException;
    }

    /// Receives results as they are made.
    public interface Listener {
        /// A segment is complete.
        default void segment(Segment segment) { }

        /// The language was given or detected.
        default void language(String code) { }

        /// How far the transcription is, in seconds.
        ///
        /// @param total negative if unknown
        default void progress(double done, double total) { }

        /// Whether to end with a `CancellationException`; asked before each pass.
        default boolean isCancelled() {
            return false;
        }
    }

    /// @throws CheckpointException if files that the model needs are missing or damaged
    /// @throws IllegalArgumentException if the model reads no sounds
    public Transcriber(LanguageModel model) throws CheckpointException {
        Embedding.Features features = features(model).orElseThrow(() -> new IllegalArgumentException("the model '"
                + model.model().spec().modelType() + "' does not transcribe; expected Whisper, Moonshine, wav2vec 2.0 "
                + "or Parakeet CTC"));
        if (model.model().spec().encoder().isEmpty()) {
            method = new CtcTranscriber(model, features);
        } else {
            method = features.size() == 1 ? new MoonshineTranscriber(model, features)
                    : new WhisperTranscriber(model, features);
        }
    }

    /// The features of what the model hears.
    private static Optional<Embedding.Features> features(LanguageModel model) {
        return model.model().spec().features().filter(f -> !f.stages().isEmpty());
    }

    /// Whether a model transcribes.
    public static boolean isFor(LanguageModel model) {
        return features(model).isPresent();
    }

    /// The codes of the languages that can be chosen; none if the model has one language, or finds it itself.
    public List<String> languages() {
        return method.languages();
    }

    /// The English name of a language in lower case.
    public static String languageName(String code) {
        return SpeechTokens.name(code);
    }

    /// The code of a language given by its code or its English name.
    ///
    /// @throws IllegalArgumentException if the model was not trained on it, or languages cannot be chosen
    public String code(String language) {
        return method.code(language);
    }

    /// Transcribes a sound.
    ///
    /// @param isStream whether windows are transcribed while the sound arrives
    /// @throws glia.io.sound.SoundException if the sound is damaged
    /// @throws IllegalArgumentException if the model cannot do what the options say
    /// @throws CancellationException if the listener ends it
    public Transcript transcribe(SoundReader sound, boolean isStream, TranscribeOptions options, Listener listener)
            throws IOException {
        return method.transcribe(sound, isStream, options, listener);
    }
}
