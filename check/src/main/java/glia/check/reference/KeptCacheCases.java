package glia.check.reference;

import glia.engine.state.KeyScores;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.KeyValues;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// A part of the KV cache of a prompt is kept, by scores of its keys; then tokens are computed one by one.
public final class KeptCacheCases extends FolderCases {
    private static final String ALL = "no eviction";
    private static final String TURNED = "_rerotated";
    private static final String ORIGINAL = "StreamingLLM as its authors run it";
    private static final Set<String> METHODS = Set.of(ALL, "streaming_llm", "snapkv", "tova", "observed_attention",
            "expected_attention", "knorm", "streaming_llm_rerotated", "snapkv_rerotated");
    private static final double VALUES = 1e-4;
    private static final double EXACT = 1e-9;

    /// For [glia.check.CaseTree].
    public KeptCacheCases() { }

    @Override
    boolean isKnown(JsonNode settings) {
        String method = settings.path("method").asString("");
        return METHODS.contains(method) || method.startsWith(ORIGINAL);
    }

    @Override
    CaseResult run(Path folder, String name, JsonNode root, SafetensorsCheckpoint tensors, Kernels kernels)
            throws IOException {
        if (root.path("method").asString().startsWith(ORIGINAL)) {
            return endless(folder, name, root, tensors, kernels);
        }
        int prompt = root.path("prompt_tokens").asInt();
        String method = root.path("method").asString();
        JsonNode options = root.path("options");
        int count = Math.max(1, (int) (prompt * (1 - options.path("compression_ratio").asDouble())));
        int[] ids = CaseTensor.of(tensors.tensor("input_ids")).ints();
        WorstDifference worst = new WorstDifference();
        try (LongRun run = new LongRun(folder.resolveSibling(root.path("checkpoint").asString()), kernels, ids.length,
                null, 0)) {
            List<double[][]> scores = new ArrayList<>();
            double[] last = run.next(ids, 0, prompt, (layer, y, q, view, shape) -> {
                if (!method.equals(ALL)) {
                    scores.add(scores(method.replace(TURNED, ""), options, count, run, layer, q, view, shape));
                }
            });
            if (method.equals(ALL)) {
                worst.values("prefill_logits_last", last, CaseTensor.of(tensors.tensor("prefill_logits_last"))
                        .values(), VALUES);
            } else {
                int[][][] kept = scores.stream().map(s -> KeyScores.best(s, count)).toArray(int[][][]::new);
                compare(worst, scores, kept, tensors);
                run.keep(kept, method.endsWith(TURNED));
            }
            List<Double> logits = new ArrayList<>();
            List<Double> attention = new ArrayList<>();
            for (int i = prompt; i < ids.length; i++) {
                double[] found = run.next(ids, i, i + 1, (layer, y, q, view, shape) ->
                        Arrays.stream(LongRun.numbers(y)).forEach(attention::add));
                Arrays.stream(found).forEach(logits::add);
            }
            worst.values("attn", LongRun.array(attention), CaseTensor.of(tensors.tensor("attn")).values(), VALUES);
            worst.values("logits", LongRun.array(logits), CaseTensor.of(tensors.tensor("logits")).values(), VALUES);
        }
        return worst.of(name);
    }

    /// Before each token the cache loses what is neither a sink nor recent; positions are those in the cache.
    private static CaseResult endless(Path folder, String name, JsonNode root, SafetensorsCheckpoint tensors,
            Kernels kernels) throws IOException {
        int sinks = root.path("options").path("start_size").asInt();
        int most = sinks + root.path("options").path("recent_size").asInt();
        int[] ids = CaseTensor.of(tensors.tensor("input_ids")).ints();
        Set<Double> steps = new HashSet<>();
        Arrays.stream(CaseTensor.of(tensors.tensor("steps")).values()).forEach(steps::add);
        List<Double> logits = new ArrayList<>();
        List<Double> attention = new ArrayList<>();
        WorstDifference worst = new WorstDifference();
        try (LongRun run = new LongRun(folder.resolveSibling(root.path("checkpoint").asString()), kernels, most, null,
                0)) {
            List<AttentionShape> shapes = new ArrayList<>();
            for (int i = 0; i < ids.length; i++) {
                if (run.length() == most) {
                    run.keep(shapes.stream().map(s -> KeyScores.best(KeyScores.streaming(s, most, sinks, most - 1),
                            most - 1)).toArray(int[][][]::new), true);
                }
                boolean isStored = steps.contains((double) i);
                shapes.clear();
                double[] found = run.next(ids, i, i + 1, (layer, y, q, view, shape) -> {
                    shapes.add(shape);
                    if (isStored) {
                        Arrays.stream(LongRun.numbers(y)).forEach(attention::add);
                    }
                });
                if (isStored) {
                    Arrays.stream(found).forEach(logits::add);
                }
            }
        }
        worst.values("attn", LongRun.array(attention), CaseTensor.of(tensors.tensor("attn")).values(), VALUES);
        worst.values("logits", LongRun.array(logits), CaseTensor.of(tensors.tensor("logits")).values(), VALUES);
        return worst.of(name);
    }

    private static double[][] scores(String method, JsonNode options, int count, LongRun run, int layer, Tensor q,
            KeyValues view, AttentionShape shape) {
        return switch (method) {
            case "streaming_llm" -> KeyScores.streaming(shape, view.length(), options.path("n_sink").asInt(), count);
            case "snapkv" -> KeyScores.snapKv(q.rows(q.rows() - options.path("window_size").asInt(), q.rows()), view,
                    shape, options.path("kernel_size").asInt());
            case "tova" -> KeyScores.lastQuery(q.rows(q.rows() - 1, q.rows()), view, shape);
            case "observed_attention" -> KeyScores.observed(q, view, shape);
            case "expected_attention" -> KeyScores.expected(q, view, shape, run.rope(layer),
                    options.path("n_sink").asInt(), options.path("n_future_positions").asInt());
            case "knorm" -> KeyScores.keyNorm(view, shape);
            default -> throw new IllegalArgumentException("unknown method " + method);
        };
    }

    private static void compare(WorstDifference worst, List<double[][]> scores, int[][][] kept,
            SafetensorsCheckpoint tensors) throws IOException {
        double[] expected = CaseTensor.of(tensors.tensor("scores")).values();
        int size = expected.length / scores.size();
        for (int layer = 0; layer < scores.size(); layer++) {
            worst.values("scores of layer " + layer, Arrays.stream(scores.get(layer)).flatMapToDouble(Arrays::stream)
                    .toArray(), Arrays.copyOfRange(expected, layer * size, (layer + 1) * size), VALUES);
        }
        worst.values("kept_index", Arrays.stream(kept).flatMap(Arrays::stream).flatMapToInt(Arrays::stream)
                .asDoubleStream().toArray(), CaseTensor.of(tensors.tensor("kept_index")).values(), EXACT);
    }
}
