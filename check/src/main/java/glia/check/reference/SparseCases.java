package glia.check.reference;

import glia.io.safetensors.SafetensorsCheckpoint;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttendedPositions;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.PageAttention;
import glia.tensor.kernel.PageChoice;
import glia.tensor.kernel.Span;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import tools.jackson.databind.JsonNode;

/// Attention to a part of a long KV cache: pages that Quest chooses, alone and in a model, and patterns of prompts
/// that MInference chooses.
public final class SparseCases extends FolderCases {
    private static final String MINFERENCE = "MInference";
    private static final double ATTENTION = 1e-4;
    private static final double EXACT = 1e-9;
    private static final double ABSENT = -1e37;

    /// For [glia.check.CaseTree].
    public SparseCases() { }

    @Override
    boolean isKnown(JsonNode settings) {
        String method = settings.path("method").asString("");
        return method.startsWith("Quest") || method.startsWith(MINFERENCE);
    }

    @Override
    CaseResult run(Path folder, String name, JsonNode root, SafetensorsCheckpoint tensors, Kernels kernels)
            throws IOException {
        if (root.path("method").asString().startsWith(MINFERENCE)) {
            return PrefillCases.run(name, root.path("options"), tensors, kernels);
        }
        return root.has("checkpoint") ? inModel(name, folder.resolveSibling(root.path("checkpoint").asString()), root,
                tensors, kernels) : alone(name, root.path("options"), tensors, kernels);
    }

    private static PageChoice choice(JsonNode options, boolean withNewest) {
        return new PageChoice(options.path("page_size").asInt(), options.path("token_budget").asInt(), withNewest);
    }

    /// Each query attends to the pages that both forms choose, and to all.
    private static CaseResult alone(String name, JsonNode options, SafetensorsCheckpoint tensors, Kernels kernels)
            throws IOException {
        CaseTensor q = CaseTensor.of(tensors.tensor("q"));
        CaseTensor k = CaseTensor.of(tensors.tensor("k"));
        CaseTensor v = CaseTensor.of(tensors.tensor("v"));
        int[] lengths = CaseTensor.of(tensors.tensor("kv_len")).ints();
        int heads = q.dim(1);
        int groups = k.dim(0);
        int size = k.dim(2);
        WorstDifference worst = new WorstDifference();
        AttentionShape shape = new AttentionShape(heads, groups, size, size, (float) (1 / Math.sqrt(size)),
                new Span.Causal());
        try (Arena arena = Arena.ofShared()) {
            Tensor keys = rows(k, arena);
            Tensor values = rows(v, arena);
            for (boolean newest : new boolean[] {false, true}) {
                PageChoice choice = choice(options, newest);
                String form = newest ? "kernel" : "eval";
                int pages = choice.numPages(keys.rows());
                KeyValues view = KeyValues.of(keys, values);
                Tensor bounds = Tensor.allocate(arena, DType.F32, pages, 2 * keys.cols());
                view.choose(choice, bounds.address() - keys.address());
                bound(choice, keys, keys.rows(), bounds);
                for (String which : List.of("max", "min")) {
                    double[] found = new double[groups * pages * size];
                    for (int i = 0; i < found.length; i++) {
                        int col = i / (pages * size) * size + i % size + (which.equals("max") ? 0 : keys.cols());
                        found[i] = bounds.get((long) (i / size % pages) * bounds.cols() + col);
                    }
                    worst.values("page_" + which, found, CaseTensor.of(tensors.tensor("page_" + which)).values(),
                            EXACT);
                }
                PageAttention attention = new PageAttention(kernels);
                List<Double> chosen = new ArrayList<>();
                List<Double> out = new ArrayList<>();
                double[] expected = CaseTensor.of(tensors.tensor("page_bound")).values();
                for (int i = 0; i < lengths.length; i++) {
                    view.setLength(lengths[i]);
                    bound(choice, keys, lengths[i], bounds);
                    Tensor query = Tensor.allocate(arena, DType.F32, 1, heads * size);
                    Memory.store(q.floats(), i * heads * size, query.address(), heads * size);
                    Tensor y = Tensor.allocate(arena, DType.F32, 1, heads * size);
                    attention.one(y, query, view, shape);
                    append(chosen, attention.chosen(), pages);
                    Arrays.stream(LongRun.numbers(y)).forEach(out::add);
                    bounds(worst, choice, view, shape, query, Arrays.copyOfRange(expected, i * heads * pages,
                            (i + 1) * heads * pages));
                }
                worst.values("pages_" + form, LongRun.array(chosen), CaseTensor.of(tensors.tensor("pages_" + form))
                        .values(), EXACT);
                worst.values("o_" + form, LongRun.array(out), CaseTensor.of(tensors.tensor("o_" + form)).values(),
                        ATTENTION);
            }
        }
        return worst.of(name);
    }

