package glia.lab;

import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.model.block.Pass.Outputs;
import glia.tensor.Tensor;

/// How far two ways of computing a text's logits are from each other, over all positions.
///
/// @param meanKl the Kullback-Leibler divergence from the first way's probabilities to the second's, in nats
/// @param mostKl the largest of a position
/// @param largest the largest difference of two logits
/// @param sameBest the share of positions with the same most probable token
record Divergence(double meanKl, double mostKl, double largest, double sameBest) {
    /// The logits of a text that is fed in chunks.
    static float[] chunks(Engine engine, int[] ids, int size) {
        int vocab = engine.model().spec().vocabSize();
        float[] all = new float[ids.length * vocab];
        try (Sequence sequence = engine.open()) {
            for (int at = 0; at < ids.length; at += size) {
                engine.add(sequence, ids, at, Math.min(ids.length, at + size), Outputs.ALL);
                copy(engine.run(), 0, all, at * vocab);
            }
        }
        return all;
    }

    /// The logits of a text that is fed in chunks beside chunks of others, before it and behind it.
    static float[] chunksAmong(Engine engine, int[][] others, int[] ids, int size) {
        int vocab = engine.model().spec().vocabSize();
        float[] all = new float[ids.length * vocab];
        try (Sequence sequence = engine.open(); Sequence before = engine.open(); Sequence behind = engine.open()) {
            for (int at = 0; at < ids.length; at += size) {
                int to = Math.min(ids.length, at + size);
                engine.add(before, others[0], at, to, Outputs.LAST);
                engine.add(sequence, ids, at, to, Outputs.ALL);
                engine.add(behind, others[1], at, to, Outputs.LAST);
                copy(engine.run(), 1, all, at * vocab);
            }
        }
        return all;
    }

    private static void copy(Tensor logits, int row, float[] to, int at) {
        int count = Math.min(to.length - at, (int) logits.size() - row * logits.cols());
        for (int i = 0; i < count; i++) {
            to[at + i] = logits.get((long) row * logits.cols() + i);
        }
    }

    /// The share of logits with the same bits.
    static double sameBits(float[] a, float[] b) {
        int same = 0;
        for (int i = 0; i < a.length; i++) {
            same += Float.floatToRawIntBits(a[i]) == Float.floatToRawIntBits(b[i]) ? 1 : 0;
        }
        return (double) same / a.length;
    }

    static Divergence of(float[] a, float[] b, int vocab) {
        double sum = 0;
        double most = 0;
        double largest = 0;
        int best = 0;
        int positions = a.length / vocab;
        for (int p = 0; p < positions; p++) {
            double logA = logSumExp(a, p * vocab, vocab);
            double logB = logSumExp(b, p * vocab, vocab);
            double kl = 0;
            int bestA = 0;
            int bestB = 0;
            for (int v = 0; v < vocab; v++) {
                float x = a[p * vocab + v];
                float y = b[p * vocab + v];
                kl += Math.exp(x - logA) * (x - logA - (y - logB));
                largest = Math.max(largest, Math.abs(x - y));
                bestA = x > a[p * vocab + bestA] ? v : bestA;
                bestB = y > b[p * vocab + bestB] ? v : bestB;
            }
            sum += kl;
            most = Math.max(most, kl);
            best += bestA == bestB ? 1 : 0;
        }
        return new Divergence(sum / positions, most, largest, (double) best / positions);
    }

    private static double logSumExp(float[] logits, int from, int count) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int i = from; i < from + count; i++) {
            largest = Math.max(largest, logits[i]);
        }
        double sum = 0;
        for (int i = from; i < from + count; i++) {
            sum += Math.exp(logits[i] - largest);
        }
        return largest + Math.log(sum);
    }
}
