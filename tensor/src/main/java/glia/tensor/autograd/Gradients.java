package glia.tensor.autograd;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.CountedMemory;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;

/// The gradients of weights: F32, of the weight's shape, zero until a backward pass adds to them.
///
/// They lie in buckets, each one tensor. A step begins with `zero` and may have several backward passes. Each of them
/// computes into zeros, and then its gradients are added to the sums of those before it: `((g0 + g1) + g2) + …`. So
/// passes may be computed on several ranks, and their sum has the same bits ([Sums]). Not thread-safe.
public final class Gradients implements AutoCloseable {
    /// The size of planned buckets, in bytes; a larger weight has a bucket of its own.
    public static final long BUCKET_BYTES = 8 << 20;
    /// Gradients begin at multiples of so many elements.
    private static final int ALIGNMENT = 16;

    /// Gradients that lie side by side in one tensor and are complete together.
    public static final class Bucket {
        private final int index;
        private final List<Weight> weights = new ArrayList<>();
        private long size;
        /// The beginning of each of them.
        private final List<Long> starts = new ArrayList<>();
        private Optional<Tensor> values = Optional.empty();
        private Optional<Arena> memory = Optional.empty();
        /// The sums of the passes before the current one; empty unless a step has several.
        private Optional<Tensor> before = Optional.empty();
        /// Weights whose gradients are not complete.
        private int missing;

        private Bucket(int index) {
            this.index = index;
        }

        /// The place in the order of the buckets, from 0.
        public int index() {
            return index;
        }

        /// The weights, in the order of their gradients.
        public List<Weight> weights() {
            return Collections.unmodifiableList(weights);
        }

        /// The element at which the gradient of each of them begins.
        public List<Long> starts() {
            return Collections.unmodifiableList(starts);
        }

        /// Their gradients one after the other, with zeros between them up to multiples of 16 elements, in a tensor of
        /// `size` elements; empty while there is none.
        public Optional<Tensor> values() {
            return values;
        }

        /// The number of elements.
        public long size() {
            return size;
        }
    }

    /// Adds up the gradients of passes in the place of these gradients, such as those of several ranks. It gets each
    /// bucket of each pass as soon as nothing more is added to it: in the order of the buckets, whatever the order in
    /// which gradients become complete, so that ranks add up their buckets in the same order while the backward pass
    /// goes on.
    public interface Sums {
        /// A pass begins. Returns when the buckets of the one before may be overwritten.
        void begin();

        /// A bucket holds the gradients of this pass alone. It is not used until the next pass begins.
        void completed(Bucket bucket);

        /// Whether weights have to be gathered before they are read.
        default boolean dividesWeights() {
            return false;
        }

        /// An operation reads weights of these buckets next. Called if weights are divided, in passes with gradients
        /// and without.
        default void read(List<Bucket> buckets) { }
    }

    private record Place(Bucket bucket, long start) { }

    private final Arena arena = Arena.ofShared();
    private final Map<Weight, Place> places = new IdentityHashMap<>();
    private final Map<Weight, Tensor> byWeight = new IdentityHashMap<>();
    private final List<Bucket> buckets = new ArrayList<>();
    private final Optional<CountedMemory> counted;
    private Optional<Sums> sums = Optional.empty();
    /// Backward passes since `zero`.
    private int passes;
    /// The first bucket that is not complete.
    private int next;
    private Kernels kernels;

    public Gradients() {
        counted = Optional.empty();
    }

    /// Gradients that are only counted: `sizeBytes` is what others would hold.
    public Gradients(CountedMemory memory) {
        counted = Optional.of(memory);
    }

    // ---- buckets -------------------------------------------------------------------------------------------------

    /// Puts weights into buckets, in the place of an earlier plan. Weights that are not planned get one each, in the
    /// reverse of the order in which a pass first uses them.
    ///
    /// @param order the order in which gradients become complete, as far as it is known
    /// @throws IllegalStateException if there are gradients already
    public void plan(Collection<? extends Weight> order, long bucketBytes) {
        plan(order, bucketBytes, w -> 0);
    }

    /// The same with buckets of weights of one kind each.
    ///
    /// @param kinds a number for each weight; those of one kind come in a row
    public void plan(Collection<? extends Weight> order, long bucketBytes, ToIntFunction<Weight> kinds) {
        if (!byWeight.isEmpty()) {
            throw new IllegalStateException("buckets are planned before the first backward pass");
        }
        places.clear();
        buckets.clear();
        for (Weight w : order) {
            boolean isFull = buckets.isEmpty() || 4 * (buckets.getLast().size + w.size()) > bucketBytes
                    || kinds.applyAsInt(w) != kinds.applyAsInt(buckets.getLast().weights.getFirst());
            put(w, isFull ? newBucket() : buckets.getLast());
        }
    }

    private Bucket newBucket() {
        buckets.add(new Bucket(buckets.size()));
        return buckets.getLast();
    }

    private Place put(Weight w, Bucket bucket) {
        Place place = new Place(bucket, Math.ceilDiv(bucket.size, ALIGNMENT) * ALIGNMENT);
        places.put(w, place);
        bucket.weights.add(w);
        bucket.starts.add(place.start);
        bucket.size = place.start + w.size();
        return place;
    }

