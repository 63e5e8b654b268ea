package glia.cluster;

import glia.engine.training.ExpertParts;
import glia.engine.training.Reduction;
import glia.engine.training.Shards;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Weight;
import glia.tensor.ops.attention.ContextParallel;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/// Ranks of which each has some experts of each layer (https://arxiv.org/abs/2006.16668). Each `E` ranks in a row
/// exchange the tokens of their micro-batches. All ranks add up the gradients of all else; the ranks that have the same
/// experts those of these, which come by the rank whose tokens they are of.
///
/// Ranks are numbered here by their place in a group first, `place · groups + group`: in this order micro-batches are
/// added up, so that those of a place may be added after each other. A rank keeps the weights of its own experts alone,
/// but for the first one, which gathers all where they are needed.
final class ExpertParallel extends DividedRanks {
    private final Collective real;
    private final ExpertParts parts;
    private final DataParallel data;
    private final DataParallel experts;
    private final ExecutorService thread;
    private final int numDataGroups;
    /// Whether the first rank has all weights, and others may.
    private boolean isGathered = true;
    private long waited;

    /// @param size of a group, by which the number of ranks can be divided
    /// @param kernels of the thread that adds; not shared with others
    /// @throws IllegalArgumentException if the model's experts cannot be divided among so many
    ExpertParallel(Collective ranks, int size, Model model, Kernels kernels) {
        this(ranks, ranks.of(order(ranks.size(), size)), size, model, kernels);
    }

    /// @param ordered the same ranks by their numbers here
    ExpertParallel(Collective ranks, Collective ordered, int size, Model model, Kernels kernels) {
        super(ordered);
        real = ranks;
        numDataGroups = ranks.size() / size;
        int place = all.rank() / numDataGroups;
        int group = all.rank() % numDataGroups;
        thread = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().daemon().name("experts-" + all.rank()).factory());
        parts = new ExpertParts(model, new ThreadedGroup(all.duplicate().of(IntStream.range(0, size).map(p ->
                p * numDataGroups + group).toArray()), thread, nanos -> waited += nanos));
        data = new DataParallel(all, kernels);
        experts = data.beside(all.of(IntStream.range(0, numDataGroups).map(g ->
                place * numDataGroups + g).toArray()), parts::first);
    }

    /// The ranks by their numbers here.
    static int[] order(int ranks, int size) {
        int groups = ranks / size;
        return IntStream.range(0, ranks).map(r -> r % groups * size + r / groups).toArray();
    }

    /// See [DataParallel#shareContext]. Ranks that share tokens have the same experts.
    void shareContext(int count, ContextParallel.Method method) {
        data.shareContext(count, method);
    }

    @Override
    Reduction sums() {
        return data;
    }

    @Override
    public Optional<ExpertParts> experts() {
        return Optional.of(parts);
    }

    // ---- weights -------------------------------------------------------------------------------------------------

    @Override
    List<Weight> shared() {
        return parts.weights();
    }

    @Override
    public Shards shard(Gradients gradients, Predicate<Weight> isWhole, boolean frees) {
        data.shard(gradients, isWhole, frees);
        experts.shard(gradients, w -> isWhole.test(parts.whole(w)), true);
        return this;
    }

    private DataParallel of(Weight w) {
        return parts.rank(w).isPresent() ? experts : data;
    }

    private boolean isOther(Weight w) {
        return parts.rank(w).isPresent() && parts.rank(w).get() != all.rank() / numDataGroups;
    }

    @Override
    public double[] totals(double... ofRank) {
        return data.totals(ofRank);
    }

    @Override
    public Range own(Weight w) {
        return isOther(w) ? new Range(0, 0) : of(w).own(parts.first(w));
    }

    @Override
    public Tensor gradient(Weight w) {
        return of(w).gradient(parts.first(w));
    }

    @Override
    public void updated(Weight w, MemorySegment whole) {
        if (!isOther(w)) {
            of(w).updated(parts.first(w), whole);
        }
    }

    /// All but experts, which ranks have as wholes.
    @Override
    public void divideWeights() {
        data.divideWeights(bucket -> !isOfExperts(bucket));
    }

    @Override
    public boolean dividesWeights() {
        return data.dividesWeights();
    }

    @Override
    public void read(List<Gradients.Bucket> buckets) {
        List<Gradients.Bucket> divided = buckets.stream().filter(b -> !isOfExperts(b)).toList();
        if (!divided.isEmpty()) {
            data.read(divided);
        }
    }

    private boolean isOfExperts(Gradients.Bucket bucket) {
        return parts.isOfSource(bucket.weights().getFirst());
    }

    @Override
    public void gatherWeights() {
        data.gatherWeights();
        experts.gatherWeights();
        for (Weight w : isGathered ? List.<Weight>of() : parts.weights()) {
            parts.rank(w).ifPresent(place -> move(w, place * numDataGroups, 0));
        }
        isGathered = true;
    }

    /// Lets go the experts of other ranks.
    @Override
    public void forward() {
        if (isGathered) {
            parts.weights().stream().filter(this::isOther).forEach(w ->
                    KernelBackends.giveBack(((Weight.Stored) w).tensor().memory()));
            isGathered = false;
        }
    }

    // ---- steps ---------------------------------------------------------------------------------------------------

    @Override
    public void begin() {
        data.begin();
        experts.begin();
    }

    @Override
    public void completed(Gradients.Bucket bucket) {
        (isOfExperts(bucket) ? experts : data).completed(bucket);
    }

    @Override
    public void finish(Gradients gradients) {
        data.finish(gradients);
        experts.finish(gradients);
    }

    @Override
    public Map<String, Double> figures() {
        return data.figures(real, takeWaited());
    }

    /// The nanoseconds that this rank waited for others to exchange rows and gradients of experts.
    long takeWaited() {
        long taken = waited + experts.takeWaited();
        waited = 0;
        return taken;
    }

    /// The ranks that add up the gradients of all but experts.
    DataParallel data() {
        return data;
    }

    @Override
    public void close() {
        thread.shutdownNow();
        data.close();
        experts.close();
    }
}
