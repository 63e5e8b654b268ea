package glia.cluster;

import glia.engine.training.ExpertParts;
import glia.engine.training.PipelineStages;
import glia.engine.training.Reduction;
import glia.engine.training.Shards;
import glia.engine.training.TensorParts;
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

/// Ranks of which each computes some attention heads and some columns of MLPs (https://arxiv.org/abs/1909.08053). Each
/// `T` ranks in a row compute the same micro-batches; rank `i` of each of these groups adds up its gradients with ranks
/// `i` of the others, and shares with them the optimizer's state of its parts of weights. Gradients of weights that all
/// ranks of a group have are the same on all of them, with the same bits.
///
/// A rank keeps its parts of weights alone, but for the first one, which gathers all where they are needed.
final class TensorParallel extends DividedRanks {
    private final Collective members;
    private final Collective peers;
    private final Kernels kernels;
    private final ExecutorService thread;
    private final TensorParts parts;
    private final DataParallel data;
    /// The ranks with the same part, of which each has some experts.
    private Optional<ExpertParallel> experts = Optional.empty();
    private Function<PipelineStages, PipelineParallel> staged;
    private Optional<PipelineParallel> pipeline = Optional.empty();
    /// The weights that this rank adds up gradients of.
    private final Set<Weight> own = new HashSet<>();
    /// All weights, in an order that all ranks have.
    private final List<Weight> weights;
    /// Whether the first rank has all weights, and all ranks know it.
    private boolean isGathered = true;
    /// Whether the columns of this rank's weights are in the order of parts.
    private boolean isApart;
    private long waited;

