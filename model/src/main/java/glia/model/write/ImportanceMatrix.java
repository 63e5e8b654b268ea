package glia.model.write;

import glia.model.spec.Parameter;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

/// How much each input of a matrix counts: the mean squared activation over a text. Quantization weights the squared
/// error of a column with it, which brings the outputs of the matrix closer to the original ones.
///
/// [ImportanceFile] reads llama.cpp's files.
public final class ImportanceMatrix {
    /// No importance: all columns count the same.
    public static final ImportanceMatrix NONE = new ImportanceMatrix(Map.of(), Map.of());

    /// Columns without any activation still count this much, relative to the mean of all.
    private static final float FLOOR = 1e-6f;

    /// By tensor name in GGUF files, for each expert; a single element for other matrices.
    private final Map<String, float[][]> named;
    private final Map<Parameter, float[]> unnamed;

    private ImportanceMatrix(Map<String, float[][]> named, Map<Parameter, float[]> unnamed) {
        this.named = named;
        this.unnamed = unnamed;
    }

    /// The importance of tensors of a GGUF file.
    ///
    /// @param means for each tensor and expert the mean squared inputs; an empty array for an expert that was never
    ///     chosen
    static ImportanceMatrix ofTensors(Map<String, float[][]> means) {
        return new ImportanceMatrix(Map.copyOf(means), Map.of());
    }

    /// The importance of parameters of a model.
    ///
    /// @param means the mean squared inputs of each matrix
    public static ImportanceMatrix ofParameters(Map<Parameter, float[]> means) {
        return new ImportanceMatrix(Map.of(), Map.copyOf(means));
    }

    /// The number of tensors or parameters.
    public int size() {
        return named.size() + unnamed.size();
    }

    /// The means of a matrix that was measured by parameters.
    public Map<Parameter, float[]> parameters() {
        return unnamed;
    }

    /// The same by the tensors of a file.
    ///
    /// @param names the tensor that holds a parameter
    /// @param columns the source column of each column of the tensor; empty if unchanged
    ImportanceMatrix named(Function<Parameter, String> names, Function<Parameter, int[]> columns) {
        if (unnamed.isEmpty()) {
            return this;
        }
        Map<String, Map<Integer, float[]>> byTensor = new HashMap<>();
        unnamed.forEach((p, means) -> byTensor.computeIfAbsent(names.apply(p), n -> new TreeMap<>())
                .put(Math.max(0, p.expert()), ordered(means, columns.apply(p))));
        Map<String, float[][]> all = new LinkedHashMap<>(named);
        byTensor.forEach((name, experts) -> {
            int count = 1 + experts.keySet().stream().max(Integer::compare).orElse(0);
            float[][] means = new float[count][0];
            experts.forEach((expert, one) -> means[expert] = one);
            all.put(name, means);
        });
        return new ImportanceMatrix(all, Map.of());
    }

    private static float[] ordered(float[] means, int[] columns) {
        float[] ordered = means.clone();
        for (int i = 0; i < columns.length; i++) {
            ordered[i] = means[columns[i]];
        }
        return ordered;
    }

    /// The importance of each column of a matrix; empty if it is unknown, as for an expert that no token chose.
    ///
    /// @param expert the number of the expert, or -1
    /// @throws IllegalArgumentException if it was measured for another number of columns
    Optional<float[]> of(String tensor, int expert, int cols) {
        float[][] experts = named.get(tensor);
        int index = Math.max(0, expert);
        float[] means = experts == null || index >= experts.length ? new float[0] : experts[index];
        if (means.length == 0) {
            return Optional.empty();
        }
        if (means.length != cols) {
            throw new IllegalArgumentException("the importance matrix has " + means.length + " columns for the tensor "
                    + tensor + ", which has " + cols + "; was it made with another model?");
        }
        double sum = 0;
        for (float mean : means) {
            sum += mean;
        }
        if (!(sum > 0) || !Double.isFinite(sum)) {
            return Optional.empty();
        }
        float least = (float) (FLOOR * sum / cols);
        float[] floored = Arrays.copyOf(means, cols);
        for (int i = 0; i < cols; i++) {
            floored[i] = Math.max(least, floored[i]);
        }
        return Optional.of(floored);
    }
}
