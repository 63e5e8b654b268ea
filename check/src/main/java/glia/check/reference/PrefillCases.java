package glia.check.reference;

import glia.io.safetensors.SafetensorsCheckpoint;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.Span;
import glia.tensor.kernel.SparsePrefill;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;

/// Attention of a prompt by MInference's patterns: what is chosen, and results.
final class PrefillCases {
    private static final double VALUES = 1e-4;
    private static final double EXACT = 1e-9;

    private final SafetensorsCheckpoint tensors;
    private final Kernels kernels;
    private final Tensor q;
    private final KeyValues keys;
    private final AttentionShape shape;
    private final WorstDifference worst = new WorstDifference();

    private PrefillCases(SafetensorsCheckpoint tensors, Kernels kernels, Arena arena) throws IOException {
        this.tensors = tensors;
        this.kernels = kernels;
        CaseTensor k = CaseTensor.of(tensors.tensor("k"));
        q = SparseCases.rows(CaseTensor.of(tensors.tensor("q")), arena);
        keys = KeyValues.of(SparseCases.rows(k, arena), SparseCases.rows(CaseTensor.of(tensors.tensor("v")), arena));
        int size = k.dim(2);
        shape = new AttentionShape(k.dim(0), k.dim(0), size, size, (float) (1 / Math.sqrt(size)), new Span.Causal());
    }

    static CaseResult run(String name, JsonNode options, SafetensorsCheckpoint tensors, Kernels kernels)
            throws IOException {
        try (Arena arena = Arena.ofShared()) {
            PrefillCases cases = new PrefillCases(tensors, kernels, arena);
            cases.compare(options);
            return cases.worst.of(name);
        }
    }

    private void compare(JsonNode options) throws IOException {
        List<SparsePrefill.VerticalSlash> slashes = new ArrayList<>();
        List<SparsePrefill.Blocks> blocks = new ArrayList<>();
        for (int head = 0; head < shape.numHeads(); head++) {
            slashes.add(SparsePrefill.VerticalSlash.of(q, keys, shape, head, options.path("vertical_size").asInt(),
                    options.path("slash_size").asInt(), options.path("last_q").asInt()));
            blocks.add(SparsePrefill.Blocks.of(q, keys, shape, head, options.path("block_top_k").asInt()));
        }
        chosen("vertical_index", head -> new int[][] {slashes.get(head).columns()});
        chosen("slash_index", head -> new int[][] {slashes.get(head).distances()});
        chosen("block_offset", head -> slashes.get(head).ranges());
        chosen("column_index", head -> slashes.get(head).singles());
        CaseTensor selected = CaseTensor.of(tensors.tensor("block_selected"));
        int count = selected.dim(1);
        double[] found = new double[selected.values().length];
        double[] scores = new double[found.length];
        double[] expected = CaseTensor.of(tensors.tensor("block_pool_score")).values();
        for (int i = 0; i < found.length; i++) {
            SparsePrefill.Blocks ofHead = blocks.get(i / count / count);
            int row = i / count % count;
            int col = i % count;
            found[i] = Arrays.binarySearch(ofHead.chosen()[row], col) >= 0 ? 1 : 0;
            scores[i] = col > row ? expected[i] : ofHead.scores()[row][col];
        }
        worst.values("block_selected", found, selected.values(), EXACT);
        worst.values("block_pool_score", scores, expected, VALUES);
        result("o_vertical_slash", slashes::get);
        result("o_block_sparse", blocks::get);
        int length = keys.length();
        int sinks = options.path("n_init").asInt();
        int window = options.path("n_local").asInt();
        result("o_a_shape", head -> new SparsePrefill.SinksAndWindow(length, sinks, window, 0));
        result("o_tri_shape", head -> new SparsePrefill.SinksAndWindow(length, sinks, window,
                options.path("n_last").asInt()));
    }

    /// Compares sets, which end with -1 where they are shorter.
    private void chosen(String name, IntFunction<int[][]> rows) throws IOException {
        CaseTensor expected = CaseTensor.of(tensors.tensor(name));
        int size = expected.dim(-1);
        int each = expected.values().length / size / shape.numHeads();
        for (int i = 0; i < expected.values().length / size; i++) {
            double[] wanted = Arrays.stream(expected.values(), i * size, (i + 1) * size).filter(x -> x >= 0).sorted()
                    .toArray();
            double[] found = Arrays.stream(rows.apply(i / each)[i % each]).asDoubleStream().sorted().toArray();
            worst.keep(name, Arrays.equals(wanted, found) ? 0 : 1, EXACT);
        }
    }

    private void result(String name, IntFunction<? extends SparsePrefill.Pattern> ofHead) throws IOException {
        try (Arena arena = Arena.ofShared()) {
            Tensor y = Tensor.allocate(arena, DType.F32, q.rows(), shape.numHeads() * shape.valueSize());
            SparsePrefill.attend(kernels, y, q, keys, shape, IntStream.range(0, shape.numHeads()).mapToObj(ofHead)
                    .toArray(SparsePrefill.Pattern[]::new));
            Tensor expected = SparseCases.rows(CaseTensor.of(tensors.tensor(name)), arena);
            worst.values(name, LongRun.numbers(y), LongRun.numbers(expected), VALUES);
        }
    }
}
