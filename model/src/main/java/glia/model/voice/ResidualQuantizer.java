package glia.model.voice;

import glia.io.CheckpointException;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Residual vector quantization (https://arxiv.org/abs/2107.03312): each book codes what those before left over. A
/// vector of a book is `embed_sum / max(cluster_usage, 1e-5)`.
final class ResidualQuantizer {
    private static final float LEAST_USAGE = 1e-5f;

    private final List<float[]> books = new ArrayList<>();
    private final int size;
    private final Optional<Weight> input;
    private final Optional<Weight> output;

    /// @param hidden size of a frame
    /// @param size of a vector of a book
    /// @param numCodes vectors of a book
    ResidualQuantizer(VoiceTensors tensors, String prefix, int numBooks, int hidden, int size, int numCodes)
            throws CheckpointException {
        this.size = size;
        boolean isProjected = tensors.has(prefix + "input_proj.weight");
        input = isProjected ? Optional.of(tensors.weight(prefix + "input_proj.weight", size, hidden, 1))
                : Optional.empty();
        output = isProjected ? Optional.of(tensors.weight(prefix + "output_proj.weight", hidden, size, 1))
                : Optional.empty();
        for (int i = 0; i < numBooks; i++) {
            String book = prefix + "layers." + i + ".codebook.";
            float[] vectors = tensors.values(book + "embed_sum", numCodes, size);
            float[] usage = tensors.values(book + "cluster_usage", numCodes);
            for (int j = 0; j < vectors.length; j++) {
                vectors[j] /= Math.max(usage[j / size], LEAST_USAGE);
            }
            books.add(vectors);
        }
    }

    int numBooks() {
        return books.size();
    }

    /// The codes of frames, book by book.
    int[][] encode(Ops ops, Tensor frames) {
        Tensor x = input.isPresent() ? ops.linear(frames, input.get()) : frames;
        int[][] codes = new int[books.size()][x.rows()];
        double[] rest = new double[size];
        for (int t = 0; t < x.rows(); t++) {
            for (int c = 0; c < size; c++) {
                rest[c] = x.get((long) t * size + c);
            }
            for (int b = 0; b < codes.length; b++) {
                float[] book = books.get(b);
                double best = Double.POSITIVE_INFINITY;
                for (int j = 0; j < book.length / size; j++) {
                    double distance = 0;
                    for (int c = 0; c < size; c++) {
                        double d = rest[c] - book[j * size + c];
                        distance += d * d;
                    }
                    if (distance < best) {
                        best = distance;
                        codes[b][t] = j;
                    }
                }
                for (int c = 0; c < size; c++) {
                    rest[c] -= book[codes[b][t] * size + c];
                }
            }
        }
        return codes;
    }

    /// The frames of codes of the first books, `[T, H]`.
    Tensor decode(Ops ops, int[][] codes, int from, int to) {
        int count = codes[from].length;
        Tensor sum = Tensor.allocate(Arena.ofAuto(), DType.F32, count, size);
        for (int b = from; b < to; b++) {
            float[] book = books.get(b - from);
            for (int t = 0; t < count; t++) {
                int code = codes[b][t];
                if (code < 0 || code >= book.length / size) {
                    throw new IllegalArgumentException("code " + code + " of book " + b + "; the codec has "
                            + book.length / size);
                }
                for (int c = 0; c < size; c++) {
                    long at = (long) t * size + c;
                    sum.set(at, sum.get(at) + book[code * size + c]);
                }
            }
        }
        return output.isPresent() ? ops.linear(sum, output.get()) : sum;
    }
}
