package glia.check.reference;

import glia.io.safetensors.SafetensorsCheckpoint;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.AttentionTrace;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.PartialAttention;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Scores;
import glia.tensor.kernel.Span;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;

/// Attention over a context that is spread over the members of a ring: partial attention of each step, its merged
/// result, and the gradients of each step with the merged sums. Each layout of tokens is a case.
public final class RingCases implements CaseGroup {
    private static final double TOLERANCE = 2e-5;

    /// For [glia.check.CaseTree].
    public RingCases() { }

    @Override
    public void run(Path folder, Path goldens, Kernels kernels, Consumer<CaseResult> results) throws IOException {
        for (String name : FolderCases.names(folder)) {
            JsonNode root = CaseFile.parse(folder.resolve(name).resolve(FolderCases.JSON));
            try (SafetensorsCheckpoint tensors = SafetensorsCheckpoint.open(folder.resolve(name).resolve(
                    "tensors.safetensors"))) {
                for (Map.Entry<String, JsonNode> layout : root.path("layouts").properties()) {
                    String id = name + "/" + layout.getKey();
                    try (Arena arena = Arena.ofShared()) {
                        results.accept(new Ring(root.path("options"), layout.getKey(), tensors, kernels, arena)
                                .run(id));
                    } catch (IllegalArgumentException e) {
                        results.accept(CaseResult.failed(id, e.getMessage()));
                    }
                }
            }
        }
    }

    /// One layout.
    private static final class Ring {
        private final WorstDifference worst = new WorstDifference();
        private final String layout;
        private final SafetensorsCheckpoint tensors;
        private final Kernels kernels;
        private final Arena arena;
        private final AttentionShape shape;
        private final int window;
        private final int ranks;
        private final int count;
        private final int[] positions;
        private final Tensor q;
        private final Tensor k;
        private final Tensor v;
        private final Tensor dout;

        Ring(JsonNode options, String layout, SafetensorsCheckpoint tensors, Kernels kernels, Arena arena)
                throws IOException {
            this.layout = layout;
            this.tensors = tensors;
            this.kernels = kernels;
            this.arena = arena;
            int size = options.path("head_dim").asInt();
            // Each query is a run of its own over the keys that it sees.
            shape = new AttentionShape(options.path("heads").asInt(), options.path("kv_heads").asInt(), size, size,
                    (float) options.path("scale").asDouble(), new Span.Bidirectional());
            window = options.path("window").asInt(Integer.MAX_VALUE);
            CaseTensor all = of("positions");
            ranks = all.dim(0);
            count = all.dim(1);
            positions = all.ints();
            q = rows("q");
            k = rows("k");
            v = rows("v");
            dout = rows("do");
        }

        private CaseTensor of(String name) throws IOException {
            return CaseTensor.of(tensors.tensor(layout + "." + name));
        }

        private Tensor rows(String name) throws IOException {
            CaseTensor values = CaseTensor.of(tensors.tensor(name));
            return Tensor.of(arena, values.floats(), values.dim(0), values.dim(1) * values.dim(2));
        }

        private Tensor empty(int rows, int cols) {
            return Tensor.allocate(arena, DType.F32, rows, cols);
        }

        /// The rows of a rank's tokens.
        private Tensor ofRank(Tensor all, int rank) {
            Tensor own = empty(count, all.cols());
            for (int i = 0; i < count; i++) {
                own.rows(i, i + 1).copyFrom(all.rows(at(rank, i), at(rank, i) + 1));
            }
            return own;
        }

        private int at(int rank, int i) {
            return positions[rank * count + i];
        }

        /// The first of a rank's keys whose position is not below one.
        private int firstFrom(int rank, int position) {
            int found = Arrays.binarySearch(positions, rank * count, (rank + 1) * count, position);
            return (found < 0 ? -found - 1 : found) - rank * count;
        }

