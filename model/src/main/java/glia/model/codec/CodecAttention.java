package glia.model.codec;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;

/// Softmax attention of a head of any size, `softmax(q kᵀ / √E) v`, a band of queries at a time.
final class CodecAttention {
    private CodecAttention() { }

    /// One head, whose columns begin at `at`.
    static void attend(Compute ops, Tensor[] qkv, Tensor mixed, int at, int size) {
        int count = mixed.rows();
        try (Arena memory = Arena.ofShared()) {
            Weight keys = new Weight.Stored(qkv[1].columns(memory, at, at + size));
            Tensor values = Tensor.allocate(memory, DType.F32, size, count);
            for (int i = 0; i < count; i++) {
                for (int c = 0; c < size; c++) {
                    values.set((long) c * count + i, qkv[2].get((long) i * qkv[2].cols() + at + c));
                }
            }
            Weight transposed = new Weight.Stored(values);
            Tensor queries = qkv[0].columns(memory, at, at + size);
            float scale = (float) (1 / Math.sqrt(size));
            int band = Math.max(1, CodecLayers.BAND_VALUES / count);
            for (int from = 0; from < count; from += band) {
                int to = Math.min(count, from + band);
                int mark = ops.mark();
                Tensor scores = ops.scale(ops.linear(queries.rows(from, to), keys), scale);
                softmax(ops, scores);
                Tensor part = ops.linear(scores, transposed);
                for (int i = from; i < to; i++) {
                    for (int c = 0; c < size; c++) {
                        mixed.set((long) i * mixed.cols() + at + c, part.get((long) (i - from) * size + c));
                    }
                }
                ops.release(mark);
            }
        }
    }

    private static void softmax(Compute ops, Tensor scores) {
        int width = scores.cols();
        Ranges.run(ops.kernels().workers(), scores.rows(), 10L * width, (from, to) -> {
            for (int i = from; i < to; i++) {
                float[] row = scores.rows(i, i + 1).toArray();
                float max = Float.NEGATIVE_INFINITY;
                for (float value : row) {
                    max = Math.max(max, value);
                }
                double sum = 0;
                for (int c = 0; c < width; c++) {
                    row[c] = (float) Math.exp(row[c] - max);
                    sum += row[c];
                }
                float factor = (float) (1 / sum);
                for (int c = 0; c < width; c++) {
                    scores.set((long) i * width + c, row[c] * factor);
                }
            }
        });
    }
}
