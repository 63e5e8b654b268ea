package glia.tensor.kernel;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/// Attention of a prompt to some of its positions, by a pattern for each query head, as MInference chooses them
/// (https://arxiv.org/abs/2407.02490).
public final class SparsePrefill {
    /// Rows of queries with one choice, and positions of a chosen block.
    public static final int BLOCK = 64;
    /// So many first positions and nearest distances are always chosen.
    private static final int SURE_COLUMNS = 30;
    private static final int SURE_DISTANCES = 100;

    /// What the queries of a head attend to.
    public interface Pattern {
        /// Positions, ascending; a query attends to those that are not after it. Equal rows may share one array.
        int[] positions(int row);
    }

    /// The first `sinks` positions and the last `window` (A-shape); all positions in the last `dense` rows (tri-shape).
    public record SinksAndWindow(int length, int sinks, int window, int dense) implements Pattern {
        @Override
        public int[] positions(int row) {
            return IntStream.rangeClosed(0, row).filter(p -> p < sinks || row - p < window || row >= length - dense)
                    .toArray();
        }
    }

    /// The blocks whose mean keys have the largest product with the mean query of a block of rows; positions after the
    /// end count as 0 in the last means.
    ///
    /// @param scores `[blocks of rows][blocks of keys]`, those of later blocks -∞
    /// @param chosen blocks of keys by block of rows, ascending
    public record Blocks(float[][] scores, int[][] chosen) implements Pattern {
        /// Chooses up to `count` blocks for each block of rows.
        public static Blocks of(Tensor q, KeyValues keys, AttentionShape shape, int head, int count) {
            int blocks = Math.ceilDiv(keys.length(), BLOCK);
            double[][] queryMeans = new double[blocks][shape.keySize()];
            double[][] keyMeans = new double[blocks][shape.keySize()];
            float[] row = new float[shape.keySize()];
            for (int at = 0; at < keys.length(); at++) {
                query(q, at, head, row.length, row);
                add(row, queryMeans[at / BLOCK]);
                keys.type().load(keys.keyAddress(at), head / shape.groupSize() * row.length, row.length, row);
                add(row, keyMeans[at / BLOCK]);
            }
            float[][] scores = new float[blocks][blocks];
            int[][] chosen = new int[blocks][];
            for (int i = 0; i < blocks; i++) {
                for (int j = 0; j < blocks; j++) {
                    scores[i][j] = j > i ? Float.NEGATIVE_INFINITY : (float) dot(queryMeans[i], keyMeans[j]);
                }
                chosen[i] = largest(scores[i], Math.min(i + 1, count));
            }
            return new Blocks(scores, chosen);
        }

        private static void add(float[] row, double[] mean) {
            for (int i = 0; i < row.length; i++) {
                mean[i] += (double) row[i] / BLOCK;
            }
        }

        @Override
        public int[] positions(int row) {
            return Arrays.stream(chosen[row / BLOCK]).flatMap(b -> IntStream.range(b * BLOCK, (b + 1) * BLOCK))
                    .toArray();
        }
    }

    /// Columns that all later queries attend to, and distances from query to key (slashes), by the probabilities of the
    /// last queries. A block of rows attends to whole ranges of 64 positions that hold its slashes, and to single
    /// columns before them.
    ///
    /// @param columns chosen positions, ascending
    /// @param distances chosen distances, ascending
    /// @param ranges first positions of ranges of 64, by block of rows
    /// @param singles columns outside of them, by block of rows
    public record VerticalSlash(int[] columns, int[] distances, int[][] ranges, int[][] singles) implements Pattern {
        /// Chooses `vertical` columns and `slash` distances by the last `last` queries.
        public static VerticalSlash of(Tensor q, KeyValues keys, AttentionShape shape, int head, int vertical,
                int slash, int last) {
            int length = keys.length();
            float[] byColumn = new float[length];
            float[] byDistance = new float[length];
            float[] query = new float[shape.keySize()];
            float[] key = new float[shape.keySize()];
            for (int row = Math.max(0, length - last); row < length; row++) {
                query(q, row, head, query.length, query);
                double[] scores = new double[row + 1];
                for (int at = 0; at <= row; at++) {
                    keys.type().load(keys.keyAddress(at), head / shape.groupSize() * key.length, key.length, key);
                    double dot = 0;
                    for (int i = 0; i < key.length; i++) {
                        dot += (double) query[i] * key[i];
                    }
                    scores[at] = dot * shape.scale();
                }
                double most = Arrays.stream(scores).max().orElse(0);
                double sum = Arrays.stream(scores).map(s -> Math.exp(s - most)).sum();
                for (int at = 0; at <= row; at++) {
                    double share = Math.exp(scores[at] - most) / sum;
                    byColumn[at] += (float) share;
                    byDistance[row - at] += (float) share;
                }
            }
            Arrays.fill(byColumn, 0, Math.min(length, SURE_COLUMNS), Float.POSITIVE_INFINITY);
            Arrays.fill(byDistance, 0, Math.min(length, SURE_DISTANCES), Float.POSITIVE_INFINITY);
            return of(largest(byColumn, vertical), largest(byDistance, slash), length);
        }