        CaseResult run(String id) throws IOException {
            Tensor out = empty(q.rows(), q.cols());
            Tensor sums = empty(q.rows(), shape.numHeads());
            CaseTensor outs = of("partial_o");
            CaseTensor logs = of("partial_lse");
            double[] pairs = of("visible_pairs").values();
            for (int rank = 0; rank < ranks; rank++) {
                Tensor merged = empty(count, q.cols());
                Tensor mergedSums = empty(count, shape.numHeads());
                for (long i = 0; i < mergedSums.size(); i++) {
                    mergedSums.set(i, Float.NEGATIVE_INFINITY);
                }
                for (int step = 0; step < ranks; step++) {
                    int index = rank * ranks + step;
                    Tensor part = empty(count, q.cols());
                    Tensor partSums = empty(count, shape.numHeads());
                    double seen = step(rank, (rank - step + ranks) % ranks, part, partSums);
                    worst.keep("visible_pairs", Math.abs(seen - pairs[index]), 0.5);
                    compare("partial_o", part, outs, index);
                    compare("partial_lse", partSums, logs, index);
                    new PartialAttention(kernels.workers()).merge(merged, mergedSums, part, partSums);
                }
                for (int i = 0; i < count; i++) {
                    out.rows(at(rank, i), at(rank, i) + 1).copyFrom(merged.rows(i, i + 1));
                    sums.rows(at(rank, i), at(rank, i) + 1).copyFrom(mergedSums.rows(i, i + 1));
                }
            }
            compare("o", out, CaseTensor.of(tensors.tensor("o")), 0);
            compare("lse", sums, CaseTensor.of(tensors.tensor("lse")), 0);
            gradients(out, sums);
            return worst.of(id);
        }

        /// Compares a matrix with a part of a tensor; an infinite sum is one of no key.
        private void compare(String name, Tensor found, CaseTensor expected, int index) {
            for (int i = 0; i < found.size(); i++) {
                double value = expected.values()[(int) (index * found.size() + i)];
                double own = found.get(i);
                worst.keep(name, own == value ? 0 : Math.abs(own - value), TOLERANCE);
            }
        }

        /// Attention of a rank's queries over another rank's keys; returns how many pairs see each other.
        private int step(int rank, int owner, Tensor part, Tensor partSums) {
            Tensor queries = ofRank(q, rank);
            Tensor keys = ofRank(k, owner);
            Tensor values = ofRank(v, owner);
            int seen = 0;
            for (int i = 0; i < count; i++) {
                int from = firstFrom(owner, window == Integer.MAX_VALUE ? 0 : at(rank, i) - window + 1);
                int to = firstFrom(owner, at(rank, i) + 1);
                seen += Math.max(0, to - from);
                Tensor sums = partSums.rows(i, i + 1);
                if (to <= from) {
                    for (int head = 0; head < shape.numHeads(); head++) {
                        sums.set(head, Float.NEGATIVE_INFINITY);
                    }
                    continue;
                }
                kernels.attention(part.rows(i, i + 1), sums, queries.rows(i, i + 1), new KeyValues[] {
                    KeyValues.of(keys.rows(from, to), values.rows(from, to))}, new Runs().add(1, 0), shape);
            }
            return seen;
        }

        /// Each step adds its share, with the output and the sums of all steps.
        private void gradients(Tensor out, Tensor sums) throws IOException {
            Tensor dq = empty(q.rows(), q.cols());
            Tensor dk = empty(k.rows(), k.cols());
            Tensor dv = empty(v.rows(), v.cols());
            for (int rank = 0; rank < ranks; rank++) {
                for (int owner = 0; owner < ranks; owner++) {
                    Tensor keys = ofRank(k, owner);
                    Tensor values = ofRank(v, owner);
                    Tensor keyGradient = empty(count, k.cols());
                    Tensor valueGradient = empty(count, v.cols());
                    for (int i = 0; i < count; i++) {
                        int row = at(rank, i);
                        int from = firstFrom(owner, window == Integer.MAX_VALUE ? 0 : row - window + 1);
                        int to = firstFrom(owner, row + 1);
                        if (from < to) {
                            kernels.attentionBackward(new AttentionTrace(shape, new Runs().add(1, 0),
                                    q.rows(row, row + 1), new Runs().add(to - from, 0), keys.rows(from, to),
                                    values.rows(from, to), Scores.NO_PARAMETERS, out.rows(row, row + 1),
                                    sums.rows(row, row + 1), dout.rows(row, row + 1), dq.rows(row, row + 1),
                                    keyGradient.rows(from, to), valueGradient.rows(from, to), Scores.NO_PARAMETERS));
                        }
                    }
                    add(dk, keyGradient, owner);
                    add(dv, valueGradient, owner);
                }
            }
            compare("dq", dq, CaseTensor.of(tensors.tensor("dq")), 0);
            compare("dk", dk, CaseTensor.of(tensors.tensor("dk")), 0);
            compare("dv", dv, CaseTensor.of(tensors.tensor("dv")), 0);
        }

        private void add(Tensor total, Tensor part, int owner) {
            for (int i = 0; i < count; i++) {
                for (int col = 0; col < part.cols(); col++) {
                    long to = (long) at(owner, i) * total.cols() + col;
                    total.set(to, total.get(to) + part.get((long) i * part.cols() + col));
                }
            }
        }
    }
}
