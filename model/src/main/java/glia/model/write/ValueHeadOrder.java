package glia.model.write;

import glia.model.spec.GatedDeltaNet;
import glia.model.spec.Parameter;

/// The order of the value heads of a `GatedDeltaNet`, which depends on `HeadSharing`. It permutes rows of the value
/// projections and columns of the output projection.
final class ValueHeadOrder {
    private ValueHeadOrder() { }

    /// The source row in `from` of each row in `to`; empty if unchanged.
    static int[] rows(Parameter p, GatedDeltaNet from, GatedDeltaNet to) {
        return switch (p.role()) {
            case INPUT, CONVOLUTION, CONVOLUTION_BIAS -> order(from, to, 2 * from.keysSize(), from.valueSize());
            case GATE -> order(from, to, 0, from.valueSize());
            case BETA, STEPS, STEPS_OFFSET, DECAY -> order(from, to, 0, 1);
            default -> new int[0];
        };
    }

    /// The same for columns.
    static int[] columns(Parameter p, GatedDeltaNet from, GatedDeltaNet to) {
        return switch (p.role()) {
            case OUTPUT -> order(from, to, 0, from.valueSize());
            default -> new int[0];
        };
    }

    /// @param before rows before the value heads, which stay in place
    /// @param size rows per head
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
