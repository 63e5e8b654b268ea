package glia.engine.voice;

import glia.io.CheckpointException;
import glia.tensor.ops.Compute;
import glia.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.function.Supplier;

/// A model that speaks sentences.
interface Voice extends AutoCloseable {
    /// Samples per second.
    int sampleRate();

    /// The names of the voices.
    List<String> voices();

    /// Whether it has more than one speed.
    default boolean hasSpeed() {
        return false;
    }

    /// The memory that its weights take.
    long bytes();

    /// The tokenizer of a folder.
    static Tokenizer tokenizer(Path folder) throws CheckpointException {
        try {
            return Tokenizer.load(folder);
        } catch (IOException e) {
            throw new CheckpointException(folder, "", "has no tokenizer that can be read: " + e.getMessage(), e);
        }
    }

    /// @throws IllegalArgumentException if a text is of phonemes, which the model does not read
    static void requireText(boolean isPhonemes) {
        if (isPhonemes) {
            throw new IllegalArgumentException("the model reads texts, not phonemes");
        }
    }

    /// @return the tokens
    /// @throws IllegalArgumentException if a sentence has none
    static int[] requireTokens(int[] ids, String sentence) {
        if (ids.length == 0) {
            throw new IllegalArgumentException("the tokenizer makes nothing of \"" + sentence + "\"");
        }
        return ids;
    }

    /// The tokens of a sentence.
    ///
    /// @throws IllegalArgumentException if it reads nothing of it
    int[] encode(String sentence, int voice, boolean isPhonemes);

    /// Begins to speak.
    ///
    /// @param turns does what needs the compute threads
    Speech begin(Compute ops, int voice, double speed, SplittableRandom random, Turns turns);

    /// A text that is being spoken.
    interface Speech {
        /// Speaks the next sentence.
        ///
        /// @param sound receives its samples and says whether to go on
        /// @return whether to go on
        boolean speak(int[] sentence, Predicate<float[]> sound);
    }

    /// Does work when its turn comes.
    interface Turns {
        <T> T take(Supplier<T> work);
    }

    @Override
    void close();
}
