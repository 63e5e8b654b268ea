package glia.engine.state;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.RopeTable;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/// Scores of the keys of a layer after a prompt, `[key-value head][position]`, by which a part of the KV cache is kept
/// ([Sequence#keep]). Queries are those of the last positions, causal, `[n, H·E]`.
public final class KeyScores {
    private KeyScores() { }

    /// StreamingLLM (https://arxiv.org/abs/2309.17453): 1 for the first `sinks` positions and the last ones, so many
    /// that `kept` have it; else 0.
    public static double[][] streaming(AttentionShape shape, int length, int sinks, int kept) {
        double[][] scores = new double[shape.numKeyValueHeads()][length];
        for (double[] row : scores) {
            Arrays.fill(row, 1);
            Arrays.fill(row, Math.min(sinks, length), Math.min(length, sinks + length - kept), 0);
        }
        return scores;
    }

    /// SnapKV (https://arxiv.org/abs/2404.14469): the mean probability that the queries give to the keys before them,
    /// smoothed over `pool` positions, and its mean over the query heads of a group. Keys of the queries themselves
    /// have more than any other.
    ///
    /// @param pool an odd number of positions, of which those outside of the prompt count as 0
    public static double[][] snapKv(Tensor q, KeyValues keys, AttentionShape shape, int pool) {
        int before = keys.length() - q.rows();
        double[][] sums = sums(q, keys, shape);
        double[][] scores = new double[shape.numKeyValueHeads()][keys.length()];
        double most = 0;
        for (int head = 0; head < scores.length; head++) {
            double[] mean = groupMean(sums, shape, head);
            for (int at = 0; at < before; at++) {
                for (int i = Math.max(0, at - pool / 2); i <= Math.min(before - 1, at + pool / 2); i++) {
                    scores[head][at] += mean[i] / q.rows() / pool;
                }
                most = Math.max(most, scores[head][at]);
            }
        }
        return withLast(scores, before, most + 1);
    }

    /// TOVA (https://arxiv.org/abs/2401.06104): the probability that the last query gives, its mean over all heads.
    ///
    /// @param q a single row
    public static double[][] lastQuery(Tensor q, KeyValues keys, AttentionShape shape) {
        double[] mean = new double[keys.length()];
        double[][] sums = sums(q, keys, shape);
        double most = 0;
        for (int at = 0; at < mean.length; at++) {
            for (double[] row : sums) {
                mean[at] += row[at] / sums.length;
            }
            most = at < mean.length - 1 ? Math.max(most, mean[at]) : most;
        }
        double[][] scores = new double[shape.numKeyValueHeads()][];
        Arrays.setAll(scores, head -> mean.clone());
        return withLast(scores, mean.length - 1, most + 1);
    }

    /// The mean probability that all queries which see a key give to it, and its mean over the query heads of a group.
    ///
    /// @param q a row for each key
    public static double[][] observed(Tensor q, KeyValues keys, AttentionShape shape) {
        double[][] sums = sums(q, keys, shape);
        double[][] scores = new double[shape.numKeyValueHeads()][];
        for (int head = 0; head < scores.length; head++) {
            scores[head] = groupMean(sums, shape, head);
            for (int at = 0; at < scores[head].length; at++) {
                scores[head][at] /= scores[head].length - at;
            }
        }
        return scores;
    }

