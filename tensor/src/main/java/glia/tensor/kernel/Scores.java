package glia.tensor.kernel;

import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;

/// How attention scores are computed from `s = scale · q·k` before the softmax, for a query at position q and a key at
/// position k. Some variants have learned parameters, which attention takes as a separate argument.
public sealed interface Scores {
    /// The parameters of a variant without any.
    Tensor NO_PARAMETERS = Tensor.of(DType.F32, Arena.global().allocate(0), 0);

    /// The number of learned parameters for `numHeads` query heads.
    default int numParameters(int numHeads) {
        return 0;
    }

    /// `s`
    record Plain() implements Scores { }

    /// Soft-capped scores: `cap · tanh(s / cap)`. https://arxiv.org/abs/2408.00118
    record Capped(float cap) implements Scores {
        public Capped {
            if (!(cap > 0 && cap < Float.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("the soft cap of scores must be positive, not " + cap);
            }
        }
    }

    /// Attention sinks: `s`, with one more term `exp(sink)` in the denominator, whose value is 0. The sink is a learned
    /// logit for each query head, `[H]`, so that a head can attend to nothing. https://arxiv.org/abs/2309.17453
    record Sinks() implements Scores {
        @Override
        public int numParameters(int numHeads) {
            return numHeads;
        }
    }

    /// Attention with linear biases (ALiBi): `s + slope · (k - q)` (https://arxiv.org/abs/2108.12409). The slopes are a
    /// geometric sequence that ends at `2^-maxBias`. If the number of heads is not a power of 2, every other slope of
    /// the next longer sequence follows.
    ///
    /// @param scale factor of all slopes
    record Alibi(float maxBias, float scale) implements Scores {
        public Alibi {
            if (!(maxBias > 0 && maxBias < Float.POSITIVE_INFINITY && scale > 0 && scale < Float.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("the maximal ALiBi exponent and the factor of slopes must be"
                        + " positive, not " + maxBias + " and " + scale);
            }
        }

        /// With slopes as they are.
        public Alibi(float maxBias) {
            this(maxBias, 1);
        }

        /// The slope of a query head.
        public float slope(int head, int numHeads) {
            int power = Integer.highestOneBit(numHeads);
            double exponent = head < power ? (head + 1.0) / power : (2 * (head - power) + 1) / (2.0 * power);
            return (float) (scale * Math.pow(2, -maxBias * exponent));
        }
    }

    /// T5's relative position bias: `s + table[bucket(k - q), head]`, with learned biases `[buckets, H]`
    /// (https://arxiv.org/abs/1910.10683). Half of the buckets of a direction hold one distance each; the others widen
    /// by equal factors up to `maxDistance`; the last holds all larger distances.
    ///
    /// @param bidirectional whether half of the buckets are for keys after the query; otherwise those all share the
    ///        first
    record RelativeBias(int numBuckets, int maxDistance, boolean bidirectional) implements Scores {
        public RelativeBias {
            if (numBuckets < (bidirectional ? 4 : 2) || maxDistance <= numBuckets / (bidirectional ? 4 : 2)) {
                throw new IllegalArgumentException(numBuckets + " buckets of relative positions up to "
                        + maxDistance);
            }
        }

        @Override
        public int numParameters(int numHeads) {
            return Math.multiplyExact(numBuckets, numHeads);
        }

        /// The bucket of `distance = k - q`, computed in F32 as in the reference, which matters at the border of two
        /// buckets.
        public int bucket(int distance) {
            int count = bidirectional ? numBuckets / 2 : numBuckets;
            int first = bidirectional && distance > 0 ? count : 0;
            int far = bidirectional ? Math.abs(distance) : Math.max(0, -distance);
            int exact = count / 2;
            if (far < exact) {
                return first + far;
            }
            float share = (float) Math.log((float) far / exact) / (float) Math.log((double) maxDistance / exact);
            return first + Math.min(count - 1, exact + (int) (share * (count - exact)));
        }
    }

    /// The rows of a table of `2 · size` relative positions, one for each distance `query - key`, as in DeBERTa V2
    /// (https://arxiv.org/abs/2006.03654): row `clip(bucket(distance) + size, 0, 2 · size - 1)`. With buckets,
    /// distances up to half of their number have one each; the others share buckets that widen by equal factors up to
    /// `reach`.
    ///
    /// @param size half of the rows
    /// @param hasBuckets whether distances share buckets; otherwise the bucket is the distance
    /// @param reach the first distance of the last bucket, plus 1
    record RelativeRows(int size, boolean hasBuckets, int reach) {
        public RelativeRows {
            if (size < 1 || size > Integer.MAX_VALUE / 2 || hasBuckets && (size < 2 || reach < size / 2 + 2)) {
                throw new IllegalArgumentException(size + " relative positions up to distance " + reach);
            }
        }

        /// The row of a distance, computed in F32 as in the reference, which matters at the border of two buckets.
        public int of(int distance) {
            int middle = size / 2;
            int far = Math.abs(distance);
            int bucket = distance;
            if (hasBuckets && far > middle) {
                float share = (float) Math.log((float) far / middle)
                        / (float) Math.log((float) ((reach - 1.0) / middle));
                bucket = Integer.signum(distance) * ((int) Math.ceil(share * (middle - 1)) + middle);
            }
            return Math.clamp((long) bucket + size, 0, 2 * size - 1);
        }
    }
}
