package glia.train.data;

import glia.tensor.Hash;

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

    /// A pseudorandom order of 0 … `size - 1` that is computed for each place and not stored: a Feistel network on the
    /// smallest domain of an even number of bits, repeated until the result is below `size` (cycle walking; Black and
    /// Rogaway 2002, https://doi.org/10.1007/3-540-45760-7_9).
    record Permutation(long size, long... seed) {
        private static final int ROUNDS = 6;

        /// The element at a place.
        long at(long place) {
            if (place < 0 || place >= size) {
                throw new IndexOutOfBoundsException(place + " of " + size);
            }
            int half = (Long.SIZE - Long.numberOfLeadingZeros(size - 1) + 1) / 2;
            long mask = (1L << half) - 1;
            long key = Hash.of(Hash.of(seed));
            long at = place;
            do {
                long left = at >>> half;
                long right = at & mask;
                for (int round = 0; round < ROUNDS; round++) {
                    long next = left ^ Hash.next(Hash.next(key, round), right) & mask;
                    left = right;
                    right = next;
                }
                at = left << half | right;
            } while (at >= size);
            return at;
        }
    }
}
