package glia.lab.attention;

import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.Scores;

/// The probabilities of attention by their definition, for one text whose first token has position 0. Kernels never
/// have them all at once.
final class Probabilities {
    private Probabilities() { }

    /// `[H][T][T]`: how much head h looks from the token of the second index at that of the third. With sinks they add
    /// up to less than 1.
    ///
    /// @param q `[T, H·E]`
    /// @param k `[T, K·E]`
    /// @param learned what the rule of scores has learned
    static float[][][] of(Tensor q, Tensor k, AttentionShape shape, Tensor learned) {
        int tokens = q.rows();
        float[][][] all = new float[shape.numHeads()][tokens][tokens];
        for (int head = 0; head < all.length; head++) {
            for (int n = 0; n < tokens; n++) {
                row(q, k, shape, learned, head, n, all[head][n]);
            }
        }
        return all;
    }

    private static void row(Tensor q, Tensor k, AttentionShape shape, Tensor learned, int head, int n, float[] row) {
        int first = shape.span().first(n);
        int last = shape.span().last(n, k.rows());
        boolean sinks = shape.scores() instanceof Scores.Sinks;
        double largest = sinks ? learned.get(head) : Double.NEGATIVE_INFINITY;
        double[] scores = new double[last - first + 1];
        for (int p = first; p <= last; p++) {
            double product = 0;
            for (int e = 0; e < shape.keySize(); e++) {
                product += (double) q.get((long) n * q.cols() + head * shape.keySize() + e)
                        * k.get((long) p * k.cols() + head / shape.groupSize() * shape.keySize() + e);
            }
            scores[p - first] = score(shape, learned, head, p - n, shape.scale() * product);
            largest = Math.max(largest, scores[p - first]);
        }
        double sum = sinks ? Math.exp(learned.get(head) - largest) : 0;
        for (double score : scores) {
            sum += Math.exp(score - largest);
        }
        for (int p = first; p <= last; p++) {
            row[p] = (float) (Math.exp(scores[p - first] - largest) / sum);
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
