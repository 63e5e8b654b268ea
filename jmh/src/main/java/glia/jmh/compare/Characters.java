package glia.jmh.compare;

import glia.engine.training.TokenBatch;
import glia.train.data.Tokens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/// The characters of a text as tokens: the first nine tenths for training, the rest for validation.
///
/// @param vocab the number of different characters
record Characters(Tokens training, Tokens validation, int vocab) {
    private static final double TRAINING_SHARE = 0.9;

    /// Reads a UTF-8 file.
    static Characters read(Path file) throws IOException {
        return of(Files.readString(file));
    }

    static Characters of(String text) {
        int[] ids = text.chars().toArray();
        int[] vocabulary = Arrays.stream(ids).distinct().sorted().toArray();
        for (int i = 0; i < ids.length; i++) {
            ids[i] = Arrays.binarySearch(vocabulary, ids[i]);
        }
        int split = (int) (ids.length * TRAINING_SHARE);
        Tokens all = Tokens.of(ids);
        return new Characters(all.slice(0, split), all.slice(split, ids.length), vocabulary.length);
    }

    /// The mean loss at each position over windows that lie evenly over the validation text.
    ///
    /// @param length of a window
    /// @param count of windows
    double[] lossByPosition(SmallModel model, int length, int count) {
        if (validation.size() <= length) {
            throw new IllegalArgumentException("the validation text has " + validation.size()
                    + " characters, expected more than " + length + "; use a longer text");
        }
        double[] means = new double[length];
        int[] window = new int[length + 1];
        float[] ones = new float[length];
        Arrays.fill(ones, 1);
        for (int i = 0; i < count; i++) {
            validation.read((validation.size() - length - 1) * i / Math.max(1, count - 1), length + 1, window);
            float[] losses = model.losses(new TokenBatch().addTargets(Arrays.copyOf(window, length),
                    Arrays.copyOfRange(window, 1, length + 1), ones));
            for (int j = 0; j < length; j++) {
                means[j] += losses[j] / count;
            }
        }
        return means;
    }
}
