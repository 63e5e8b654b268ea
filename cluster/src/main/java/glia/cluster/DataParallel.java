package glia.cluster;

import glia.engine.training.Reduction;
import glia.engine.training.Shards;
import glia.kernels.KernelBackends;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Weight;
import glia.tensor.ops.attention.ContextParallel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/// Adds up gradients over ranks: each rank owns a slice of every bucket, gets that slice of all ranks, and adds them in
/// the order of the ranks to the sum of the micro-batches before. In the last pass of a step all slices are gathered,
/// or with shards the weights that each rank has updated. So the sum is `((g0 + g1) + g2) + …` over the micro-batches
/// of the step, the bits of one process on any number of ranks.
///
/// All ranks together send `(P - 1) · 4N` bytes for each of their micro-batches, and as many when slices are gathered,
/// for N gradients. Exchanges run on a thread of their own, while the backward pass goes on.
class DataParallel implements Reduction, Shards, AutoCloseable {
    private static final int ALIGNMENT = 64;

    /// A bucket that is being exchanged.
    private record Exchange(Gradients.Bucket bucket, Future<?> end) { }

    /// The place of a weight's gradient.
    private record Place(Gradients.Bucket bucket, long start) { }

    private final Collective collective;
    private final Kernels kernels;
    private final Arena arena = Arena.ofShared();
    private final ExecutorService thread;
    private final List<Exchange> exchanges = new ArrayList<>();
    private final Map<Gradients.Bucket, List<Range>> ranges = new HashMap<>();
    /// The sums of this rank's slices.
    private final Map<Gradients.Bucket, Tensor> sums = new HashMap<>();
    private final Map<Weight, Place> places = new IdentityHashMap<>();
    private Predicate<Weight> isWhole = w -> false;
    private Function<Weight, List<Long>> blocks = Shards::multiples;
    private UnaryOperator<Weight> sumOf = w -> w;
    private Gradients released;
    private boolean isSharded;
    private Optional<DividedWeights> divided = Optional.empty();
    private boolean isLocal;
    private Optional<Context> context = Optional.empty();
    private MemorySegment received = MemorySegment.NULL;
    /// Whether the pass is the last one of the step, after which sums are gathered; and those that are.
    private boolean isLast;
    private final Set<Gradients.Bucket> gathered = new HashSet<>();
    /// Buckets that have been added up in the step.
    private final Set<Gradients.Bucket> added = new HashSet<>();
    private final RankFigures figures = new RankFigures();
    private long waited;

    /// @param kernels of the thread that adds; not shared with others
    DataParallel(Collective collective, Kernels kernels) {
        this(collective, kernels, Executors.newSingleThreadExecutor(
                Thread.ofPlatform().daemon().name("exchange-" + collective.rank()).factory()));
    }

    private DataParallel(Collective collective, Kernels kernels, ExecutorService thread) {
        this.collective = collective;
        this.kernels = kernels;
        this.thread = thread;
    }

    /// Some of the ranks, which add up other gradients on the same thread.
    ///
    /// @param sumOf the weight that a weight's gradients are added to, which come before them: buckets of both have the
    ///     same weights in the same order
    DataParallel beside(Collective some, UnaryOperator<Weight> sumOf) {
        DataParallel others = new DataParallel(some, kernels, thread);
        others.sumOf = sumOf;
        return others;
    }

    @Override
    public int rank() {
        return collective.rank();
    }

    @Override
    public int size() {
        return collective.size();
    }

    /// Ranks train by themselves from now on.
    void stepAlone() {
        isLocal = true;
    }

    @Override
    public boolean isLocal() {
        return isLocal;
    }

    /// Lets each `count` ranks in a row share the tokens of micro-batches. What they exchange takes its turn on the
    /// thread of gradients, so all ranks exchange in the same order.
    void shareContext(int count, ContextParallel.Method method) {
        int first = rank() - rank() % count;
        context = Optional.of(new Context(new ThreadedGroup(collective.of(IntStream.range(first, first + count)
                .toArray()), thread, nanos -> waited += nanos), method));
    }

    @Override
    public Optional<Context> context() {
        return context;
    }

    /// Divides weights where these blocks begin.
    void divideAt(Function<Weight, List<Long>> starts) {
        blocks = starts;
    }

