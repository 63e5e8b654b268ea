package glia.train.data;

import glia.engine.training.TokenBatch;
import glia.tensor.Hash;
import java.util.Arrays;

/// Batches of windows from random places of a corpus, each of which gives `length` predictions. A window may begin
/// anywhere, so windows overlap and documents are cut.
///
/// @param tokens of the corpus
/// @param size windows in a batch
/// @param length inputs of each window, each with the token after it as its target
public record RandomWindows(Tokens tokens, int size, int length, long seed)
        implements Batches, RowStream {
    public RandomWindows {
        if (size < 1 || length < 1) {
            throw new IllegalArgumentException("batches of " + size + " windows of " + length
                    + " tokens, expected at least 1 of each");
        }
        if (tokens.size() <= length) {
            throw new IllegalArgumentException("the corpus has " + tokens.size() + " tokens, expected more than the "
                    + length + " of a window");
        }
    }

    @Override
    public TokenBatch batch(long index) {
        return batches(size).batch(index);
    }

    @Override
    public void add(TokenBatch batch, long index) {
        long place = Long.remainderUnsigned(Hash.of(seed, index / size, index % size), tokens.size() - length);
        int[] window = new int[length + 1];
        tokens.read(place, length + 1, window);
        float[] ones = new float[length];
        Arrays.fill(ones, 1);
        batch.addTargets(Arrays.copyOf(window, length), Arrays.copyOfRange(window, 1, length + 1), ones);
    }
}
