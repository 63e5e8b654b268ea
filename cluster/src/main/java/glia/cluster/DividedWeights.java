package glia.cluster;

import glia.engine.training.Shards;
import glia.kernels.KernelBackends;
import glia.tensor.autograd.Gradients.Bucket;
import glia.tensor.ops.Weight;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;

/// Weights of which each rank holds a part (ZeRO-3, https://arxiv.org/abs/1910.02054; FSDP,
/// https://arxiv.org/abs/2304.11277). They are gathered and let go by the buckets of their gradients. A weight keeps
/// its address: the pages of the other ranks' elements are given back to the system, and committed again when it is
/// gathered.
///
/// All ranks read the same buckets in the same order, so that they gather together. The order of each pass, forward and
/// backward, is that of the pass before, so the buckets that are read next are gathered ahead while an operation
/// computes. If a pass reads others, they are gathered when they are read, and its order is learned again.
final class DividedWeights {
    /// Buckets that stay whole: operations of a layer may read a bucket in turn with the one before.
    private static final int KEPT = 2;

    private final Collective collective;
    private final Shards shards;
    private final List<Bucket> buckets;
    private final Function<Runnable, Future<?>> exchanges;
    private final Consumer<Future<?>> await;
    /// The buckets that are whole here, the one that was read last at the end.
    private final List<Bucket> whole = new ArrayList<>();
    /// The buckets that were gathered ahead and not read yet.
    private final List<Bucket> ahead = new ArrayList<>();
    /// What forward and backward passes gathered, read after read.
    private final Map<Boolean, List<List<Bucket>>> orders = Map.of(false, new ArrayList<>(), true, new ArrayList<>());
    private boolean isBackward;
    /// The number of reads of this pass that had something to gather.
    private int reads;
    private Optional<Future<?>> gathering = Optional.empty();
    /// Whether a rank, such as the first one at a checkpoint and all at the start, has all weights.
    private boolean isGathered = true;

    /// @param buckets of all divided weights, which are whole
    /// @param exchanges runs a task on the thread of exchanges, one after the other
    /// @param await returns when such a task has ended
    DividedWeights(Collective collective, Shards shards, List<Bucket> buckets,
            Function<Runnable, Future<?>> exchanges, Consumer<Future<?>> await) {
        this.collective = collective;
        this.shards = shards;
        this.exchanges = exchanges;
        this.await = await;
        this.buckets = buckets.stream().sorted(Comparator.comparing(Bucket::index)).toList();
    }

    /// Whether a bucket's gradients are complete after those of all others.
    boolean isLast(Bucket bucket) {
        return bucket.index() == buckets.getLast().index();
    }

    /// A pass begins, or the forward pass after it.
    void begin(boolean backward) {
        release();
        isBackward = backward;
        reads = 0;
    }

    /// Makes room for buckets that are read next, and gathers those that are not there, and then those that are
    /// expected to be read after them.
    ///
    void read(List<Bucket> next) {
        if (isGathered) {
            release();
        }
        List<Bucket> gathered = next.stream().filter(b -> !whole.contains(b)).toList();
        whole.removeAll(next);
        whole.addAll(next);
        while (whole.size() > Math.max(KEPT, next.size())) {
            release(whole.removeFirst());
        }
        if (gathered.isEmpty()) {
            return;
        }
        await();
        List<Bucket> missing = gathered.stream().filter(b -> !ahead.remove(b)).toList();
        ahead.forEach(this::release);
        ahead.clear();
        begin(missing);
        await();
        expected(gathered).stream().filter(b -> !whole.contains(b)).forEach(ahead::add);
        begin(List.copyOf(ahead));
    }

    private void begin(List<Bucket> missing) {
        if (!missing.isEmpty()) {
            gathering = Optional.of(exchanges.apply(() -> missing.forEach(this::gather)));
        }
    }

    /// Returns when nothing is being gathered.
    void await() {
        gathering.ifPresent(await);
        gathering = Optional.empty();
    }

    /// What the pass before gathered after these buckets. Forward passes without gradients, as of validation, follow
    /// each other.
    private List<Bucket> expected(List<Bucket> gathered) {
        List<List<Bucket>> order = orders.get(isBackward);
        if (reads == order.size() && reads > 0 && order.getFirst().equals(gathered)) {
            reads = 0;
        }
        if (reads == order.size() || !order.get(reads).equals(gathered)) {
            order.subList(reads, order.size()).clear();
            order.add(gathered);
        }
        reads++;
        return reads < order.size() ? order.get(reads) : List.of();
    }

    /// Gives all ranks the weights of a bucket. Their version grows, so that no packed copy of them is kept.
    private void gather(Bucket bucket) {
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
        await();
        (isGathered ? buckets : whole).forEach(this::release);
        whole.clear();
        ahead.forEach(this::release);
        ahead.clear();
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
