package glia.tensor.kernel;

import glia.tensor.Memory;
import java.util.Arrays;

/// Which pages of a KV cache a query attends to, as Quest chooses them (https://arxiv.org/abs/2406.10774): those with
/// the highest bound on `q·k` of the keys of a page, `Σ_c max(q_c · min_c, q_c · max_c)` with the least and the largest
/// value of each channel. Each query head chooses for itself. If there are no more pages than chosen ones, attention
/// is full.
///
/// @param pageTokens positions in a page; a page of the KV cache holds a whole number of them
/// @param budget the most positions that a query attends to
/// @param withNewest whether the newest page is always chosen, in place of one of the others; else at least 3 pages
///     are chosen and the newest is one like all
public record PageChoice(int pageTokens, int budget, boolean withNewest) {
    private static final int LEAST = 3;

    /// @throws IllegalArgumentException unless the budget has two pages at least
    public PageChoice {
        if (pageTokens < 1 || budget < 2 * pageTokens) {
            throw new IllegalArgumentException("found a budget of " + budget + " positions, expected at least two pages"
                    + " of " + pageTokens);
        }
    }

    /// The number of pages that are chosen.
    public int numChosen() {
        return withNewest ? budget / pageTokens : Math.max(LEAST, budget / pageTokens);
    }

    /// The number of pages of a sequence, of which the last may be partly filled.
    public int numPages(int length) {
        return Math.ceilDiv(length, pageTokens);
    }

    /// Bytes of the bounds of one page: for each column of the keys the largest, then the least values.
    public static long boundBytes(int cols) {
        return 2L * Float.BYTES * cols;
    }

    /// Computes the bounds of a page from its keys as they are stored.
    ///
    /// @param rows the address of the first row of keys
    /// @param count the number of rows
    /// @param to the address of the bounds
    public static void bound(KeyValueType type, long rows, int cols, int count, long to) {
        float[] row = new float[type.wholeBlocks(cols)];
        float[] least = new float[cols];
        float[] largest = new float[cols];
        Arrays.fill(least, Float.POSITIVE_INFINITY);
        Arrays.fill(largest, Float.NEGATIVE_INFINITY);
        for (int i = 0; i < count; i++) {
            type.load(rows + i * type.rowBytes(cols), 0, row.length, row);
            for (int col = 0; col < cols; col++) {
                least[col] = Math.min(least[col], row[col]);
                largest[col] = Math.max(largest[col], row[col]);
            }
        }
        Memory.store(largest, 0, to, cols);
        Memory.store(least, 0, to + boundBytes(cols) / 2, cols);
    }

    /// Computes the bounds on `q·k` of all pages of a sequence for the queries of one key-value head.
    ///
    /// @param q the address of the queries, `[count, size]`
    /// @param scores room for the bounds of each query, `[count][numPages]`
    public void scores(KeyValues keys, int head, int size, long q, float[][] scores) {
        float[] bounds = new float[2 * size];
        float[][] queries = new float[scores.length][size];
        int[][] columns = new int[scores.length][size];
        for (int query = 0; query < scores.length; query++) {
            Memory.load(q + (long) Float.BYTES * query * size, queries[query], 0, size);
            for (int c = 0; c < size; c++) {
                columns[query][c] = queries[query][c] < 0 ? size + c : c;
            }
        }
        for (int page = 0; page < scores[0].length; page++) {
            long from = keys.boundAddress(page * pageTokens) + (long) Float.BYTES * head * size;
            Memory.load(from, bounds, 0, size);
            Memory.load(from + boundBytes(keys.keyCols()) / 2, bounds, size, size);
            for (int query = 0; query < scores.length; query++) {
                scores[query][page] = sum(queries[query], bounds, columns[query]);
            }
        }
    }

    /// `Σ_c q_c · bounds[columns_c]`, in four sums that do not wait for each other.
    private static float sum(float[] q, float[] bounds, int[] columns) {
        float a = 0;
        float b = 0;
        float c = 0;
        float d = 0;
        int i = 0;
        for (; i + 3 < q.length; i += 4) {
            a += q[i] * bounds[columns[i]];
            b += q[i + 1] * bounds[columns[i + 1]];
            c += q[i + 2] * bounds[columns[i + 2]];
            d += q[i + 3] * bounds[columns[i + 3]];
        }
        for (; i < q.length; i++) {
            a += q[i] * bounds[columns[i]];
        }
        return a + b + (c + d);
    }
}
