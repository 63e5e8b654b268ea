package glia.engine.training;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The order of the work of a step on the stages of a pipeline: one forward, one backward (1F1B), or interleaved where
/// ranks have several stages (https://arxiv.org/abs/2104.04473, section 2.2). Backward passes of a stage come in the
/// order of the micro-batches, so that sums of gradients have the bits of one process. With m micro-batches, p ranks
/// and v stages on each, ranks are idle for (p - 1)/(v · m) of the time that they work.
final class PipelineSchedule {
    /// The forward or backward pass of a micro-batch through a stage.
    record Work(int stage, int microBatch, boolean isBackward) { }

    private static final int FORWARD_TIME = 1;
    private static final int BACKWARD_TIME = 2;

    private final List<Work> order = new ArrayList<>();
    private final long time;

    /// @param microBatches in training with several stages a rank a multiple of the number of ranks
    /// @param isTraining whether there are backward passes
    PipelineSchedule(int numRanks, int chunks, int microBatches, boolean isTraining) {
        List<List<Work>> byRank = new ArrayList<>();
        for (int r = 0; r < numRanks; r++) {
            byRank.add(ofRank(r, numRanks, chunks, microBatches, isTraining));
        }
        Map<Work, Long> ends = new HashMap<>();
        long[] free = new long[numRanks];
        int[] next = new int[numRanks];
        int last = numRanks * chunks - 1;
        for (boolean isStuck = false; !isStuck;) {
            isStuck = true;
            for (int r = 0; r < numRanks; r++) {
                while (next[r] < byRank.get(r).size()) {
                    Work work = byRank.get(r).get(next[r]);
                    Long ready = ready(work, last, ends);
                    if (ready == null) {
                        break;
                    }
                    free[r] = Math.max(free[r], ready) + (work.isBackward ? BACKWARD_TIME : FORWARD_TIME);
                    ends.put(work, free[r]);
                    order.add(work);
                    next[r]++;
                    isStuck = false;
                }
            }
        }
        if (ends.size() != numRanks * chunks * microBatches * (isTraining ? 2 : 1)) {
            throw new IllegalStateException("the schedule of " + numRanks + " ranks with " + chunks + " stages each "
                    + "and " + microBatches + " micro-batches has no end");
        }
        order.sort(Comparator.<Work>comparingLong(ends::get).thenComparing(Work::stage));
        time = ends.values().stream().mapToLong(end -> end).max().orElse(0);
    }

    /// When the input of some work is there; null if that is not known yet.
    private static Long ready(Work work, int last, Map<Work, Long> ends) {
        return !work.isBackward ? work.stage == 0 ? Long.valueOf(0)
                : ends.get(new Work(work.stage - 1, work.microBatch, false))
                : ends.get(new Work(Math.min(work.stage + 1, last), work.microBatch, work.stage < last));
    }

    private static List<Work> ofRank(int rank, int numRanks, int chunks, int microBatches, boolean isTraining) {
        int all = microBatches * chunks;
        int ahead = Math.min(all, !isTraining ? all : chunks == 1 ? numRanks - 1 - rank
                : 2 * (numRanks - 1 - rank) + (chunks - 1) * numRanks);
        List<Work> works = new ArrayList<>();
        for (int k = 0; k < all + (isTraining ? ahead : 0); k++) {
            if (!isTraining) {
                works.add(new Work(k % chunks * numRanks + rank, k / chunks, false));
            } else if (k < all) {
                works.add(work(k, rank, numRanks, chunks, false));
            }
            if (k >= ahead) {
                works.add(work(k - ahead, rank, numRanks, chunks, true));
            }
        }
        return works;
    }

    /// The k-th forward or backward pass of a rank: groups of as many micro-batches as ranks go through one stage after
    /// the other.
    private static Work work(int k, int rank, int numRanks, int chunks, boolean isBackward) {
        int inGroup = k % (numRanks * chunks);
        int chunk = isBackward ? chunks - 1 - inGroup / numRanks : inGroup / numRanks;
        return chunks == 1 ? new Work(rank, k, isBackward) : new Work(chunk * numRanks + rank,
                k / (numRanks * chunks) * numRanks + inGroup % numRanks, isBackward);
    }

    /// All work, each after what it depends on.
    List<Work> order() {
        return order;
    }

    /// The time of all, where a forward pass takes 1 and a backward pass 2.
    long time() {
        return time;
    }
}
