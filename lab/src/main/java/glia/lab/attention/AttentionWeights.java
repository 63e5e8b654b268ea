package glia.lab.attention;

import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.Scores;

/// Attention weights by their definition, for one text whose first token has position 0. Kernels compute them without
/// storing them.
final class AttentionWeights {
    private final float[] q;
    private final float[] k;
    private final int numTokens;
    private final AttentionShape shape;
    private final Tensor learned;

    private AttentionWeights(Tensor q, Tensor k, AttentionShape shape, Tensor learned) {
        this.q = q.toArray();
        this.k = k.toArray();
        this.numTokens = q.rows();
        this.shape = shape;
        this.learned = learned;
    }

    /// The weights `[H][T][T]`: head, token, token attended to. With attention sinks they sum to less than 1.
    ///
    /// @param q `[T, H·E]`
    /// @param k `[T, K·E]`
    /// @param learned the parameters of the scores: sinks or position buckets
    static float[][][] of(Tensor q, Tensor k, AttentionShape shape, Tensor learned) {
        AttentionWeights all = new AttentionWeights(q, k, shape, learned);
        float[][][] weights = new float[shape.numHeads()][q.rows()][q.rows()];
        for (int head = 0; head < weights.length; head++) {
            for (int n = 0; n < q.rows(); n++) {
                all.row(head, n, weights[head][n]);
            }
        }
        return weights;
    }

    private void row(int head, int n, float[] row) {
        int first = shape.span().first(n);
        int last = shape.span().last(n, numTokens);
        boolean sinks = shape.scores() instanceof Scores.Sinks;
        double largest = sinks ? learned.get(head) : Double.NEGATIVE_INFINITY;
        double[] scores = new double[last - first + 1];
        int size = shape.keySize();
        int atQ = n * (q.length / numTokens) + head * size;
        int atK = head / shape.groupSize() * size;
        for (int p = first; p <= last; p++) {
            double product = 0;
            int from = p * (k.length / numTokens) + atK;
            for (int e = 0; e < size; e++) {
                product += (double) q[atQ + e] * k[from + e];
            }
            scores[p - first] = score(shape, learned, head, p - n, shape.scale() * product);
            largest = Math.max(largest, scores[p - first]);
        }
        double sum = sinks ? Math.exp(learned.get(head) - largest) : 0;
        for (int i = 0; i < scores.length; i++) {
            scores[i] = Math.exp(scores[i] - largest);
            sum += scores[i];
        }
        for (int p = first; p <= last; p++) {
            row[p] = (float) (scores[p - first] / sum);
        }
    }

    private static double score(AttentionShape shape, Tensor learned, int head, int distance, double product) {
        return switch (shape.scores()) {
            case Scores.Plain plain -> product;
            case Scores.Sinks sinks -> product;
            case Scores.Capped capped -> capped.cap() * Math.tanh(product / capped.cap());
            case Scores.Alibi alibi -> product + alibi.slope(head, shape.numHeads()) * distance;
            case Scores.RelativeBias b -> product + learned.get((long) b.bucket(distance) * shape.numHeads() + head);
        };
    }
}