    /// The rows `[T, H·E]` of heads `[H, T, E]`.
    static Tensor rows(CaseTensor heads, Arena arena) {
        int size = heads.dim(2);
        int groups = heads.dim(0);
        Tensor rows = Tensor.allocate(arena, DType.F32, heads.dim(1), groups * size);
        float[] numbers = heads.floats();
        for (int i = 0; i < numbers.length; i += size) {
            int row = i / size;
            Memory.store(numbers, i, rows.address() + row % heads.dim(1) * rows.rowBytes()
                    + 4L * (row / heads.dim(1)) * size, size);
        }
        return rows;
    }

    private static void bound(PageChoice choice, Tensor keys, int length, Tensor bounds) {
        for (int from = 0, page = 0; from < length; from += choice.pageTokens(), page++) {
            PageChoice.bound(KeyValueType.F32, keys.address() + from * keys.rowBytes(), keys.cols(),
                    Math.min(choice.pageTokens(), length - from), bounds.address() + page * bounds.rowBytes());
        }
    }

    private static void bounds(WorstDifference worst, PageChoice choice, KeyValues view, AttentionShape shape,
            Tensor query, double[] expected) {
        int pages = expected.length / shape.numHeads();
        for (int group = 0; group < shape.numKeyValueHeads(); group++) {
            float[][] scores = new float[shape.groupSize()][choice.numPages(view.length())];
            int first = group * shape.groupSize();
            choice.scores(view, group, shape.keySize(), query.address() + 4L * first * shape.keySize(), scores);
            for (int i = 0; i < scores.length; i++) {
                for (int page = 0; page < pages; page++) {
                    double value = expected[(first + i) * pages + page];
                    boolean isThere = page < scores[i].length;
                    worst.keep("page_bound", isThere ? Math.abs(scores[i][page] - value)
                            : value < ABSENT ? 0 : Double.NaN, ATTENTION);
                }
            }
        }
    }

    private static void append(List<Double> to, AttendedPositions chosen, int pages) {
        for (int head = 0; head < chosen.numTokens(); head++) {
            double[] row = new double[pages];
            for (int i = 0; i < chosen.count(head); i++) {
                row[chosen.get(head, i)] = 1;
            }
            Arrays.stream(row).forEach(to::add);
        }
    }

    /// A dense prompt, then tokens one by one.
    private static CaseResult inModel(String name, Path checkpoint, JsonNode root, SafetensorsCheckpoint tensors,
            Kernels kernels) throws IOException {
        int prompt = root.path("prompt_tokens").asInt();
        int[] ids = CaseTensor.of(tensors.tensor("input_ids")).ints();
        CaseTensor expected = CaseTensor.of(tensors.tensor("pages"));
        int pages = expected.dim(3);
        WorstDifference worst = new WorstDifference();
        int dense = root.path("options").path("dense_layers").asInt();
        try (LongRun run = new LongRun(checkpoint, kernels, ids.length, choice(root.path("options"), false), dense)) {
            List<Double> logits = new ArrayList<>();
            List<Double> attention = new ArrayList<>();
            List<Double> chosen = new ArrayList<>();
            run.next(ids, 0, prompt, (layer, y, q, view, shape) -> { });
            for (int i = prompt; i < ids.length; i++) {
                double[] found = run.next(ids, i, i + 1, (layer, y, q, view, shape) -> {
                    Arrays.stream(LongRun.numbers(y)).forEach(attention::add);
                    PageAttention again = new PageAttention(kernels);
                    if (layer < dense) {
                        int there = Math.ceilDiv(view.length(), root.path("options").path("page_size").asInt());
                        for (int page = 0; page < shape.numHeads() * pages; page++) {
                            chosen.add(page % pages < there ? 1.0 : 0);
                        }
                        return;
                    }
                    again.one(y, q, view, shape);
                    append(chosen, again.chosen(), pages);
                });
                Arrays.stream(found).forEach(logits::add);
            }
            worst.values("pages", LongRun.array(chosen), expected.values(), EXACT);
            worst.values("attn", LongRun.array(attention), CaseTensor.of(tensors.tensor("attn")).values(), ATTENTION);
            worst.values("logits", LongRun.array(logits), CaseTensor.of(tensors.tensor("logits")).values(), ATTENTION);
        }
        return worst.of(name);
    }
}
