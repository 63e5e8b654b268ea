package glia.check.reference;

import glia.io.safetensors.SafetensorsCheckpoint;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.RopeTable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// Attention with other relative positions of queries and keys, by which models read longer texts than they were
/// trained for: Self-Extend (https://arxiv.org/abs/2401.01325), dual chunk attention
/// (https://arxiv.org/abs/2402.17463) and ReRoPE.
public final class PositionCases extends FolderCases {
    private static final double VALUES = 1e-4;
    private static final double EXACT = 1e-9;

    /// For [glia.check.CaseTree].
    public PositionCases() { }

    /// The relative position of a query at i and a key at j.
    private interface Relative {
        double of(int i, int j);
    }

    @Override
    boolean isKnown(JsonNode settings) {
        String method = settings.path("method").asString("");
        return method.equals("Self-Extend") || method.equals("ReRoPE") || method.startsWith("Dual Chunk Attention");
    }

    private static Relative relative(String method, JsonNode options) {
        if (method.equals("ReRoPE")) {
            int window = options.path("window").asInt();
            return (i, j) -> Math.min(i - j, window);
        }
        if (method.equals("Self-Extend")) {
            int group = options.path("group_size_1").asInt();
            int window = options.path("group_size_2").asInt();
            double offset = window - (double) window / group;
            return (i, j) -> i - j < window ? i - j : i / group + offset - j / group;
        }
        int chunk = options.path("chunk_size").asInt();
        int length = chunk - options.path("local_size").asInt();
        return (i, j) -> switch (i / length - j / length) {
            case 0 -> i - j;
            case 1 -> Math.min(i % length + length, chunk) - j % length;
            default -> Math.min(2 * length - 1, chunk) - j % length;
        };
    }

    @Override
    CaseResult run(Path folder, String name, JsonNode root, SafetensorsCheckpoint tensors, Kernels kernels)
            throws IOException {
        JsonNode options = root.path("options");
        Relative relative = relative(root.path("method").asString(), options);
        int training = options.path("training_length").asInt(0);
        double keyScale = options.path("key_scale").asDouble(1);
        int[] ids = CaseTensor.of(tensors.tensor("input_ids")).ints();
        Set<Integer> rows = new HashSet<>();
        Arrays.stream(CaseTensor.of(tensors.tensor("rows")).ints()).forEach(rows::add);
        List<Double> logits = new ArrayList<>();
        List<Double> attention = new ArrayList<>();
        try (LongRun run = new LongRun(folder.resolveSibling(root.path("checkpoint").asString()), kernels, ids.length,
                null, 0)) {
            for (int i = 0; i < ids.length; i++) {
                int at = i;
                double scale = training == 0 ? keyScale : Math.max(1, Math.log(i + 1.0) / Math.log(training));
                double[] found = run.next(ids, i, i + 1, (layer, y, q, view, shape) -> {
                    attend(y, q, view, shape, run.rope(layer), relative, scale, at);
                    if (rows.contains(at)) {
                        Arrays.stream(LongRun.numbers(y)).forEach(attention::add);
                    }
                });
                if (rows.contains(i)) {
                    Arrays.stream(found).forEach(logits::add);
                }
            }
        }
        double[] last = new double[ids.length];
        Arrays.setAll(last, j -> relative.of(ids.length - 1, j));
        WorstDifference worst = new WorstDifference();
        worst.values("relative_position_last", last,
                CaseTensor.of(tensors.tensor("relative_position_last")).values(), EXACT);
        worst.values("attn", LongRun.array(attention), CaseTensor.of(tensors.tensor("attn")).values(), VALUES);
        worst.values("logits", LongRun.array(logits), CaseTensor.of(tensors.tensor("logits")).values(), VALUES);
        return worst.of(name);
    }

    /// Computes the attention of a query at position i again, with keys turned to their relative positions.
    private static void attend(Tensor y, Tensor q, KeyValues view, AttentionShape shape, RopeTable rope,
            Relative relative, double scale, int i) {
        int size = shape.keySize();
        float[] query = new float[size];
        float[] key = new float[size];
        float[] value = new float[shape.valueSize()];
        for (int head = 0; head < shape.numHeads(); head++) {
            int group = head / shape.groupSize();
            Memory.load(q.address() + (long) Float.BYTES * head * size, query, 0, size);
            double[] weights = new double[i + 1];
            for (int j = 0; j <= i; j++) {
                view.type().load(view.keyAddress(j), group * size, size, key);
                rope.turn(key, i - j - relative.of(i, j));
                for (int c = 0; c < size; c++) {
                    weights[j] += (double) query[c] * key[c] * shape.scale() * scale;
                }
            }
            double most = Arrays.stream(weights).max().orElseThrow();
            double sum = 0;
            double[] result = new double[value.length];
            for (int j = 0; j <= i; j++) {
                double weight = Math.exp(weights[j] - most);
                sum += weight;
                view.type().ofValues().load(view.valueAddress(j), group * value.length, value.length, value);
                for (int c = 0; c < value.length; c++) {
                    result[c] += weight * value[c];
                }
            }
            for (int c = 0; c < value.length; c++) {
                y.set(head * value.length + c, (float) (result[c] / sum));
            }
        }
    }
}
