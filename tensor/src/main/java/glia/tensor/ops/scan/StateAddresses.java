package glia.tensor.ops.scan;

import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;

/// Where the states of a pass lie, asked for once and on the thread that owns them, so that many may use them.
final class StateAddresses {
    private final long[] before;
    private final long[] after;

    StateAddresses(RecurrentState state, Runs runs) {
        before = new long[runs.count()];
        after = new long[runs.count()];
        for (int run = 0; run < before.length; run++) {
            before[run] = state.before(run);
            after[run] = state.after(run);
        }
    }

    /// Where number `index` of the state before a run lies, or 0 if the state is zero.
    long before(int run, long index) {
        return before[run] == 0 ? 0 : before[run] + 4 * index;
    }

    /// Where number `index` of the state after a run goes, or 0 if nobody will ask for it.
    long after(int run, long index) {
        return after[run] == 0 ? 0 : after[run] + 4 * index;
    }
}
