package glia.train.data;

/// Numbers of examples, epoch after epoch, each in a pseudorandom order of its own that depends on the seed and the
/// epoch. Nothing is stored.
///
/// @param size examples of an epoch
public record ShuffledOrder(long size, long seed) {
    public ShuffledOrder {
        if (size < 1) {
            throw new IllegalArgumentException("found no examples to train on");
        }
    }

    /// The example at a place of the run.
    ///
    /// @param index from 0
    public long at(long index) {
        return new Permutation(size, seed, index / size).at(index % size);
    }
}
