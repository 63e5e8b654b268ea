package glia.train.data;

import glia.engine.training.TokenBatch;
import glia.engine.training.TokenBatchPool;
import glia.tensor.Hash;

/// Batches of windows from random places of a corpus, each of which gives `length` predictions. A window may begin
/// anywhere, so windows overlap and documents are cut.
public final class RandomWindows implements Batches, RowStream {
    private final Tokens tokens;
    private final int size;
    private final int length;
    private final long seed;
    private final TokenBatchPool pool = new TokenBatchPool();

    /// @param tokens of the corpus
    /// @param size windows in a batch
    /// @param length inputs of each window, each with the token after it as its target
    /// @throws IllegalArgumentException if a size is not positive or the corpus has no window
    public RandomWindows(Tokens tokens, int size, int length, long seed) {
        if (size < 1 || length < 1) {
            throw new IllegalArgumentException("batches of " + size + " windows of " + length
                    + " tokens, expected at least 1 of each");
        }
        if (tokens.size() <= length) {
            throw new IllegalArgumentException("the corpus has " + tokens.size() + " tokens, expected more than the "
                    + length + " of a window");
        }
        this.tokens = tokens;
        this.size = size;
        this.length = length;
        this.seed = seed;
    }

    @Override
    public TokenBatch batch(long index) {
        TokenBatch batch = pool.batch();
        for (int i = 0; i < size; i++) {
            add(batch, Math.addExact(Math.multiplyExact(index, size), i));
        }
        return batch;
    }

    @Override
    public void add(TokenBatch batch, long index) {
        long place = Long.remainderUnsigned(Hash.of(seed, index / size, index % size), tokens.size() - length);
        int[] window = batch.buffer(length + 1);
        tokens.read(place, length + 1, window);
        batch.add(window, 0, length, true);
    }
}
