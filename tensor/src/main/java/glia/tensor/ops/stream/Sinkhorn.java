package glia.tensor.ops.stream;

/// Sinkhorn's iteration on one m×m matrix, with its gradient: `C = softmax of each row + ε`, then columns, and
/// afterwards rows and columns in turn, are divided by their sum plus ε (https://doi.org/10.2140/pjm.1967.21.343).
final class Sinkhorn {
    private final int m;
    private final double eps;
    private final double[] softmax;
    /// The matrix after each division, and the divisors of its rows or columns.
    private final double[][] stages;
    private final double[][] divisors;

    /// @param logits holds the matrix row by row at `from`
    Sinkhorn(double[] logits, int from, int m, int iterations, double eps) {
        this.m = m;
        this.eps = eps;
        softmax = softmax(logits, from);
        int numStages = 2 * iterations - 1;
        stages = new double[numStages][];
        divisors = new double[numStages][];
        double[] c = softmax.clone();
        for (int at = 0; at < c.length; at++) {
            c[at] += eps;
        }
        for (int stage = 0; stage < numStages; stage++) {
            c = divided(c, stage);
        }
    }

    private double[] softmax(double[] logits, int from) {
        double[] p = new double[m * m];
        for (int row = 0; row < p.length; row += m) {
            double largest = Double.NEGATIVE_INFINITY;
            for (int i = 0; i < m; i++) {
                largest = Math.max(largest, logits[from + row + i]);
            }
            double sum = 0;
            for (int i = 0; i < m; i++) {
                p[row + i] = Math.exp(logits[from + row + i] - largest);
                sum += p[row + i];
            }
            for (int i = 0; i < m; i++) {
                p[row + i] /= sum;
            }
        }
        return p;
    }

    /// The line, a column in even stages and a row in odd ones, of an element.
    private int line(int stage, int at) {
        return stage % 2 == 0 ? at % m : at / m;
    }

    private double[] divided(double[] c, int stage) {
        double[] sums = new double[m];
        for (int at = 0; at < c.length; at++) {
            sums[line(stage, at)] += c[at];
        }
        double[] next = new double[c.length];
        for (int i = 0; i < m; i++) {
            sums[i] += eps;
        }
        for (int at = 0; at < c.length; at++) {
            next[at] = c[at] / sums[line(stage, at)];
        }
        stages[stage] = next;
        divisors[stage] = sums;
        return next;
    }

    /// C, row by row.
    double[] result() {
        return stages[stages.length - 1];
    }

    /// The gradient of the logits. Through a division by sums: `dc = (dy - Σ_line dy · y) / sum`.
    double[] backward(double[] dresult) {
        double[] d = dresult;
        for (int stage = stages.length - 1; stage >= 0; stage--) {
            double[] dots = new double[m];
            for (int at = 0; at < d.length; at++) {
                dots[line(stage, at)] += d[at] * stages[stage][at];
            }
            double[] before = new double[d.length];
            for (int at = 0; at < d.length; at++) {
                int line = line(stage, at);
                before[at] = (d[at] - dots[line]) / divisors[stage][line];
            }
            d = before;
        }
        double[] dlogits = new double[d.length];
        for (int row = 0; row < d.length; row += m) {
            double dot = 0;
            for (int i = row; i < row + m; i++) {
                dot += d[i] * softmax[i];
            }
            for (int i = row; i < row + m; i++) {
                dlogits[i] = softmax[i] * (d[i] - dot);
            }
        }
        return dlogits;
    }
}
