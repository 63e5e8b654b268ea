package glia.tensor.ops.scan;

import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Workers;

/// The addresses of the states of a pass, fetched once on the thread that owns them, for use by many threads.
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

    /// A head of a run.
    interface HeadTask {
        void run(int run, int head);
    }

    /// Runs a task for each head of each run, on all threads.
    void eachHead(Workers workers, int numHeads, HeadTask task) {
        int units = before.length * numHeads;
        int chunks = workers.chunksFor(units);
        workers.run((chunk, worker) -> {
            for (long u = (long) units * chunk / chunks; u < (long) units * (chunk + 1) / chunks; u++) {
                task.run((int) u / numHeads, (int) u % numHeads);
            }
        }, chunks);
    }

    /// The address of value `index` of the state before a run, or 0 if the state is zero.
    long before(int run, long index) {
        return before[run] == 0 ? 0 : before[run] + 4 * index;
    }

    /// The address for value `index` of the state after a run, or 0 if it is not needed.
    long after(int run, long index) {
        return after[run] == 0 ? 0 : after[run] + 4 * index;
    }
}
