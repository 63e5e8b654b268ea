package glia.jmh.compare;

import glia.engine.training.TokenBatch;
import glia.tensor.Hash;
import glia.train.data.Batches;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/// Multi-query associative recall (MQAR, https://arxiv.org/abs/2312.04927, appendix C): a sequence begins with n
/// different keys, each followed by its value. Then each key comes once more, in an order with a power-law
/// distribution, and its value is the target there. The other positions hold token 0 and have no target. Keys are the
/// lower half of the vocabulary, values the upper half. A sequence has 4 n tokens, the fewest in which all keys have a
/// place, and so the most targets for a number of tokens.
///
/// Sequences for training and held-out ones are different: a hash of the tokens decides which a sequence is.
///
/// @param pairs the numbers n of key-value pairs
/// @param tokens of a batch for each of them, rounded up to a sequence
record Mqar(int vocab, List<Integer> pairs, int tokens, long seed, Part part) implements Batches {
    /// What sequences are for.
    enum Part { TRAINING, HELD_OUT }

    private static final int LENGTH_OF_PAIR = 4;
    private static final double POWER = 0.01;
    /// One of so many sequences is held out.
    private static final int HELD_OUT_SHARE = 8;

    Mqar {
        pairs = List.copyOf(pairs);
        for (int n : pairs) {
            if (n < 1 || n > vocab / 2 - 1) {
                throw new IllegalArgumentException(n + " key-value pairs, expected 1 to " + (vocab / 2 - 1)
                        + " with a vocabulary of " + vocab);
            }
        }
    }

    /// A sequence and, at each key that is queried, its value; else `TokenBatch.NO_TARGET`.
    record Example(int[] ids, int[] targets) {
        Part part() {
            return Long.remainderUnsigned(Hash.of(Arrays.hashCode(ids)), HELD_OUT_SHARE) == 0 ? Part.HELD_OUT
                    : Part.TRAINING;
        }
    }

    @Override
    public TokenBatch batch(long index) {
        TokenBatch batch = new TokenBatch();
        for (int n : pairs) {
            int count = Math.ceilDiv(tokens, LENGTH_OF_PAIR * n);
            for (int i = 0; i < count; i++) {
                Example example = example(n, index * count + i);
                float[] weights = new float[example.ids.length];
                for (int j = 0; j < weights.length; j++) {
                    weights[j] = example.targets[j] == TokenBatch.NO_TARGET ? 0 : 1;
                }
                batch.addTargets(example.ids, example.targets, weights);
            }
        }
        return batch;
    }

    /// A sequence of n pairs.
    Example example(int n, long index) {
        for (long attempt = 0;; attempt++) {
            Example example = draw(n, new SplittableRandom(Hash.of(seed, part.ordinal(), n, index, attempt)));
            if (example.part() == part) {
                return example;
            }
        }
    }

    private Example draw(int n, SplittableRandom random) {
        int length = LENGTH_OF_PAIR * n;
        int[] ids = new int[length];
        int[] targets = new int[length];
        Arrays.fill(targets, TokenBatch.NO_TARGET);
        int[] keys = IntStream.range(1, vocab / 2).toArray();
        int[] places = places(n, random);
        for (int i = 0; i < n; i++) {
            int other = random.nextInt(i, keys.length);
            int key = keys[other];
            keys[other] = keys[i];
            int value = random.nextInt(vocab / 2, vocab);
            ids[2 * i] = key;
            ids[2 * i + 1] = value;
            ids[2 * n + 2 * places[i]] = key;
            targets[2 * n + 2 * places[i]] = value;
        }
        return new Example(ids, targets);
    }

    /// n places without replacement, place i with a weight of (i + 1)^(a - 1), so that keys that come early in the
    /// context mostly come early again (Efraimidis and Spirakis 2006, https://doi.org/10.1016/j.ipl.2005.11.003).
    private static int[] places(int n, SplittableRandom random) {
        double[] order = new double[n];
        for (int i = 0; i < n; i++) {
            order[i] = -Math.log(1 - random.nextDouble()) / Math.pow(i + 1, POWER - 1);
        }
        return IntStream.range(0, n).boxed().sorted(Comparator.comparingDouble(i -> order[i])).mapToInt(i -> i)
                .toArray();
    }
}
