package glia.tensor.ops;

import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The gradients of the ops that are not products or attention, by hand. Each adds to `d…` what flows back from `dy`.
final class Backward {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private final Workers workers;

    Backward(Workers workers) {
        this.workers = workers;
    }

    private static float get(MemorySegment m, long index) {
        return m.getAtIndex(F32, index);
    }

    private static void add(MemorySegment m, long index, float value) {
        m.setAtIndex(F32, index, m.getAtIndex(F32, index) + value);
    }

    /// `dx[rows[n]] += dy[n]`: embeddings and row selection. The row `frozenRow` is left as it is.
    void scatter(Tensor dx, Tensor dy, int[] rows, int frozenRow) {
        int cols = dy.cols();
        MemorySegment to = dx.memory();
        MemorySegment from = dy.memory();
        for (int n = 0; n < rows.length; n++) {
            for (int i = 0; i < cols && rows[n] != frozenRow; i++) {
                add(to, (long) rows[n] * cols + i, get(from, (long) n * cols + i));
            }
        }
    }

    /// `db += Σ_n dy[n]`: biases.
    void sumRows(Tensor db, Tensor dy) {
        int cols = dy.cols();
        MemorySegment to = db.memory();
        MemorySegment from = dy.memory();
        for (int n = 0; n < dy.rows(); n++) {
            for (int i = 0; i < cols; i++) {
                add(to, i, get(from, (long) n * cols + i));
            }
        }
    }

    /// With `r = 1/√(mean(x²) + eps)` and `g = dy · (w + offset)`:
    /// `dx += r · (g - x · r² · mean(g · x))`, `dw += dy · x · r`.
    void rmsNorm(Tensor dx, Tensor dw, Tensor dy, Tensor x, Tensor w, float eps, float offset) {
        int size = (int) w.size();
        long pieces = x.size() / size;
        MemorySegment in = x.memory();
        MemorySegment out = dy.memory();
        MemorySegment weight = w.memory();
        for (long p = 0; p < pieces; p++) {
            long at = p * size;
            double square = 0;
            double dot = 0;
            for (int i = 0; i < size; i++) {
                float xi = get(in, at + i);
                square += (double) xi * xi;
                dot += (double) get(out, at + i) * (get(weight, i) + offset) * xi;
            }
            double r = 1 / Math.sqrt(square / size + eps);
            double pull = r * r * dot / size;
            for (int i = 0; i < size; i++) {
                float xi = get(in, at + i);
                float dyi = get(out, at + i);
                add(dx.memory(), at + i, (float) (r * (dyi * (get(weight, i) + offset) - xi * pull)));
                add(dw.memory(), i, (float) (dyi * xi * r));
            }
        }
    }

    /// With `z = (x - mean) · r` and `g = dy · w`: `dx += r · (g - mean(g) - z · mean(g · z))`, `dw += dy · z`.
    void layerNorm(Tensor dx, Tensor dw, Tensor dy, Tensor x, Tensor w, float eps) {
        int size = x.cols();
        MemorySegment in = x.memory();
        MemorySegment out = dy.memory();
        MemorySegment weight = w.memory();
        for (int n = 0; n < x.rows(); n++) {
            long at = (long) n * size;
            double mean = 0;
            for (int i = 0; i < size; i++) {
                mean += get(in, at + i);
            }
            mean /= size;
            double variance = 0;
            for (int i = 0; i < size; i++) {
                double d = get(in, at + i) - mean;
                variance += d * d;
            }
            double r = 1 / Math.sqrt(variance / size + eps);
            double meanG = 0;
            double meanGz = 0;
            for (int i = 0; i < size; i++) {
                double g = (double) get(out, at + i) * get(weight, i);
                meanG += g;
                meanGz += g * (get(in, at + i) - mean) * r;
            }
            meanG /= size;
            meanGz /= size;
            for (int i = 0; i < size; i++) {
                double z = (get(in, at + i) - mean) * r;
                float dyi = get(out, at + i);
                add(dx.memory(), at + i, (float) (r * ((double) dyi * get(weight, i) - meanG - z * meanGz)));
                add(dw.memory(), i, (float) (dyi * z));
            }
        }
    }

    /// `dgate += dy · up · f'(gate)`, `dup += dy · f(gate)`.
    void gated(Tensor dgate, Tensor dup, Tensor dy, Tensor gate, Tensor up, Activation f) {
        forRows(gate, (from, to) -> {
            for (long i = from; i < to; i++) {
                float g = get(gate.memory(), i);
                float d = get(dy.memory(), i);
                add(dgate.memory(), i, (float) (d * get(up.memory(), i) * f.slope(g)));
                add(dup.memory(), i, (float) (d * f.value(g)));
            }
        });
    }

    /// `dx += dy · f'(x)`.
    void activate(Tensor dx, Tensor dy, Tensor x, Activation f) {
        forRows(x, (from, to) -> {
            for (long i = from; i < to; i++) {
                add(dx.memory(), i, (float) (get(dy.memory(), i) * f.slope(get(x.memory(), i))));
            }
        });
    }

    /// `dlogits[n,v] += (softmax(logits[n])[v] - [v = target n]) / count`.
    void crossEntropy(Tensor dlogits, Tensor logits, int[] targets, Kernels kernels) {
        int count = 0;
        for (int n = 0; n < logits.rows(); n++) {
            count += targets[n] >= 0 ? 1 : 0;
        }
        int cols = logits.cols();
        for (int n = 0; n < logits.rows(); n++) {
            if (targets[n] < 0) {
                continue;
            }
            float logSumExp = kernels.logSumExp(logits, n);
            long at = (long) n * cols;
            for (int v = 0; v < cols; v++) {
                double p = Math.exp(get(logits.memory(), at + v) - logSumExp);
                add(dlogits.memory(), at + v, (float) ((p - (v == targets[n] ? 1 : 0)) / count));
            }
        }
    }

    private interface Range {
        void run(long from, long to);
    }

    private void forRows(Tensor x, Range range) {
        int chunks = workers.chunksFor(x.rows());
        long size = x.size();
        workers.run((chunk, worker) -> range.run(size * chunk / chunks, size * (chunk + 1) / chunks), chunks);
    }
}
