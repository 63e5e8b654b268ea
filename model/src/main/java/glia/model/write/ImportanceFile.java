package glia.model.write;

import glia.io.CheckpointException;
import glia.io.gguf.GgufCheckpoint;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/// Reads importance matrices from llama.cpp's files (`llama-imatrix`, GGUF form): for each tensor `NAME.in_sum2`, the
/// sums of squared inputs of each expert `[X, columns]`, and `NAME.counts`, the number of inputs `[X, 1]`.
///
/// @see <a href="https://github.com/ggml-org/llama.cpp/tree/master/tools/imatrix">llama.cpp: imatrix</a>
public final class ImportanceFile {
    private static final String SUMS = ".in_sum2";
    private static final String COUNTS = ".counts";
    private static final byte[] MAGIC = {'G', 'G', 'U', 'F'};

    private ImportanceFile() { }

    /// Whether a file is a GGUF file, as opposed to a text.
    ///
    /// @throws IOException if it cannot be read
    public static boolean isGguf(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return Arrays.equals(in.readNBytes(MAGIC.length), MAGIC);
        }
    }

    /// Reads a file.
    ///
    /// @throws CheckpointException if it is not such a file
    public static ImportanceMatrix read(Path file) throws CheckpointException {
        try (GgufCheckpoint checkpoint = GgufCheckpoint.open(file)) {
            Map<String, float[][]> means = new LinkedHashMap<>();
            for (String name : checkpoint.names()) {
                if (name.endsWith(SUMS)) {
                    String tensor = name.substring(0, name.length() - SUMS.length());
                    means.put(tensor, means(file, checkpoint.tensor(name), counts(file, checkpoint, tensor)));
                }
            }
            if (means.isEmpty()) {
                throw new CheckpointException(file, "", "found no tensor whose name ends with " + SUMS
                        + ", expected an importance matrix of llama-imatrix");
            }
            return ImportanceMatrix.ofTensors(means);
        }
    }

    private static Tensor counts(Path file, GgufCheckpoint checkpoint, String tensor) throws CheckpointException {
        if (!checkpoint.names().contains(tensor + COUNTS)) {
            throw new CheckpointException(file, tensor + COUNTS, "is missing");
        }
        return checkpoint.tensor(tensor + COUNTS);
    }

    private static float[][] means(Path file, Tensor sums, Tensor counts) throws CheckpointException {
        int experts = Math.toIntExact(counts.size());
        if (experts == 0 || sums.size() % experts != 0) {
            throw new CheckpointException(file, "", "found " + sums.size() + " sums for " + experts + " counts");
        }
        int cols = Math.toIntExact(sums.size() / experts);
        float[][] means = new float[experts][0];
        for (int x = 0; x < experts; x++) {
            float[] count = new float[1];
            Decode.toFloats(counts, x, count, 0, 1);
            if (count[0] > 0) {
                means[x] = new float[cols];
                Decode.toFloats(sums, (long) x * cols, means[x], 0, cols);
                for (int i = 0; i < cols; i++) {
                    means[x][i] /= count[0];
                }
            }
        }
        return means;
    }
}
