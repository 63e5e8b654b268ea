package glia.tensor.ops;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.RecurrentState;
import java.lang.foreign.Arena;

/// Memory of runs for tests: each begins without one; `step` makes what was written the next pass's beginning.
final class StatesOfRuns implements RecurrentState {
    private Tensor before;
    private Tensor after;
    private boolean begun;

    StatesOfRuns(Arena arena, int numRuns, int size) {
        before = Tensor.allocate(arena, DType.F32, numRuns, size);
        after = Tensor.allocate(arena, DType.F32, numRuns, size);
    }

    void step() {
        Tensor written = after;
        after = before;
        before = written;
        begun = true;
    }

    @Override
    public long before(int run) {
        return begun ? before.address() + run * before.rowBytes() : 0;
    }

    @Override
    public long after(int run) {
        return after.address() + run * after.rowBytes();
    }

    float[] written() {
        return after.toArray();
    }
}
