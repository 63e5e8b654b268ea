package glia.tensor.ops.scan;

/// The cells of classic recurrent networks, with PyTorch's gate order and biases: the input contributes `x = W_ih·input
/// + b_ih`, the recurrence `r = W_hh·h + b_hh`, both `[numGates·H]`.
public enum RecurrentCell {
    /// `h' = tanh(x + r)`. https://doi.org/10.1207/s15516709cog1402_1
    ELMAN(1, 1) {
        @Override
        void forward(float[] x, float[] r, float[] before, float[] after, int size) {
            for (int i = 0; i < size; i++) {
                after[i] = (float) Math.tanh((double) x[i] + r[i]);
            }
        }

        @Override
        void backward(CellGradients d, float[] x, float[] r, float[] before, float[] after, int size) {
            for (int i = 0; i < size; i++) {
                float slope = d.after[i] * (1 - after[i] * after[i]);
                d.x[i] = slope;
                d.r[i] = slope;
                d.before[i] = 0;
            }
        }
    },
    /// Gated recurrent unit with the gates s (reset), z (update), n (candidate), in this order: `n = tanh(x_n +
    /// s·r_n)`, `h' = (1 - z)·n + z·h`. https://arxiv.org/abs/1406.1078
    GRU(3, 1) {
        @Override
        void forward(float[] x, float[] r, float[] before, float[] after, int size) {
            for (int i = 0; i < size; i++) {
                double s = sigmoid(x[i] + r[i]);
                double z = sigmoid(x[size + i] + r[size + i]);
                double n = Math.tanh(x[2 * size + i] + s * r[2 * size + i]);
                after[i] = (float) ((1 - z) * n + z * before[i]);
            }
        }

        @Override
        void backward(CellGradients d, float[] x, float[] r, float[] before, float[] after, int size) {
            for (int i = 0; i < size; i++) {
                double s = sigmoid(x[i] + r[i]);
                double z = sigmoid(x[size + i] + r[size + i]);
                double n = Math.tanh(x[2 * size + i] + s * r[2 * size + i]);
                double dn = d.after[i] * (1 - z) * (1 - n * n);
                d.x[2 * size + i] = (float) dn;
                d.r[2 * size + i] = (float) (dn * s);
                d.both(i, dn * r[2 * size + i] * s * (1 - s));
                d.both(size + i, d.after[i] * (before[i] - n) * z * (1 - z));
                d.before[i] = (float) (d.after[i] * z);
            }
        }
    },
    /// Long short-term memory with the gates input, forget, candidate, output and the state `[h | c]`: `c' = f·c +
    /// i·g`, `h' = o·tanh(c')`. https://doi.org/10.1162/neco.1997.9.8.1735
    LSTM(4, 2) {
        @Override
        void forward(float[] x, float[] r, float[] before, float[] after, int size) {
            for (int j = 0; j < size; j++) {
                double i = sigmoid(x[j] + r[j]);
                double f = sigmoid(x[size + j] + r[size + j]);
                double g = Math.tanh((double) x[2 * size + j] + r[2 * size + j]);
                double o = sigmoid(x[3 * size + j] + r[3 * size + j]);
                double c = f * before[size + j] + i * g;
                after[size + j] = (float) c;
                after[j] = (float) (o * Math.tanh(c));
            }
        }

        @Override
        void backward(CellGradients d, float[] x, float[] r, float[] before, float[] after, int size) {
            for (int j = 0; j < size; j++) {
                double i = sigmoid(x[j] + r[j]);
                double f = sigmoid(x[size + j] + r[size + j]);
                double g = Math.tanh((double) x[2 * size + j] + r[2 * size + j]);
                double o = sigmoid(x[3 * size + j] + r[3 * size + j]);
                double t = Math.tanh(after[size + j]);
                double dc = d.after[size + j] + d.after[j] * o * (1 - t * t);
                d.both(j, dc * g * i * (1 - i));
                d.both(size + j, dc * before[size + j] * f * (1 - f));
                d.both(2 * size + j, dc * i * (1 - g * g));
                d.both(3 * size + j, d.after[j] * t * o * (1 - o));
                d.before[j] = 0;
                d.before[size + j] = (float) (dc * f);
            }
        }
    };

    private final int numGates;
    private final int numVectors;

    RecurrentCell(int numGates, int numVectors) {
        this.numGates = numGates;
        this.numVectors = numVectors;
    }

    /// The number of gates: rows of the weights divided by the hidden size.
    public int numGates() {
        return numGates;
    }

    /// The number of vectors of the hidden size in the state, the output first.
    public int numVectors() {
        return numVectors;
    }

    /// Computes the state after a token from the input's and recurrence's contributions and the state before it.
    abstract void forward(float[] x, float[] r, float[] before, float[] after, int size);

    /// Computes all gradients from the gradient `d.after` of the state after a token; `d.before` excludes the path
    /// through r.
    abstract void backward(CellGradients d, float[] x, float[] r, float[] before, float[] after, int size);

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    /// The gradients at one token.
    static final class CellGradients {
        final float[] x;
        final float[] r;
        final float[] before;
        final float[] after;

        CellGradients(RecurrentCell cell, int size) {
            x = new float[cell.numGates * size];
            r = new float[cell.numGates * size];
            before = new float[cell.numVectors * size];
            after = new float[cell.numVectors * size];
        }

        private void both(int i, double slope) {
            x[i] = (float) slope;
            r[i] = (float) slope;
        }
    }
}