    @Override
    public double[] all(double... ofRank) {
        await();
        double[][] ranks = collective.all(ofRank);
        double[] all = new double[ofRank.length * numGroups()];
        for (int i = 0; i < all.length; i++) {
            all[i] = ranks[i % numGroups() * (size() / numGroups())][i / numGroups()];
        }
        return all;
    }

    // ---- slices --------------------------------------------------------------------------------------------------

    /// The elements of a bucket by rank. They begin where weights begin or at a block of one. Buckets begin with
    /// different ranks, so that weights that are not divided are not all of one rank.
    private List<Range> ranges(Gradients.Bucket bucket) {
        return ranges.computeIfAbsent(bucket, b -> {
            List<Long> cuts = new ArrayList<>();
            for (int i = 0; i < b.weights().size(); i++) {
                long start = b.starts().get(i);
                cuts.add(start);
                if (!isWhole.test(b.weights().get(i))) {
                    blocks.apply(b.weights().get(i)).forEach(at -> cuts.add(start + at));
                }
            }
            cuts.add(b.size());
            List<Long> starts = new ArrayList<>();
            for (int q = 0; q <= size(); q++) {
                long ideal = b.size() * q / size();
                starts.add(cuts.stream().min((x, y) -> Long.compare(Math.abs(x - ideal), Math.abs(y - ideal)))
                        .orElseThrow());
            }
            List<Range> byRank = new ArrayList<>();
            for (int p = 0; p < size(); p++) {
                int q = (p + b.index()) % size();
                byRank.add(new Range(starts.get(q), starts.get(q + 1)));
            }
            return byRank;
        });
    }

    /// The bucket that a bucket's gradients are added to.
    private Gradients.Bucket sum(Gradients.Bucket bucket) {
        Weight first = bucket.weights().getFirst();
        return sumOf.apply(first) == first ? bucket : places.get(sumOf.apply(first)).bucket;
    }

    private List<MemorySegment> slices(Gradients.Bucket bucket) {
        MemorySegment values = bucket.values().orElseThrow().memory();
        return ranges(sum(bucket)).stream().map(range -> range.of(values)).toList();
    }

    @Override
    public Shards shard(Gradients gradients, Predicate<Weight> whole, boolean frees) {
        isWhole = whole;
        isSharded = true;
        released = frees ? gradients : null;
        for (Gradients.Bucket b : gradients.buckets()) {
            for (int i = 0; i < b.weights().size(); i++) {
                places.put(b.weights().get(i), new Place(b, b.starts().get(i)));
            }
        }
        return this;
    }

    @Override
    public void divideWeights() {
        divideWeights(bucket -> true);
    }

    void divideWeights(Predicate<Gradients.Bucket> some) {
        KernelBackends.giveBack(MemorySegment.NULL);
        List<Gradients.Bucket> buckets = places.values().stream().map(Place::bucket).distinct().filter(some).toList();
        divided = Optional.of(new DividedWeights(collective, this, buckets, thread::submit, this::await));
    }

    @Override
    public boolean dividesWeights() {
        return divided.isPresent();
    }

    @Override
    public void read(List<Gradients.Bucket> buckets) {
        divided.orElseThrow().read(buckets);
    }

    @Override
    public void gatherWeights() {
        await();
        divided.ifPresent(DividedWeights::gatherOnFirst);
    }

    @Override
    public List<Range> ranges(Weight w) {
        Place place = places.get(w);
        if (place == null) {
            // Of no rank: a weight without a gradient.
            return Collections.nCopies(size(), new Range(0, 0));
        }
        long size = w.size();
        List<Range> own = new ArrayList<>();
        for (Range range : ranges(place.bucket)) {
            long from = Math.clamp(range.from() - place.start, 0, size);
            own.add(new Range(from, Math.max(from, Math.min(range.to() - place.start, size))));
        }
        return own;
    }

    @Override
    public Tensor gradient(Weight w) {
        Place place = places.get(w);
        Range own = ranges(w).get(rank());
        long start = place.start + own.from() - ranges(place.bucket).get(rank()).from();
        return sums.get(place.bucket).view(Float.BYTES * start, DType.F32, own.size());
    }

    @Override
    public double[] totals(double... ofRank) {
        await();
        return sums(collective.all(ofRank));
    }

