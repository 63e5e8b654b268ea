package glia.model.write;

import glia.model.spec.Attention;
import glia.model.spec.Parameter;
import glia.model.spec.QkNorm;
import glia.model.spec.Role;
import glia.model.spec.Rope;
import glia.tensor.kernel.RopeTable.Layout;
import java.util.Optional;

/// The row order of queries and keys by RoPE layout: pairs are rows i and `i + rotated / 2` (half-split), or neighbors
/// (interleaved).
final class RotaryOrder {
    private RotaryOrder() { }

    /// The source row in `from` of each row in `to`; empty if unchanged.
    static int[] between(Parameter p, Attention from, Attention to) {
        Optional<Rope.Rotary> first = rotary(from.rope());
        Optional<Rope.Rotary> second = rotary(to.rope());
        if (first.isEmpty() || second.isEmpty() || first.get().layout() == second.get().layout()) {
            return new int[0];
        }
        Layout layout = second.get().layout();
        int rotated = from.rope() instanceof Rope.Axial axial ? 2 * axial.axes().size() : first.get().rotatedSize();
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
            order[row] = row - inHead + (inHead < rotated ? turned(inHead, rotated, layout) : inHead);
        }
        return order;
    }

    private static Optional<Rope.Rotary> rotary(Rope rope) {
        return switch (rope) {
            case Rope.Rotary rotary -> Optional.of(rotary);
            case Rope.Axial axial -> Optional.of(axial.rotary());
            default -> Optional.empty();
        };
    }

    private static int turned(int row, int rotated, Layout to) {
        return switch (to) {
            case INTERLEAVED -> row / 2 + row % 2 * (rotated / 2);
            case HALF_SPLIT -> 2 * (row % (rotated / 2)) + row / (rotated / 2);
        };
    }
}
