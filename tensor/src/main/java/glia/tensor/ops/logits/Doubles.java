package glia.tensor.ops.logits;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.ops.Compute;

/// F64 values in the workspace, for sums over rows.
final class Doubles {
    private final Tensor memory;

    Doubles(Compute ops, int count, double value) {
        memory = ops.allocate(2, count);
        for (int i = 0; i < count; i++) {
            set(i, value);
        }
    }

    private long address(int i) {
        assert i >= 0 && i < memory.cols() : i;
        return memory.address() + 8L * i;
    }

    double get(int i) {
        return Memory.f64(address(i));
    }

    void set(int i, double value) {
        Memory.f64(address(i), value);
    }
}