    /// Sums in the order of the ranks.
    static double[] sums(double[][] ofRanks) {
        double[] sum = new double[ofRanks[0].length];
        for (double[] numbers : ofRanks) {
            Arrays.setAll(sum, i -> sum[i] + numbers[i]);
        }
        return sum;
    }

    @Override
    public void exchange(List<MemorySegment> send, List<MemorySegment> receive) {
        long start = System.nanoTime();
        collective.allToAll(send, receive);
        waited += System.nanoTime() - start;
    }

    // ---- steps ---------------------------------------------------------------------------------------------------

    @Override
    public void begin() {
        await();
        divided.ifPresent(d -> d.begin(true));
    }

    @Override
    public void last() {
        isLast = true;
    }

    @Override
    public void completed(Gradients.Bucket bucket) {
        boolean isSum = !added.add(sum(bucket));
        while (released != null && !exchanges.isEmpty() && exchanges.getFirst().end.isDone()) {
            end(exchanges.removeFirst());
        }
        boolean gathers = isLast && !isSharded && gathered.add(bucket);
        exchanges.add(new Exchange(bucket, thread.submit(() -> {
            add(bucket, isSum);
            if (gathers) {
                gather(bucket);
            }
        })));
        divided.filter(d -> d.isLast(bucket)).ifPresent(d -> d.begin(false));
    }

    private void add(Gradients.Bucket bucket, boolean isSum) {
        List<MemorySegment> send = slices(bucket);
        MemorySegment own = send.get(rank());
        long bytes = own.byteSize();
        if (received.byteSize() < bytes * size()) {
            received = arena.allocate(bytes * size(), ALIGNMENT);
        }
        List<MemorySegment> receive = new ArrayList<>();
        for (int p = 0; p < size(); p++) {
            receive.add(received.asSlice(bytes * p, bytes));
        }
        collective.allToAll(send, receive);
        long count = bytes / Float.BYTES;
        Tensor sum = sums.computeIfAbsent(sum(bucket), b -> Tensor.allocate(arena, DType.F32, Math.max(1, count)));
        for (int p = 0; p < size() && count > 0; p++) {
            Tensor next = Tensor.of(DType.F32, receive.get(p), count);
            if (p == 0 && !isSum) {
                sum.copyFrom(next);
            } else {
                kernels.add(sum, sum, next, 1);
            }
        }
    }

    @Override
    public void finish(Gradients gradients) {
        await();
        added.clear();
        isLast = false;
        divided.ifPresent(DividedWeights::release);
        if (isSharded) {
            return;
        }
        long start = System.nanoTime();
        gradients.buckets().stream().filter(b -> !gathered.contains(b)).forEach(this::gather);
        gathered.clear();
        waited += System.nanoTime() - start;
    }

    /// Gives all ranks the sums of a bucket.
    private void gather(Gradients.Bucket bucket) {
        List<MemorySegment> parts = slices(bucket);
        MemorySegment own = parts.get(rank());
        own.copyFrom(sums.get(bucket).memory().asSlice(0, own.byteSize()));
        collective.allGather(parts);
    }

    private void await() {
        long start = System.nanoTime();
        while (!exchanges.isEmpty()) {
            end(exchanges.removeFirst());
        }
        waited += System.nanoTime() - start;
        divided.ifPresent(DividedWeights::await);
    }

    private void await(Future<?> exchange) {
        ThreadedGroup.await(exchange, nanos -> waited += nanos);
    }

    private void end(Exchange exchange) {
        ThreadedGroup.end(exchange.end);
        if (released != null) {
            released.release(exchange.bucket);
        }
    }

    @Override
    public void toFirst(int from, MemorySegment memory) {
        MemorySegment nothing = memory.asSlice(0, 0);
        boolean isFirst = rank() == 0;
        collective.sendReceive(isFirst ? nothing : memory, isFirst ? from : 0, isFirst ? memory : nothing,
                isFirst ? from : 0);
    }

    /// The nanoseconds that this rank waited for others since the last call.
    long takeWaited() {
        long taken = waited;
        waited = 0;
        return taken;
    }

    @Override
    public Map<String, Double> figures() {
        return figures(collective, 0);
    }

    /// @param all the ranks, these and perhaps others
    /// @param more nanoseconds that this rank waited for others
    Map<String, Double> figures(Collective all, long more) {
        return figures.of(all, takeWaited() + more);
    }

    @Override
    public void close() {
        thread.shutdownNow();
        arena.close();
    }
}
