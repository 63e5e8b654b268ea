package glia.tensor.ops;

import glia.tensor.kernel.Activation;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.RopeTable.Layout;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Scores;
import java.util.Arrays;

/// The ops by their formulas in F64, row-major arrays in and out, to differentiate numerically.
final class Reference {
    private Reference() { }

    static double[] linear(double[] x, double[] w, int inputs) {
        int outputs = w.length / inputs;
        double[] y = new double[x.length / inputs * outputs];
        for (int i = 0; i < y.length; i++) {
            for (int k = 0; k < inputs; k++) {
                y[i] += x[i / outputs * inputs + k] * w[i % outputs * inputs + k];
            }
        }
        return y;
    }

    static double[] rows(double[] x, int cols, int... ids) {
        double[] y = new double[ids.length * cols];
        for (int n = 0; n < ids.length; n++) {
            System.arraycopy(x, ids[n] * cols, y, n * cols, cols);
        }
        return y;
    }

    /// `x + scale · update`, where a shorter update is repeated.
    static double[] add(double[] x, double[] update, double scale) {
        double[] y = x.clone();
        for (int i = 0; i < y.length; i++) {
            y[i] += scale * update[i % update.length];
        }
        return y;
    }

    static double[] gated(double[] gate, double[] up, Activation f) {
        double[] y = new double[gate.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = f.value(gate[i]) * up[i];
        }
        return y;
    }

    static double[] ones(int count) {
        double[] ones = new double[count];
        Arrays.fill(ones, 1);
        return ones;
    }

    static double[] rmsNorm(double[] x, double[] w, double eps, double offset) {
        double[] y = new double[x.length];
        for (int at = 0; at < x.length; at += w.length) {
            double square = 0;
            for (int i = 0; i < w.length; i++) {
                square += x[at + i] * x[at + i] / w.length;
            }
            for (int i = 0; i < w.length; i++) {
                y[at + i] = x[at + i] / Math.sqrt(square + eps) * (w[i] + offset);
            }
        }
        return y;
    }

    static double[] layerNorm(double[] x, double[] w, double[] b, double eps) {
        double[] centered = x.clone();
        for (int at = 0; at < x.length; at += w.length) {
            double mean = Arrays.stream(x, at, at + w.length).average().orElseThrow();
            for (int i = at; i < at + w.length; i++) {
                centered[i] -= mean;
            }
        }
        return add(rmsNorm(centered, w, eps, 0), b, 1);
    }

    static double[] rotate(double[] x, int cols, int headSize, float[] frequencies, double factor, Layout layout,
            Runs runs) {
        double[] y = x.clone();
        int pairs = frequencies.length;
        for (int run = 0; run < runs.count(); run++) {
            for (int n = runs.start(run); n < runs.end(run); n++) {
                for (int head = n * cols; head < (n + 1) * cols; head += headSize) {
                    for (int i = 0; i < pairs; i++) {
                        double angle = (float) (runs.position(run) + n - runs.start(run)) * frequencies[i];
                        int a = head + (layout == Layout.HALF_SPLIT ? i : 2 * i);
                        int b = head + (layout == Layout.HALF_SPLIT ? i + pairs : 2 * i + 1);
                        y[a] = factor * (x[a] * Math.cos(angle) - x[b] * Math.sin(angle));
                        y[b] = factor * (x[b] * Math.cos(angle) + x[a] * Math.sin(angle));
                    }
                }
            }
        }
        return y;
    }

    static double[] attention(double[] q, double[] k, double[] v, Runs runs, AttentionShape shape) {
        return attention(q, runs, k, v, runs, shape, new double[0]);
    }

    /// Attention of the queries of `runs` over the keys of `keyRuns`.
    static double[] attention(double[] q, Runs runs, double[] k, double[] v, Runs keyRuns, AttentionShape shape,
            double[] learned) {
        int heads = shape.numHeads();
        double[] y = new double[runs.numTokens() * heads * shape.valueSize()];
        for (int run = 0; run < runs.count(); run++) {
            for (int n = runs.start(run); n < runs.end(run); n++) {
                for (int h = 0; h < heads; h++) {
                    head(q, k, v, runs, keyRuns, run, n, h, shape, learned, y);
                }
            }
        }
        return y;
    }

    private static void head(double[] q, double[] k, double[] v, Runs runs, Runs keyRuns, int run, int n, int h,
            AttentionShape shape, double[] learned, double[] y) {
        int group = h / shape.groupSize();
        int position = runs.position(run) + n - runs.start(run);
        int start = keyRuns.start(run);
        int first = start + shape.span().first(position);
        int last = start + runs.last(run, shape.span(), position, keyRuns.end(run) - start);
        double[] p = new double[last + 1];
        double sum = shape.scores() instanceof Scores.Sinks ? Math.exp(learned[h]) : 0;
        for (int m = first; m <= last; m++) {
            double dot = 0;
            for (int e = 0; e < shape.keySize(); e++) {
                dot += q[(n * shape.numHeads() + h) * shape.keySize() + e]
                        * k[(m * shape.numKeyValueHeads() + group) * shape.keySize() + e];
            }
            p[m] = Math.exp(score(shape, learned, h, m - start - position, shape.scale() * dot));
            sum += p[m];
        }
        for (int m = first; m <= last; m++) {
            for (int e = 0; e < shape.valueSize(); e++) {
                y[(n * shape.numHeads() + h) * shape.valueSize() + e] +=
                        p[m] / sum * v[(m * shape.numKeyValueHeads() + group) * shape.valueSize() + e];
            }
        }
    }

    private static double score(AttentionShape shape, double[] learned, int head, int distance, double product) {
        return switch (shape.scores()) {
            case Scores.Plain plain -> product;
            case Scores.Sinks sinks -> product;
            case Scores.Capped capped -> capped.cap() * Math.tanh(product / capped.cap());
            case Scores.Alibi alibi -> product + alibi.slope(head, shape.numHeads()) * distance;
            case Scores.RelativeBias b -> product + learned[b.bucket(distance) * shape.numHeads() + head];
        };
    }

    static double crossEntropy(double[] logits, int vocabSize, int[] targets) {
        double loss = 0;
        long count = Arrays.stream(targets).filter(t -> t >= 0).count();
        for (int n = 0; n < targets.length; n++) {
            if (targets[n] >= 0) {
                double sum = 0;
                for (int i = 0; i < vocabSize; i++) {
                    sum += Math.exp(logits[n * vocabSize + i]);
                }
                loss += (Math.log(sum) - logits[n * vocabSize + targets[n]]) / count;
            }
        }
        return loss;
    }
}
