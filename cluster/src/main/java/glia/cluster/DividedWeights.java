package glia.cluster;

import glia.engine.training.Shards;
import glia.kernels.KernelBackends;
import glia.tensor.autograd.Gradients.Bucket;
import glia.tensor.ops.Weight;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.BiConsumer;

/// Weights of which each rank holds a part (ZeRO-3, https://arxiv.org/abs/1910.02054; FSDP,
/// https://arxiv.org/abs/2304.11277). They are gathered and let go by the buckets of their gradients. A weight keeps
/// its address: the pages of the other ranks' elements are given back to the system, and committed again when it is
/// gathered.
///
/// All ranks read the same buckets in the same order, so that they gather together.
final class DividedWeights {
    /// Buckets that stay whole: operations of a layer may read a bucket in turn with the one before.
    private static final int KEPT = 2;

    private final Collective collective;
    private final Shards shards;
    private final List<Bucket> buckets;
    /// The buckets that are whole here, the one that was read last at the end.
    private final List<Bucket> whole = new ArrayList<>();
    /// Whether a rank, such as the first one at a checkpoint and all at the start, has all weights.
    private boolean isGathered = true;

    /// @param buckets of all divided weights, which are whole
    DividedWeights(Collective collective, Shards shards, List<Bucket> buckets) {
        this.collective = collective;
        this.shards = shards;
        this.buckets = buckets.stream().sorted(Comparator.comparing(Bucket::index)).toList();
    }

    /// Whether a bucket's gradients are complete after those of all others.
    boolean isLast(Bucket bucket) {
        return bucket.index() == buckets.getLast().index();
    }

    /// Makes room for buckets that are read next.
    ///
    /// @return those of them that have to be gathered
    List<Bucket> keep(List<Bucket> next) {
        if (isGathered) {
            release();
        }
        List<Bucket> missing = next.stream().filter(b -> !whole.contains(b)).toList();
        whole.removeAll(next);
        whole.addAll(next);
        while (whole.size() > Math.max(KEPT, next.size())) {
            release(whole.removeFirst());
        }
        return missing;
    }

    /// Gives all ranks the weights of a bucket. Their version grows, so that no packed copy of them is kept.
    void gather(Bucket bucket) {
        each(bucket, (w, memory) -> collective.allGather(slices(w, memory)));
    }

    /// Gives the first rank all weights; the others keep their own elements.
    void gatherOnFirst() {
        release();
        boolean isFirst = collective.rank() == 0;
        for (Bucket bucket : buckets) {
            each(bucket, (w, memory) -> {
                List<MemorySegment> slices = slices(w, memory);
                MemorySegment nothing = memory.asSlice(0, 0);
                List<MemorySegment> send = new ArrayList<>();
                List<MemorySegment> receive = new ArrayList<>();
                for (int p = 0; p < slices.size(); p++) {
                    send.add(p == 0 && !isFirst ? slices.get(collective.rank()) : nothing);
                    receive.add(p > 0 && isFirst ? slices.get(p) : nothing);
                }
                collective.allToAll(send, receive);
            });
        }
        isGathered = true;
    }

    /// Lets go all elements of others.
    void release() {
        (isGathered ? buckets : whole).forEach(this::release);
        whole.clear();
        isGathered = false;
    }

    private void release(Bucket bucket) {
        for (Weight w : bucket.weights()) {
            List<MemorySegment> slices = slices(w, ((Weight.Stored) w).tensor().memory());
            for (int p = 0; p < slices.size(); p++) {
                if (p != collective.rank()) {
                    KernelBackends.giveBack(slices.get(p));
                }
            }
        }
    }

    private List<MemorySegment> slices(Weight w, MemorySegment memory) {
        return shards.ranges(w).stream().map(range -> range.of(memory)).toList();
    }

    private static void each(Bucket bucket, BiConsumer<Weight, MemorySegment> change) {
        for (Weight w : bucket.weights()) {
            ((Weight.Stored) w).update(t -> change.accept(w, t.memory()));
        }
    }
}