    /// Expected attention (https://arxiv.org/abs/2510.00636): `‖v‖` times the softmax of `µ·k/√d + kᵀΣk/2d` over the
    /// keys after the sinks, its mean over the query heads of a group. µ and Σ are mean and covariance of the unrotated
    /// queries after the sinks, turned by the mean of the rotations at the next positions. Sinks have more than any
    /// other key.
    ///
    /// @param q rows of the last positions
    /// @param rope null if queries are not rotated
    /// @param future how many positions follow
    public static double[][] expected(Tensor q, KeyValues keys, AttentionShape shape, RopeTable rope, int sinks,
            int future) {
        int length = keys.length();
        int size = shape.keySize();
        double[][] scores = new double[shape.numKeyValueHeads()][length];
        float[] key = new float[size];
        double[] logits = new double[length - sinks];
        for (int head = 0; head < shape.numHeads(); head++) {
            int group = head / shape.groupSize();
            Normal queries = Normal.of(q, length - q.rows(), head, size, rope, sinks);
            if (rope != null) {
                queries.turn(rope, length, future);
            }
            for (int at = sinks; at < length; at++) {
                keys.type().load(keys.keyAddress(at), group * size, size, key);
                logits[at - sinks] = queries.logit(key);
            }
            double[] share = new double[logits.length];
            add(logits, logits.length, share);
            for (int i = 0; i < share.length; i++) {
                scores[group][sinks + i] += share[i] / shape.groupSize();
            }
        }
        float[] value = new float[shape.valueSize()];
        double most = 0;
        for (int group = 0; group < scores.length; group++) {
            for (int at = sinks; at < length; at++) {
                keys.type().ofValues().load(keys.valueAddress(at), group * value.length, value.length, value);
                scores[group][at] *= norm(value);
                most = Math.max(most, scores[group][at]);
            }
        }
        for (double[] row : scores) {
            Arrays.fill(row, 0, sinks, most + 1);
        }
        return scores;
    }

    private static double norm(float[] vector) {
        double sum = 0;
        for (float x : vector) {
            sum += (double) x * x;
        }
        return Math.sqrt(sum);
    }

    /// Mean and covariance of queries.
    private record Normal(double[] mean, double[][] covariance) {
        /// Those of a head's queries after the sinks, unrotated.
        ///
        /// @param first the position of the first row
        static Normal of(Tensor q, int first, int head, int size, RopeTable rope, int sinks) {
            Normal normal = new Normal(new double[size], new double[size][size]);
            float[] row = new float[size];
            int from = Math.max(0, sinks - first);
            int count = q.rows() - from;
            for (int at = from; at < q.rows(); at++) {
                Memory.load(q.address() + at * q.rowBytes() + (long) Float.BYTES * head * size, row, 0, size);
                if (rope != null) {
                    rope.turn(row, -at - first);
                }
                for (int i = 0; i < size; i++) {
                    normal.mean[i] += (double) row[i] / count;
                    for (int j = 0; j < size; j++) {
                        normal.covariance[i][j] += (double) row[i] * row[j] / count;
                    }
                }
            }
            for (int i = 0; i < size; i++) {
                for (int j = 0; j < size; j++) {
                    normal.covariance[i][j] -= normal.mean[i] * normal.mean[j];
                }
            }
            return normal;
        }

        /// Applies the mean rotation of `count` positions to both.
        void turn(RopeTable rope, int from, int count) {
            int size = mean.length;
            double[] cos = new double[rope.numPairs()];
            double[] sin = new double[cos.length];
            for (int at = from; at < from + count; at++) {
                RopeTable.Turn turn = rope.by(at);
                for (int i = 0; i < cos.length; i++) {
                    cos[i] += turn.cos()[i] / count;
                    sin[i] += turn.sin()[i] / count;
                }
            }
            RopeTable.Turn turn = new RopeTable.Turn(rope.layout(), cos, sin);
            double[][] columns = new double[size][size];
            for (int c = 0; c < size; c++) {
                float[] unit = new float[size];
                unit[c] = 1;
                turn.turn(unit);
                for (int i = 0; i < size; i++) {
                    columns[c][i] = unit[i];
                }
            }
            System.arraycopy(times(columns, mean), 0, mean, 0, size);
            double[][] half = new double[size][];
            Arrays.setAll(half, i -> times(columns, covariance[i]));
            for (int j = 0; j < size; j++) {
                int col = j;
                double[] turned = times(columns, IntStream.range(0, size).mapToDouble(i -> half[i][col]).toArray());
                for (int i = 0; i < size; i++) {
                    covariance[i][j] = turned[i];
                }
            }
        }

