package glia.serve.embedding;

import glia.io.safetensors.SafetensorsCheckpoint;
import glia.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;

/// The score of a BERT sequence classifier, in loops of F64: post-norm layers, GELU by an integral, a pooler of tanh on
/// the first token, a linear head (https://arxiv.org/abs/1810.04805).
final class BertByHand {
    private static final int LAYERS = 2;
    private static final int HEADS = 4;
    private static final double EPSILON = 1e-12;

    private final SafetensorsCheckpoint weights;

    BertByHand(Path folder) throws Exception {
        weights = SafetensorsCheckpoint.open(folder);
    }

    private double[] values(String name) {
        try {
            Tensor tensor = weights.tensor(name);
            double[] values = new double[(int) tensor.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = tensor.get(i);
            }
            return values;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /// W x + b
    private double[] linear(String name, double[] x) {
        double[] w = values(name + ".weight");
        double[] y = values(name + ".bias");
        for (int i = 0; i < y.length; i++) {
            for (int j = 0; j < x.length; j++) {
                y[i] += w[i * x.length + j] * x[j];
            }
        }
        return y;
    }

    private double[] norm(String name, double[] x) {
        double mean = Arrays.stream(x).average().orElseThrow();
        double variance = Arrays.stream(x).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
        double[] w = values(name + ".weight");
        double[] y = values(name + ".bias");
        for (int i = 0; i < x.length; i++) {
            y[i] += w[i] * (x[i] - mean) / Math.sqrt(variance + EPSILON);
        }
        return y;
    }

    private static double[] sum(double[] a, double[] b) {
        double[] sum = a.clone();
        for (int i = 0; i < sum.length; i++) {
            sum[i] += b[i];
        }
        return sum;
    }

    /// x times the normal distribution function, by Simpson's rule.
    private static double gelu(double x) {
        int n = 2000;
        double h = x / n;
        double area = 0;
        for (int i = 0; i <= n; i++) {
            double t = i * h;
            area += (i == 0 || i == n ? 1 : i % 2 == 1 ? 4 : 2) * Math.exp(-t * t / 2);
        }
        return x * (0.5 + area * h / 3 / Math.sqrt(2 * Math.PI));
    }

    /// @param second the first token of segment 1
    double score(int[] ids, int second) {
        double[][] x = new double[ids.length][];
        String e = "bert.embeddings.";
        double[] words = values(e + "word_embeddings.weight");
        double[] positions = values(e + "position_embeddings.weight");
        double[] segments = values(e + "token_type_embeddings.weight");
        int size = values(e + "LayerNorm.bias").length;
        for (int i = 0; i < ids.length; i++) {
            double[] row = new double[size];
            for (int j = 0; j < size; j++) {
                row[j] = words[ids[i] * size + j] + positions[i * size + j]
                        + segments[(i < second ? 0 : 1) * size + j];
            }
            x[i] = norm(e + "LayerNorm", row);
        }
        for (int layer = 0; layer < LAYERS; layer++) {
            x = layer("bert.encoder.layer." + layer + ".", x, size);
        }
        double[] pooled = Arrays.stream(linear("bert.pooler.dense", x[0])).map(Math::tanh).toArray();
        return linear("classifier", pooled)[0];
    }

    private double[][] layer(String name, double[][] x, int size) {
        double[][] q = new double[x.length][];
        double[][] k = new double[x.length][];
        double[][] v = new double[x.length][];
        for (int i = 0; i < x.length; i++) {
            q[i] = linear(name + "attention.self.query", x[i]);
            k[i] = linear(name + "attention.self.key", x[i]);
            v[i] = linear(name + "attention.self.value", x[i]);
        }
        int d = size / HEADS;
        double[][] out = new double[x.length][];
        for (int i = 0; i < x.length; i++) {
            double[] mixed = new double[size];
            for (int head = 0; head < HEADS; head++) {
                double[] p = new double[x.length];
                double total = 0;
                for (int t = 0; t < x.length; t++) {
                    double dot = 0;
                    for (int j = head * d; j < (head + 1) * d; j++) {
                        dot += q[i][j] * k[t][j];
                    }
                    p[t] = Math.exp(dot / Math.sqrt(d));
                    total += p[t];
                }
                for (int t = 0; t < x.length; t++) {
                    for (int j = head * d; j < (head + 1) * d; j++) {
                        mixed[j] += p[t] / total * v[t][j];
                    }
                }
            }
            double[] attended = norm(name + "attention.output.LayerNorm",
                    sum(linear(name + "attention.output.dense", mixed), x[i]));
            double[] inner = linear(name + "intermediate.dense", attended);
            double[] activated = Arrays.stream(inner).map(BertByHand::gelu).toArray();
            out[i] = norm(name + "output.LayerNorm", sum(linear(name + "output.dense", activated), attended));
        }
        return out;
    }
}
