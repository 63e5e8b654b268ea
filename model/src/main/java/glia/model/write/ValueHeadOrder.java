package glia.model.write;

import glia.model.spec.GatedDeltaNet;
import glia.model.spec.Parameter;

/// The order of the value heads of a `GatedDeltaNet`, which goes by how they share key heads: with another sharing the
/// same heads lie elsewhere, in rows of what makes values and in columns of what takes them.
final class ValueHeadOrder {
    private ValueHeadOrder() { }

    /// Which row of a parameter of `from` is the first, second… in `to`; nothing if all stay where they are.
    static int[] rows(Parameter p, GatedDeltaNet from, GatedDeltaNet to) {
        return switch (p.role()) {
            case INPUT, CONVOLUTION, CONVOLUTION_BIAS -> order(from, to, 2 * from.keysSize(), from.valueSize());
            case GATE -> order(from, to, 0, from.valueSize());
            case BETA, STEPS, STEPS_OFFSET, DECAY -> order(from, to, 0, 1);
            default -> new int[0];
        };
    }

    /// The same of columns.
    static int[] columns(Parameter p, GatedDeltaNet from, GatedDeltaNet to) {
        return switch (p.role()) {
            case OUTPUT -> order(from, to, 0, from.valueSize());
            default -> new int[0];
        };
    }

    /// @param before places that stay, before those of value heads
    /// @param size places of a head
    private static int[] order(GatedDeltaNet from, GatedDeltaNet to, int before, int size) {
        if (from.order() == to.order()) {
            return new int[0];
        }
        int heads = from.numValueHeads();
        int keyHeads = from.numKeyHeads();
        int[] order = new int[before + heads * size];
        for (int i = 0; i < before; i++) {
            order[i] = i;
        }
        for (int key = 0; key < keyHeads; key++) {
            for (int index = 0; index < heads / keyHeads; index++) {
                int source = before + size * from.order().head(key, index, heads, keyHeads);
                int target = before + size * to.order().head(key, index, heads, keyHeads);
                for (int i = 0; i < size; i++) {
                    order[target + i] = source + i;
                }
            }
        }
        return order;
    }
}