        private static double[] times(double[][] columns, double[] x) {
            double[] y = new double[x.length];
            for (int c = 0; c < x.length; c++) {
                for (int i = 0; i < x.length; i++) {
                    y[i] += columns[c][i] * x[c];
                }
            }
            return y;
        }

        double logit(float[] key) {
            double linear = 0;
            double square = 0;
            for (int i = 0; i < key.length; i++) {
                linear += mean[i] * key[i];
                double row = 0;
                for (int j = 0; j < key.length; j++) {
                    row += covariance[i][j] * key[j];
                }
                square += row * key[i];
            }
            return linear / Math.sqrt(key.length) + square / (2 * key.length);
        }
    }

    /// Keys with the least norm count most (https://arxiv.org/abs/2406.11430): `-‖k‖`.
    public static double[][] keyNorm(KeyValues keys, AttentionShape shape) {
        double[][] scores = new double[shape.numKeyValueHeads()][keys.length()];
        float[] key = new float[shape.keySize()];
        for (int head = 0; head < scores.length; head++) {
            for (int at = 0; at < scores[head].length; at++) {
                keys.type().load(keys.keyAddress(at), head * key.length, key.length, key);
                scores[head][at] = -norm(key);
            }
        }
        return scores;
    }

    /// The `count` positions with the largest scores of each head, ascending; of equal ones the first.
    public static int[][] best(double[][] scores, int count) {
        int[][] kept = new int[scores.length][];
        for (int head = 0; head < kept.length; head++) {
            double[] row = scores[head];
            kept[head] = IntStream.range(0, row.length).boxed().sorted(Comparator.comparingDouble(i -> -row[i]))
                    .limit(count).mapToInt(Integer::intValue).sorted().toArray();
        }
        return kept;
    }

    private static double[][] withLast(double[][] scores, int from, double score) {
        for (double[] row : scores) {
            Arrays.fill(row, from, row.length, score);
        }
        return scores;
    }

    private static double[] groupMean(double[][] sums, AttentionShape shape, int head) {
        double[] mean = new double[sums[0].length];
        for (int i = 0; i < shape.groupSize(); i++) {
            double[] row = sums[head * shape.groupSize() + i];
            for (int at = 0; at < mean.length; at++) {
                mean[at] += row[at] / shape.groupSize();
            }
        }
        return mean;
    }

    /// The sum over the queries of the probability of each key, by query head.
    private static double[][] sums(Tensor q, KeyValues keys, AttentionShape shape) {
        int size = shape.keySize();
        int length = keys.length();
        double[][] sums = new double[shape.numHeads()][length];
        float[] key = new float[size];
        float[] queries = new float[q.rows() * size];
        for (int head = 0; head < sums.length; head++) {
            for (int row = 0; row < q.rows(); row++) {
                Memory.load(q.address() + row * q.rowBytes() + (long) Float.BYTES * head * size, queries, row * size,
                        size);
            }
            double[][] scores = new double[q.rows()][length];
            for (int at = 0; at < length; at++) {
                keys.type().load(keys.keyAddress(at), head / shape.groupSize() * size, size, key);
                for (int row = Math.max(0, at - length + q.rows()); row < q.rows(); row++) {
                    double dot = 0;
                    for (int c = 0; c < size; c++) {
                        dot += (double) queries[row * size + c] * key[c];
                    }
                    scores[row][at] = dot * shape.scale();
                }
            }
            for (int row = 0; row < q.rows(); row++) {
                add(scores[row], length - q.rows() + row + 1, sums[head]);
            }
        }
        return sums;
    }

    /// Adds the softmax of the first `count` scores.
    private static void add(double[] scores, int count, double[] to) {
        double most = Arrays.stream(scores, 0, count).max().orElse(0);
        double sum = 0;
        for (int i = 0; i < count; i++) {
            scores[i] = Math.exp(scores[i] - most);
            sum += scores[i];
        }
        for (int i = 0; i < count; i++) {
            to[i] += scores[i] / sum;
        }
    }
}