    /// @param size of a group, by which the number of ranks can be divided
    /// @param isSequence whether each has some rows of the residual stream, too
    /// @param kernels of the thread that adds; not shared with others
    /// @throws IllegalArgumentException if the model cannot be divided among so many
    TensorParallel(Collective all, int size, boolean isSequence, Model model, Kernels kernels) {
        super(all);
        this.kernels = kernels;
        int first = all.rank() - all.rank() % size;
        members = all.of(IntStream.range(first, first + size).toArray());
        peers = all.of(IntStream.range(0, all.size() / size).map(i -> i * size + all.rank() % size).toArray());
        thread = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().daemon().name("parts-" + all.rank()).factory());
        parts = new TensorParts(model, new ThreadedGroup(members, thread, nanos -> waited += nanos), isSequence);
        data = new DataParallel(peers, kernels);
        divideAt(data);
        staged = stages -> new PipelineParallel(peers, stages, kernels);
        weights = model.sources().keySet().stream().map(model.weights()::get).toList();
    }

    private void divideAt(DataParallel sums) {
        sums.divideAt(own -> blocks(parts.whole(own), parts.first(parts.whole(own)), own.size()));
    }

    /// Gives each `size` ranks with the same part some experts each from now on.
    void divideExperts(int size) {
        experts = Optional.of(new ExpertParallel(peers, size, parts.model(), kernels));
        divideAt(experts.get().data());
        staged = stages -> PipelineParallel.ofExperts(peers, stages, size, parts.model(), kernels);
    }

    /// Gives ranks some layers each from now on.
    void pipeline(PipelineStages stages) {
        experts.ifPresent(ExpertParallel::close);
        experts = Optional.empty();
        pipeline = Optional.of(staged.apply(stages));
    }

    /// See [DataParallel#shareContext].
    void shareContext(int count, ContextParallel.Method method) {
        pipeline.ifPresentOrElse(p -> p.shareContext(count, method), () -> data().shareContext(count, method));
    }

    private DataParallel data() {
        return experts.map(ExpertParallel::data).orElse(data);
    }

    @Override
    Reduction sums() {
        return pipeline.<Reduction>map(p -> p).or(() -> experts).orElse(data);
    }

    private Shards shares() {
        return pipeline.<Shards>map(p -> p).or(() -> experts).orElse(data);
    }

    @Override
    public Optional<TensorParts> tensor() {
        return Optional.of(parts);
    }

    @Override
    public Optional<ExpertParts> experts() {
        return sums().experts();
    }

    @Override
    public Optional<Pipeline> pipeline() {
        return sums().pipeline();
    }

    // ---- weights -------------------------------------------------------------------------------------------------

    @Override
    public Shards shard(Gradients gradients, Predicate<Weight> isWholeWeight, boolean frees) {
        sums().shard(gradients, own -> isWholeWeight.test(parts.whole(own)), frees);
        gradients.buckets().forEach(b -> b.weights().forEach(w -> own.add(parts.whole(
                experts().map(e -> e.whole(w)).orElse(w)))));
        return this;
    }

    @Override
    public List<Long> blocks(Weight w) {
        return parts.blocks(w);
    }

    /// The blocks of some elements, which begin and end with blocks, counted from the first of the elements.
    private List<Long> blocks(Weight w, long first, long count) {
        return parts.blocks(w).stream().filter(at -> at >= first && at < first + count).map(at -> at - first).toList();
    }

    @Override
    public void apart(Weight w, Tensor values) {
        parts.apart(w, values);
    }

    @Override
    public void together(Weight w, Tensor values) {
        parts.together(w, values);
    }

    @Override
    public Range own(Weight w) {
        Range part = own.contains(w) ? shares().own(parts.own(w)) : new Range(0, 0);
        return part.size() == 0 ? part : new Range(part.from() + parts.first(w), part.to() + parts.first(w));
    }

    @Override
    List<Weight> shared() {
        return weights;
    }

    /// The first rank of a group speaks for it where all of them have a weight.
    @Override
    Range spoken(Weight w) {
        return members.rank() == 0 || parts.isDivided(w) ? own(w) : new Range(0, 0);
    }

    @Override
    public Tensor gradient(Weight w) {
        return shares().gradient(parts.own(w));
    }

    @Override
    public void updated(Weight w, MemorySegment whole) {
        shares().updated(parts.own(w), ((Weight.Stored) parts.own(w)).tensor().memory());
    }

    @Override
    public double[] totals(double... ofRank) {
        double[] sums = shares().totals(ofRank);
        double[][] ofMembers = members.all(sums);
        for (int i = 0; i < sums.length; i++) {
            sums[i] = 0;
            for (int r = 0; r < members.size() && sums[i] == 0; r++) {
                sums[i] = ofMembers[r][i];
            }
        }
        return sums;
    }

    /// The first rank gets the parts that the others of its group have.
    @Override
    public void gatherWeights() {
        sums().gatherWeights();
        for (Weight w : isGathered || all.rank() >= members.size() ? List.<Weight>of() : weights) {
            for (int r = 1; r < members.size() && parts.isDivided(w); r++) {
                MemorySegment memory = parts.range(w, r).of(((Weight.Stored) w).tensor().memory());
                MemorySegment nothing = memory.asSlice(0, 0);
                if (rank() == 0) {
                    members.sendReceive(nothing, r, memory, r);
                } else if (rank() == r) {
                    members.sendReceive(memory, 0, nothing, 0);
                }
            }
        }
        isGathered = true;
        if (rank() == 0 && isApart) {
            parts.weights().forEach(w -> ((Weight.Stored) w).update(t -> parts.together(w, t)));
            isApart = false;
        }
    }

    /// Puts columns into the order of parts, and lets go the parts of other ranks.
    @Override
    public void forward() {
        for (Weight w : isApart ? List.<Weight>of() : parts.weights()) {
            ((Weight.Stored) w).update(t -> parts.apart(w, t));
            MemorySegment memory = ((Weight.Stored) w).tensor().memory();
            for (int r = 0; r < members.size() && parts.isDivided(w); r++) {
                if (r != members.rank()) {
                    KernelBackends.giveBack(parts.range(w, r).of(memory));
                }
            }
        }
        isApart = true;
        isGathered = false;
        sums().forward();
    }

    // ---- steps ---------------------------------------------------------------------------------------------------

    @Override
    public void backward(int stage) {
        sums().backward(stage);
    }

    @Override
    public Map<String, Double> figures() {
        Map<String, Double> figures = pipeline.isPresent() ? pipeline.get().figures(all, waited)
                : data().figures(all, waited + experts.map(ExpertParallel::takeWaited).orElse(0L));
        waited = 0;
        return figures;
    }

    @Override
    public void close() {
        thread.shutdownNow();
        pipeline.ifPresent(PipelineParallel::close);
        experts.ifPresent(ExpertParallel::close);
        data.close();
    }
}
