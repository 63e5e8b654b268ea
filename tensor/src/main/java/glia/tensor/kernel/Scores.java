package glia.tensor.kernel;

import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;

/// How attention makes the scores that go through the softmax out of `s = scale · q·k`, for a query at position q and
/// a key at position k. Some rules have learned numbers, which are handed to attention beside the shape.
public sealed interface Scores {
    /// What a rule without learned numbers has learned.
    Tensor NO_PARAMETERS = Tensor.of(DType.F32, Arena.global().allocate(0), 0);

    /// How many numbers the rule has learned for `numHeads` query heads.
    default int numParameters(int numHeads) {
        return 0;
    }

    /// `s`
    record Plain() implements Scores { }

    /// `cap · tanh(s / cap)`, a soft limit. https://arxiv.org/abs/2408.00118
    record Capped(float cap) implements Scores {
        public Capped {
            if (!(cap > 0 && cap < Float.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("a soft cap of scores is a positive number, not " + cap);
            }
        }
    }

    /// `s`, with one more term `exp(sink)` in the denominator, whose value is 0: a learned logit for each query head,
    /// `[H]`, so that a head can look at nothing. https://arxiv.org/abs/2309.17453
    record Sinks() implements Scores {
        @Override
        public int numParameters(int numHeads) {
            return numHeads;
        }
    }

    /// `s + slope · (k - q)`: attention with linear biases (https://arxiv.org/abs/2108.12409). The slopes are a
    /// geometric sequence that ends at `2^-maxBias`; where the number of heads is no power of 2, every other of the
    /// next longer sequence follows.
    record Alibi(float maxBias) implements Scores {
        public Alibi {
            if (!(maxBias > 0 && maxBias < Float.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("the largest exponent of slopes is a positive number, not "
                        + maxBias);
            }
        }

        /// The slope of a query head.
        public float slope(int head, int numHeads) {
            int power = Integer.highestOneBit(numHeads);
            double exponent = head < power ? (head + 1.0) / power : (2 * (head - power) + 1) / (2.0 * power);
            return (float) Math.pow(2, -maxBias * exponent);
        }
    }

    /// `s + table[bucket(k - q), head]`: learned biases by relative position, `[buckets, H]`
    /// (https://arxiv.org/abs/1910.10683). Half of the buckets of a direction hold one distance each, the others
    /// widen by equal factors until `maxDistance`; the last holds all beyond.
    ///
    /// @param bothWays whether half of the buckets are for keys after the query; otherwise all of those share the first
    record Bucketed(int numBuckets, int maxDistance, boolean bothWays) implements Scores {
        public Bucketed {
            if (numBuckets < (bothWays ? 4 : 2) || maxDistance <= numBuckets / (bothWays ? 4 : 2)) {
                throw new IllegalArgumentException(numBuckets + " buckets of relative positions up to "
                        + maxDistance);
            }
        }

        @Override
        public int numParameters(int numHeads) {
            return Math.multiplyExact(numBuckets, numHeads);
        }

        /// The bucket of `distance = k - q`. Computed in F32, since a distance on the border of two buckets goes
        /// where F32 puts it.
        public int bucket(int distance) {
            int count = bothWays ? numBuckets / 2 : numBuckets;
            int first = bothWays && distance > 0 ? count : 0;
            int far = bothWays ? Math.abs(distance) : Math.max(0, -distance);
            int exact = count / 2;
            if (far < exact) {
                return first + far;
            }
            float share = (float) Math.log((float) far / exact) / (float) Math.log((double) maxDistance / exact);
            return first + Math.min(count - 1, exact + (int) (share * (count - exact)));
        }
    }
}
