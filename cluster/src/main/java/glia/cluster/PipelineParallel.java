package glia.cluster;

import glia.engine.training.ExpertParts;
import glia.engine.training.PipelineStages;
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
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/// Ranks of which each computes some layers (https://arxiv.org/abs/2104.04473). The first ranks have the first stage:
/// rank `s · n + d` is rank `d` of the `n` that compute stage `s`. These add up their gradients among themselves and
/// share the optimizer's state of their weights; ranks with the same d compute the same micro-batches.
///
/// A rank keeps the trained weights of its stages alone. A weight that several stages read is updated by the first of
/// them, which sends it to the others.
final class PipelineParallel extends DividedRanks {
    private final PipelineStages stages;
    private final Collective peers;
    private final Collective column;
    private final DataParallel stage;
    /// Ranks of a stage that have some experts of its layers each.
    private final Optional<ExpertParallel> experts;
    private final ExecutorService thread;
    private final Pipeline pipeline;
    /// The trained weights that this stage updates.
    private final Set<Weight> own = new HashSet<>();
    /// Whether the first rank has all weights, and others may.
    private boolean isGathered = true;
    private long waited;
    /// The stage whose backward pass is computed.
    private int current;

    /// @param kernels of the thread that adds; not shared with others
    PipelineParallel(Collective all, PipelineStages stages, Kernels kernels) {
        this(all, stages, kernels, peers -> Optional.empty());
    }

    /// Ranks of which each has some experts of its stages, too.
    ///
    /// @param size ranks that divide the experts of a layer
    /// @param model of all ranks
    static PipelineParallel ofExperts(Collective ranks, PipelineStages stages, int size, Model model,
            Kernels kernels) {
        int peers = ranks.size() / stages.numRanks();
        int[] order = ExpertParallel.order(peers, size);
        Collective ordered = ranks.of(IntStream.range(0, ranks.size()).map(r -> r - r % peers + order[r % peers])
                .toArray());
        return new PipelineParallel(ordered, stages, kernels, own -> Optional.of(new ExpertParallel(own, own, size,
                model, kernels)));
    }

    private PipelineParallel(Collective all, PipelineStages stages, Kernels kernels,
            Function<Collective, Optional<ExpertParallel>> ofStage) {
        super(all);
        this.stages = stages;
        int size = all.size() / stages.numRanks();
        int first = all.rank() - all.rank() % size;
        peers = all.of(IntStream.range(first, first + size).toArray());
        column = all.of(IntStream.range(0, stages.numRanks()).map(s -> s * size + all.rank() % size).toArray());
        experts = ofStage.apply(peers);
        stage = experts.map(ExpertParallel::data).orElseGet(() -> new DataParallel(peers, kernels));
        thread = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().daemon().name("stages-" + all.rank()).factory());
        pipeline = new Pipeline(new ThreadedGroup(column, thread, nanos -> waited += nanos), stages);
    }

    /// See [DataParallel#shareContext].
    void shareContext(int count, ContextParallel.Method method) {
        stage.shareContext(count, method);
    }

    @Override
    public Optional<Pipeline> pipeline() {
        return Optional.of(pipeline);
    }

    @Override
    public Optional<ExpertParts> experts() {
        return experts.flatMap(ExpertParallel::experts);
    }

    @Override
    Reduction sums() {
        return experts.<Reduction>map(e -> e).orElse(stage);
    }

    private Shards shares() {
        return experts.<Shards>map(e -> e).orElse(stage);
    }

    /// The weight of the whole model that a weight of this rank is of.
    private Weight whole(Weight w) {
        return experts().map(parts -> parts.whole(w)).orElse(w);
    }

    /// Those of the first stage.
    @Override
    public double[] all(double... ofRank) {
        stage.gatherWeights();
        exchangeRanges();
        double[][] ranks = all.all(ofRank);
        int groups = numGroups();
        double[] numbers = new double[ofRank.length * groups];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = ranks[i % groups * (peers.size() / groups)][i / groups];
        }
        return numbers;
    }

    // ---- weights -------------------------------------------------------------------------------------------------

    private boolean isReader(Weight w) {
        return stages.users(w).stream().anyMatch(s -> stages.rank(s) == column.rank());
    }

    private int owner(Weight w) {
        return stages.rank(stages.owner(w));
    }

    @Override
    public Shards shard(Gradients gradients, Predicate<Weight> isWhole, boolean frees) {
        sums().shard(gradients, isWhole, frees);
        gradients.buckets().forEach(b -> b.weights().forEach(w -> own.add(whole(w))));
        return this;
    }

    @Override
    public Range own(Weight w) {
        return own.contains(w) ? shares().own(w) : new Range(0, 0);
    }

    @Override
    List<Weight> shared() {
        return stages.weights();
    }

    /// Whether ranks train a weight.
    private boolean isTrained(Weight w) {
        return ranges(w).stream().anyMatch(r -> r.size() > 0);
    }

    /// Lets go the weights of other stages.
    private void release() {
        if (isGathered && hasRanges()) {
            stages.weights().stream().filter(w -> !isReader(w) && isTrained(w)).forEach(w ->
                    KernelBackends.giveBack(((Weight.Stored) w).tensor().memory()));
            isGathered = false;
        }
    }

    /// The first rank of a stage has all its weights.
    @Override
    public void gatherWeights() {
        sums().gatherWeights();
        exchangeRanges();
        if (!isGathered) {
            for (Weight w : stages.weights()) {
                if (isTrained(w)) {
                    move(w, owner(w) * peers.size(), 0);
                }
            }
            isGathered = true;
        }
    }

    @Override
    public Tensor gradient(Weight w) {
        return shares().gradient(w);
    }

    /// Ranks of the stage that owns a weight exchange their parts, and then each sends all to its fellows that read it.
    @Override
    public void updated(Weight w, MemorySegment whole) {
        long start = System.nanoTime();
        int owner = owner(w);
        if (column.rank() == owner) {
            shares().updated(w, whole);
        }
        stages.users(w).stream().map(stages::rank).distinct().filter(r -> r != owner).forEach(r -> {
            if (column.rank() == owner || column.rank() == r) {
                send(whole, owner * peers.size() + peers.rank(), r * peers.size() + peers.rank());
            }
        });
        waited += System.nanoTime() - start;
    }

    // ---- steps ---------------------------------------------------------------------------------------------------

    @Override
    public void forward() {
        release();
        sums().forward();
    }

    @Override
    public void backward(int stageOfRank) {
        current = stageOfRank;
    }

    /// A bucket of weights that another stage owns is not added up here.
    @Override
    public void completed(Gradients.Bucket bucket) {
        if (stages.owner(whole(bucket.weights().getFirst())) == current) {
            sums().completed(bucket);
        }
    }

    @Override
    public Map<String, Double> figures() {
        return figures(all, 0);
    }

    /// See [DataParallel#figures].
    Map<String, Double> figures(Collective ranks, long more) {
        Map<String, Double> figures = stage.figures(ranks, waited + more
                + experts.map(ExpertParallel::takeWaited).orElse(0L));
        waited = 0;
        return figures;
    }

    @Override
    public void close() {
        thread.shutdownNow();
        experts.ifPresentOrElse(ExpertParallel::close, stage::close);
    }
}
