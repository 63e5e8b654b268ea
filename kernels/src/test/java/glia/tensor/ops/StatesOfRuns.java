package glia.tensor.ops;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.RecurrentState;
import java.lang.foreign.Arena;

/// States of runs for tests: each is initially empty; `step` makes the written state the next pass's initial state.
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