    /// The buckets in their order.
    public List<Bucket> buckets() {
        return Collections.unmodifiableList(buckets);
    }

    /// Makes the weights of an operation whole, where they are divided, before it reads them.
    void gatherFor(Operation operation) {
        if (sums.isEmpty() || !sums.get().dividesWeights()) {
            return;
        }
        List<Bucket> read = new ArrayList<>();
        operation.inputs(new Operation.Inputs() {
            @Override
            public void activations(Tensor... xs) { }

            @Override
            public void weights(Weight... ws) {
                for (Weight w : ws) {
                    Place place = places.get(w);
                    if (place != null && !read.contains(place.bucket)) {
                        read.add(place.bucket);
                    }
                }
            }
        });
        if (!read.isEmpty()) {
            sums.get().read(read);
        }
    }

    /// Sets who adds up the passes.
    public void sumBy(Sums other) {
        sums = Optional.of(other);
    }

    /// Begins a backward pass that adds to these gradients. The others are complete.
    void begin(Collection<Weight> contributing, Kernels of) {
        kernels = of;
        contributing.forEach(this::place);
        sums.ifPresent(Sums::begin);
        for (Bucket b : buckets) {
            b.missing = 0;
            if (passes > 0 && b.values.isPresent()) {
                setAside(b);
            }
        }
        passes++;
        next = 0;
        contributing.forEach(w -> place(w).bucket.missing++);
        advance();
    }

    private void setAside(Bucket b) {
        Tensor values = b.values.get();
        if (sums.isEmpty()) {
            if (b.before.isEmpty()) {
                b.before = Optional.of(allocate(b));
            }
            kernels.scale(b.before.get(), values, 1);
        }
        kernels.gradients().zero(values);
    }

    private void completed(Bucket b) {
        if (sums.isPresent()) {
            values(b);
            sums.get().completed(b);
        } else if (passes > 1 && b.before.isPresent()) {
            kernels.add(b.values.get(), b.before.get(), b.values.get(), 1);
        }
    }

    /// A backward pass will not add to a gradient any more.
    void complete(Weight w) {
        place(w).bucket.missing--;
        advance();
    }

    private void advance() {
        while (next < buckets.size() && buckets.get(next).missing == 0) {
            completed(buckets.get(next++));
        }
    }

    // ---- values --------------------------------------------------------------------------------------------------

    /// The gradient of a weight; a tensor of zeros if nothing has been added yet.
    public Tensor of(Weight w) {
        Tensor known = byWeight.get(w);
        if (known == null) {
            Place place = place(w);
            known = values(place.bucket).view(4 * place.start, DType.F32, w.shape());
            byWeight.put(w, known);
        }
        return known;
    }

    private Place place(Weight w) {
        Place known = places.get(w);
        return known == null ? put(w, newBucket()) : known;
    }

    private Tensor values(Bucket bucket) {
        if (bucket.values.isEmpty()) {
            bucket.values = Optional.of(allocate(bucket));
        }
        return bucket.values.get();
    }

    private Tensor allocate(Bucket bucket) {
        if (counted.isPresent()) {
            return counted.get().tensor(DType.F32, shape(bucket));
        }
        if (sums.isPresent()) {
            bucket.memory = Optional.of(Arena.ofShared());
        }
        return Tensor.allocate(bucket.memory.orElse(arena), DType.F32, shape(bucket));
    }

    /// Frees the gradients of a bucket that others have added up; the next pass begins with zeros.
    public void release(Bucket bucket) {
        bucket.values = Optional.empty();
        bucket.weights.forEach(byWeight::remove);
        bucket.memory.ifPresent(Arena::close);
        bucket.memory = Optional.empty();
    }

    /// A weight of its own may have more elements than a row can.
    private static long[] shape(Bucket bucket) {
        return bucket.weights.size() == 1 ? bucket.weights.getFirst().shape() : new long[] {bucket.size};
    }

    /// The gradient of a weight, to be added to by a backward pass.
    ///
    /// @throws IllegalStateException if it is complete
    Tensor toAdd(Weight w) {
        if (place(w).bucket.index < next) {
            throw new IllegalStateException("a gradient of a weight of shape " + Arrays.toString(w.shape())
                    + " comes after its bucket was complete");
        }
        return of(w);
    }

    /// The gradient of a weight, if a backward pass has reached it.
    public Optional<Tensor> find(Weight w) {
        return Optional.ofNullable(byWeight.get(w));
    }

    /// Size of all gradients, in bytes.
    public long sizeBytes() {
        return buckets.stream().flatMap(b -> Stream.concat(b.values.stream(), b.before.stream()))
                .mapToLong(Tensor::sizeBytes).sum();
    }

    /// Begins a step: sets all gradients to zero, on all threads of the kernels.
    public void zero(Kernels on) {
        buckets.forEach(b -> b.values.ifPresent(on.gradients()::zero));
        // What a rank added to a sum is in no bucket any more.
        passes = 0;
        next = 0;
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            buckets.forEach(b -> b.memory.ifPresent(Arena::close));
            arena.close();
        }
    }
}