        private static VerticalSlash of(int[] columns, int[] distances, int length) {
            int blocks = Math.ceilDiv(length, BLOCK);
            int[][] ranges = new int[blocks][];
            int[][] singles = new int[blocks][];
            for (int block = 0; block < blocks; block++) {
                int end = (block + 1) * BLOCK;
                // The farthest slash comes first; neighbours extend its range by whole blocks.
                int[] ends = IntStream.range(0, distances.length).map(i -> distances[distances.length - 1 - i])
                        .filter(d -> d < end).map(d -> Math.max(end - d, BLOCK)).toArray();
                IntStream.Builder starts = IntStream.builder();
                int covered = 0;
                for (int i = 0; i < ends.length; i++) {
                    if (i == 0 || ends[i] > covered + BLOCK) {
                        covered = ends[i];
                        starts.add(covered - BLOCK);
                    } else if (ends[i] > covered) {
                        starts.add(covered);
                        covered += BLOCK;
                    }
                }
                int[] all = starts.build().toArray();
                int last = covered;
                ranges[block] = all;
                singles[block] = Arrays.stream(columns).filter(c -> c < last
                        && Arrays.stream(all).noneMatch(s -> s <= c && c < s + BLOCK)).toArray();
            }
            return new VerticalSlash(columns, distances, ranges, singles);
        }

        @Override
        public int[] positions(int row) {
            return IntStream.concat(Arrays.stream(singles[row / BLOCK]), Arrays.stream(ranges[row / BLOCK])
                    .flatMap(s -> IntStream.range(s, s + BLOCK))).sorted().toArray();
        }
    }

    private SparsePrefill() { }

    /// Computes attention of a prompt from its first position on.
    ///
    /// @param y `[N, H·valueSize]`
    /// @param q `[N, H·keySize]`
    /// @param keys of the N positions, with heads that begin at blocks of their type
    /// @param patterns by query head
    public static void attend(Kernels kernels, Tensor y, Tensor q, KeyValues keys, AttentionShape shape,
            Pattern[] patterns) {
        AttentionShape one = new AttentionShape(1, 1, shape.keySize(), shape.valueSize(), shape.scale(),
                new Span.Causal(), shape.scores());
        int rows = q.rows();
        try (Arena arena = Arena.ofShared()) {
            Tensor queries = Tensor.allocate(arena, DType.F32, rows, shape.keySize());
            Tensor results = Tensor.allocate(arena, DType.F32, rows, shape.valueSize());
            float[] row = new float[Math.max(shape.keySize(), shape.valueSize())];
            for (int head = 0; head < shape.numHeads(); head++) {
                Runs runs = new Runs();
                KeyValues[] lists = new KeyValues[rows];
                int[] seen = {};
                for (int i = 0; i < rows; i++) {
                    query(q, i, head, shape.keySize(), row);
                    Memory.store(row, 0, queries.address() + i * queries.rowBytes(), shape.keySize());
                    boolean isNew = i % BLOCK == 0 || patterns[head] instanceof SinksAndWindow;
                    seen = isNew ? patterns[head].positions(i) : seen;
                    lists[i] = isNew ? list(keys, shape, head, seen) : lists[i - 1];
                    int found = Arrays.binarySearch(seen, i);
                    runs.add(1, (found < 0 ? -found - 1 : found + 1) - 1);
                }
                kernels.attention(results, null, queries, lists, runs, one);
                for (int i = 0; i < rows; i++) {
                    Memory.load(results.address() + i * results.rowBytes(), row, 0, shape.valueSize());
                    Memory.store(row, 0, y.address() + i * y.rowBytes() + (long) Float.BYTES * head
                            * shape.valueSize(), shape.valueSize());
                }
            }
        }
    }

    private static KeyValues list(KeyValues keys, AttentionShape shape, int head, int[] positions) {
        int group = head / shape.groupSize();
        KeyValues list = new KeyValues(keys.type(), 1, keys.keyCols(), keys.valueCols());
        int count = 0;
        for (int position : positions) {
            if (position < keys.length()) {
                list.addPage(keys.keyAddress(position) + keys.type().rowBytes(group * shape.keySize()),
                        keys.valueAddress(position) + keys.type().ofValues().rowBytes(group * shape.valueSize()));
                count++;
            }
        }
        list.setLength(count);
        return list;
    }

    private static void query(Tensor q, int row, int head, int size, float[] to) {
        Memory.load(q.address() + row * q.rowBytes() + (long) Float.BYTES * head * size, to, 0, size);
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    /// The places of the `count` largest scores, ascending; of equal ones the first.
    private static int[] largest(float[] scores, int count) {
        return IntStream.range(0, scores.length).boxed().sorted(Comparator.comparingDouble(i -> -scores[i]))
                .limit(count).mapToInt(Integer::intValue).sorted().toArray();
    }
}
