package glia.model.write;

import glia.model.spec.Attention;
import glia.model.spec.Parameter;
import glia.model.spec.QkNorm;
import glia.model.spec.Role;
import glia.model.spec.Rope;
import glia.tensor.kernel.RopeTable.Layout;
import java.util.Arrays;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/// The row order of queries and keys by RoPE layout: pairs are rows i and `i + rotated / 2` (half-split), or neighbors
/// (interleaved), and pairs of several axes may come in another order.
final class RotaryOrder {
    private RotaryOrder() { }

    /// The source row in `from` of each row in `to`; empty if unchanged.
    static int[] between(Parameter p, Attention from, Attention to) {
        int[][] source = pairs(from.rope());
        int[][] target = pairs(to.rope());
        if (source.length == 0 || source.length != target.length || Arrays.deepEquals(source, target)) {
            return new int[0];
        }
        int[] turned = turned(source, target);
        boolean whole = from.norm() instanceof QkNorm.Whole;
        int heads = switch (p.role()) {
            case QUERY, QUERY_BIAS -> from.numHeads();
            case KEY, KEY_BIAS -> from.numKeyValueHeads();
            case QUERY_NORM -> whole ? from.numHeads() : 1;
            case KEY_NORM -> whole ? from.numKeyValueHeads() : 1;
            default -> 0;
        };
        boolean gated = from.gating() == Attention.Gating.SIGMOID;
        int size = from.headSize() * (gated && (p.role() == Role.QUERY || p.role() == Role.QUERY_BIAS)
                ? 2 : 1);
        int[] order = new int[heads * size];
        for (int row = 0; row < order.length; row++) {
            int inHead = row % size;
            order[row] = row - inHead + (inHead < turned.length ? turned[inHead] : inHead);
        }
        return order;
    }

    /// Each pair's axis, number of its frequency, and two rows; without a rotation, none.
    private static int[][] pairs(Rope rope) {
        return switch (rope) {
            case Rope.Rotary r -> pairs(r.layout(), r.rotatedSize() / 2, _ -> 0, i -> i);
            case Rope.Axial r -> pairs(r.rotary().layout(), r.axes().size(), r.axes()::get, r.frequencies()::get);
            case Rope.Parts _, Rope.None _ -> new int[0][];
        };
    }

    private static int[][] pairs(Layout layout, int count, IntUnaryOperator axis, IntUnaryOperator frequency) {
        boolean isHalf = layout == Layout.HALF_SPLIT;
        return IntStream.range(0, count).mapToObj(i -> new int[] {axis.applyAsInt(i), frequency.applyAsInt(i),
                isHalf ? i : 2 * i, isHalf ? i + count : 2 * i + 1}).toArray(int[][]::new);
    }

    /// The source row of each rotated row: pairs with the same axis and frequency have the same numbers.
    private static int[] turned(int[][] from, int[][] to) {
        int[] rows = new int[2 * to.length];
        for (int[] pair : to) {
            int[] same = Arrays.stream(from).filter(p -> p[0] == pair[0] && p[1] == pair[1]).findFirst().orElseThrow(
                    () -> new IllegalArgumentException("RoPE of other axes or frequencies"));
            rows[pair[2]] = same[2];
            rows[pair[3]] = same[3];
        }
        return rows;
    }
}
