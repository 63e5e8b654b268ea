package glia.train.recipe;

import glia.engine.training.ExpertParts;
import glia.engine.training.PipelineStages;
import glia.engine.training.TensorParts;
import glia.io.CheckpointException;
import glia.model.Model;
import glia.model.cost.LayerKind.StateSize;
import glia.model.spec.Experts;
import glia.model.spec.ModelSpec;
import glia.tensor.autograd.Gradients;
import glia.tensor.ops.RankGroup;
import glia.tensor.ops.RankProducts;
import glia.tensor.ops.Weight;
import glia.train.memory.TrainingMemory;
import glia.train.recipe.RecipeKeys.Shard;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// A way to divide a run among ranks. A step has the same micro-batches with each.
///
/// @param ranks how they are divided
/// @param accumulate micro-batches of a group in a step
/// @param shard what ranks have a share of
/// @param memory of a rank
/// @param moved what a rank sends in a step
public record RankLayout(Mesh ranks, int accumulate, Shard shard, TrainingMemory memory, Moved moved) {
    /// The numbers of ranks, `data · expert · context · tensor · pipeline + rollout` of them.
    ///
    /// @param data groups of ranks with micro-batches of their own
    /// @param expert ranks with some experts each, and micro-batches of their own
    /// @param context ranks that share the tokens of each sequence
    /// @param tensor ranks with some heads and columns each
    /// @param sequence whether these have some rows of the residual stream each, too
    /// @param pipeline ranks with some layers each
    /// @param chunks stages of each of these
    /// @param rollout ranks that generate rollouts for the others
    public record Mesh(int data, int expert, int context, int tensor, boolean sequence, int pipeline, int chunks,
            int rollout) {
        /// Ranks without those of rollouts.
        public Mesh(int data, int expert, int context, int tensor, boolean sequence, int pipeline, int chunks) {
            this(data, expert, context, tensor, sequence, pipeline, chunks, 0);
        }

        static Mesh of(Recipe recipe) throws CheckpointException {
            return new Mesh(Math.toIntExact(recipe.find(RecipeKeys.DATA_PARALLEL).orElse(1L)),
                    count(recipe, RecipeKeys.EXPERT_PARALLEL), count(recipe, RecipeKeys.CONTEXT_PARALLEL),
                    count(recipe, RecipeKeys.TENSOR_PARALLEL), recipe.get(RecipeKeys.SEQUENCE_PARALLEL),
                    count(recipe, RecipeKeys.PIPELINE_PARALLEL), count(recipe, RecipeKeys.VIRTUAL_STAGES),
                    count(recipe, RecipeKeys.ROLLOUT));
        }

        private static int count(Recipe recipe, RecipeKey<Long> key) throws CheckpointException {
            return Math.toIntExact(recipe.get(key));
        }

        /// The number of ranks.
        public int count() {
            return groups() * context * tensor * pipeline + rollout;
        }

        /// The groups of ranks that compute micro-batches of their own.
        public int groups() {
            return data * expert;
        }

        /// Keys of a recipe with their values, in an order to show; those that are 1 are left out.
        Map<RecipeKey<Long>, Integer> keys() {
            Map<RecipeKey<Long>, Integer> keys = new LinkedHashMap<>();
            keys.put(RecipeKeys.DATA_PARALLEL, data);
            keys.put(RecipeKeys.EXPERT_PARALLEL, expert);
            keys.put(RecipeKeys.CONTEXT_PARALLEL, context);
            keys.put(RecipeKeys.TENSOR_PARALLEL, tensor);
            keys.put(RecipeKeys.PIPELINE_PARALLEL, pipeline);
            keys.put(RecipeKeys.VIRTUAL_STAGES, chunks);
            keys.entrySet().removeIf(e -> e.getValue() == 1 && e.getKey() != RecipeKeys.DATA_PARALLEL);
            if (rollout > 0) {
                keys.put(RecipeKeys.ROLLOUT, rollout);
            }
            return keys;
        }

        /// `2 data · 2 pipeline`.
        @Override
        public String toString() {
            return keys().entrySet().stream().map(e -> e.getValue() + " " + e.getKey().name()
                    .substring("parallel.".length()).replace('_', ' '))
                    .collect(Collectors.joining(" · ", "", sequence ? " · sequence" : ""));
        }
    }

    /// What a rank sends in a step, in the mean over the ranks.
    ///
    /// @param hidden bytes that are sent while a rank computes
    /// @param waited bytes for which it waits
    /// @param hiddenMessages messages that are sent while a rank computes
    /// @param waitedMessages messages for which it waits
    public record Moved(long hidden, long waited, long hiddenMessages, long waitedMessages) {
        /// All bytes.
        public long bytes() {
            return hidden + waited;
        }
    }

    /// Chooses a layout.
    @FunctionalInterface
    public interface Choice {
        /// @param run of one rank, whose time may be measured
        /// @param notes receives why
        /// @return its keys of a recipe with their values; none for one that is not to be changed
        Map<String, Object> choose(RecipeRun run, List<String> notes) throws CheckpointException;
    }

    /// The keys of a recipe that describe this layout.
    public Map<String, Object> keys() {
        Map<String, Object> keys = new LinkedHashMap<>();
        ranks.keys().forEach((key, count) -> keys.put(key.name(), count));
        if (ranks.sequence) {
            keys.put(RecipeKeys.SEQUENCE_PARALLEL.name(), true);
        }
        if (shard != Shard.NONE) {
            keys.put(RecipeKeys.SHARD.name(), RecipeKey.word(shard));
        }
        keys.put(RecipeKeys.ACCUMULATE.name(), accumulate);
        return keys;
    }

    @Override
    public String toString() {
        return ranks.count() + " ranks, " + ranks + ", with " + accumulate
                + (accumulate == 1 ? " micro-batch" : " micro-batches") + switch (shard) {
                    case NONE -> "";
                    case OPTIMIZER -> ", sharing the optimizer's state";
                    case GRADIENTS -> ", sharing gradients and the optimizer's state";
                    case WEIGHTS -> ", sharing weights, gradients and the optimizer's state";
                };
    }

    /// Whether a recipe says nothing of its ranks.
    public static boolean isOpen(Recipe recipe) {
        return RecipeKeys.all().stream().noneMatch(key -> key.section().equals("parallel") && recipe.has(key));
    }

    /// All layouts of a number of ranks that a run supports, whether or not they fit in memory.
    ///
    /// @param whole the memory of one process that computes one micro-batch
    /// @param tokens of a micro-batch
    /// @param length of its sequences
    /// @param stored the trained weights
    static List<RankLayout> all(Recipe recipe, Model model, int ranks, TrainingMemory whole, long tokens, int length,
            List<Weight.Stored> stored) throws CheckpointException {
        int micros = Math.multiplyExact(ranks, Math.toIntExact(recipe.get(RecipeKeys.ACCUMULATE)));
        Run run = new Run(model, whole, tokens, stored);
        List<RankLayout> layouts = new ArrayList<>();
        for (Mesh mesh : meshes(ranks, micros)) {
            List<Shard> shards = mesh.pipeline * mesh.tensor * mesh.expert > 1
                    ? List.of(Shard.NONE, Shard.OPTIMIZER, Shard.GRADIENTS) : List.of(Shard.values());
            if (isPossible(recipe, model, mesh, length)) {
                for (Shard shard : shards) {
                    if (shard != Shard.WEIGHTS || isDivisible(recipe, model, RecipeKeys.SHARD)) {
                        layouts.add(run.layout(mesh, micros / mesh.groups(), shard));
                    }
                }
            }
        }
        return layouts;
    }

    /// The layout that a recipe describes.
    static RankLayout of(Recipe recipe, Model model, TrainingMemory whole, long tokens, List<Weight.Stored> stored)
            throws CheckpointException {
        return new Run(model, whole, tokens, stored).layout(Mesh.of(recipe),
                Math.toIntExact(recipe.get(RecipeKeys.ACCUMULATE)), recipe.get(RecipeKeys.SHARD));
    }

    /// @param micros micro-batches of a step
    private static List<Mesh> meshes(int ranks, int micros) {
        List<Mesh> all = new ArrayList<>();
        for (int pipeline : divisors(ranks)) {
            for (int tensor : divisors(ranks / pipeline)) {
                for (int context : divisors(ranks / pipeline / tensor)) {
                    int groups = ranks / pipeline / tensor / context;
                    for (int expert : divisors(groups)) {
                        int data = groups / expert;
                        int chunks = pipeline > 1 && micros / groups % pipeline == 0 ? 2 : 1;
                        for (int i = 0; i < chunks; i++) {
                            all.add(new Mesh(data, expert, context, tensor, false, pipeline, 1 + i));
                            if (tensor > 1) {
                                all.add(new Mesh(data, expert, context, tensor, true, pipeline, 1 + i));
                            }
                        }
                    }
                }
            }
        }
        return all;
    }

    private static int[] divisors(int n) {
        return IntStream.rangeClosed(1, n).filter(d -> n % d == 0).toArray();
    }

    private static boolean isPossible(Recipe recipe, Model model, Mesh mesh, int length) {
        // Each rank has two chunks of a sequence.
        if (length < 2 * mesh.context) {
            return false;
        }
        try {
            for (RecipeKey<Long> key : mesh.keys().keySet()) {
                if (key != RecipeKeys.DATA_PARALLEL && !isDivisible(recipe, model, key)) {
                    return false;
                }
            }
            if (mesh.context > 1) {
                RunModel.passOptions(recipe).requireContextParallel(model.spec());
            }
            if (mesh.tensor > 1) {
                RunTogether.requireTensor(recipe);
            }
            if (mesh.expert > 1) {
                new ExpertParts(model, first(mesh.expert));
            }
            new PipelineStages(part(model, mesh), mesh.pipeline, mesh.chunks);
            return true;
        } catch (IllegalArgumentException | CheckpointException e) {
            return mesh.pipeline * mesh.tensor * mesh.context * mesh.expert == 1;
        }
    }

    private static boolean isDivisible(Recipe recipe, Model model, RecipeKey<?> key) {
        try {
            RunTogether.requireDivisible(recipe, model, key);
            return true;
        } catch (CheckpointException e) {
            return false;
        }
    }

    /// The layers of the first rank.
    private static Model part(Model model, Mesh mesh) {
        return mesh.tensor > 1 ? new TensorParts(model, first(mesh.tensor), mesh.sequence).model() : model;
    }

    /// The first of some ranks, which sends nothing.
    private static RankGroup first(int size) {
        return new RankGroup() {
            @Override
            public int rank() {
                return 0;
            }

            @Override
            public int size() {
                return size;
            }

            @Override
            public void allGather(List<MemorySegment> slices) {
                throw new UnsupportedOperationException();
            }

            @Override
            public void allToAll(List<MemorySegment> send, List<MemorySegment> receive) {
                throw new UnsupportedOperationException();
            }

            @Override
            public Runnable begin(MemorySegment send, int to, MemorySegment receive, int from) {
                throw new UnsupportedOperationException();
            }
        };
    }

    /// What layouts divide.
    ///
    /// @param whole the memory of one process that computes one micro-batch
    /// @param tokens of a micro-batch
    /// @param stored the trained weights
    private record Run(Model model, TrainingMemory whole, long tokens, List<Weight.Stored> stored) {
        RankLayout layout(Mesh mesh, int accumulate, Shard shard) {
            Parts parts = parts(mesh);
            long largest = stored.stream().mapToLong(Weight::sizeBytes).max().orElse(0);
            int sharers = mesh.groups() * mesh.context;
            // Of experts a rank holds gradients of its own for the tokens of each rank, until they are added.
            RunTogether.Layout all = new RunTogether.Layout(sharers, accumulate, shard,
                    (long) (whole.gradients() * (parts.stages - parts.experts)), largest);
            long experts = (long) (whole.gradients() * parts.experts / mesh.expert);
            boolean isDivided = mesh.pipeline * mesh.tensor > 1;
            boolean sharesState = isDivided || mesh.expert > 1;
            TrainingMemory memory = new TrainingMemory(
                    all.weightBytes((long) (whole.weights() * (parts.stages - parts.experts)))
                            + (long) (whole.weights() * parts.experts / mesh.expert),
                    (sharers == 1 && !isDivided ? all.gradientBytes() : shared(all, accumulate))
                            + (mesh.expert == 1 ? 0 : experts * mesh.expert / sharers
                                    + Math.min(experts, Gradients.BUCKET_BYTES) * mesh.expert),
                    (long) (whole.optimizer() * (parts.stages - parts.experts)) / (sharesState || shard != Shard.NONE
                            ? sharers : 1) + (long) (whole.optimizer() * parts.experts / sharers),
                    activations(mesh, accumulate));
            return new RankLayout(mesh, accumulate, shard, memory, moved(mesh, accumulate, all, experts));
        }

        private static long shared(RunTogether.Layout ranks, int accumulate) {
            return ranks.ranks() > 1 ? ranks.gradientBytes() : 2 * ranks.bytes();
        }

        /// Parts of the weights: those of the rank that has most of them, and of these those of experts that ranks
        /// divide, before they do.
        private Parts parts(Mesh mesh) {
            if (mesh.pipeline * mesh.tensor * mesh.expert == 1) {
                return new Parts(1, 0);
            }
            Model part = part(model, mesh);
            Optional<ExpertParts> experts = mesh.expert == 1 ? Optional.empty()
                    : Optional.of(new ExpertParts(part, first(mesh.expert)));
            PipelineStages stages = new PipelineStages(part, mesh.pipeline, mesh.chunks);
            long[] bytes = new long[mesh.pipeline];
            long[] ofExperts = new long[mesh.pipeline];
            stages.weights().forEach(w -> stages.users(w).stream().map(stages::rank).distinct().forEach(rank -> {
                bytes[rank] += w.sizeBytes();
                ofExperts[rank] += experts.flatMap(e -> e.rank(w)).isPresent() ? w.sizeBytes() : 0;
            }));
            double all = new PipelineStages(model, 1, 1).weights().stream().mapToLong(Weight::sizeBytes).sum();
            int most = IntStream.range(0, bytes.length).reduce(0, (x, y) -> bytes[y] > bytes[x] ? y : x);
            return new Parts(bytes[most] / all, ofExperts[most] / all);
        }

        /// Activations of the micro-batches that are under way. The residual stream, its norms and what is added to it
        /// are on all ranks of tensor parallelism, or all rows of the norms.
        private long activations(Mesh mesh, int accumulate) {
            long everywhere = Math.min(whole.activations(), 3 * 4 * tokens * model.spec().hiddenSize()
                    * model.spec().sublayers().size());
            long apart = mesh.sequence ? 0 : everywhere;
            long all = ((mesh.sequence ? everywhere / 3 : everywhere) + (whole.activations() - apart) / mesh.tensor)
                    / mesh.context;
            int held = mesh.chunks == 1 ? mesh.pipeline
                    : 2 * (mesh.pipeline - 1) + (mesh.chunks - 1) * mesh.pipeline + 1;
            return all / (mesh.pipeline * mesh.chunks) * Math.min(held, accumulate * mesh.chunks);
        }

        /// @param all what ranks of a stage move for gradients that all of them have
        /// @param experts bytes of those of a rank's experts
        private Moved moved(Mesh mesh, int accumulate, RunTogether.Layout all, long experts) {
            ModelSpec spec = model.spec();
            long others = all.ranks() - 1;
            long buckets = Math.ceilDiv(all.bytes(), Math.max(RunTogether.LEAST_BUCKET,
                    RunTogether.bucketBytes(all.bytes())));
            boolean gathers = all.shard() == Shard.WEIGHTS;
            long slices = gathers ? 0 : others * (all.bytes() / all.ranks());
            long owners = (long) mesh.data * mesh.context;
            long same = (owners - 1) * (experts / owners);
            long stream = 4 * tokens * spec.hiddenSize() / mesh.context;
            long keys = 4 * tokens * keyNumbers(spec) * 3 * (mesh.context - 1) / mesh.context / mesh.tensor;
            int stages = mesh.pipeline * mesh.chunks;
            // Of the borders of stages in the mean: each has two ranks.
            long border = 2 * stream * (stages - 1) / mesh.pipeline / (mesh.sequence ? mesh.tensor : 1);
            RankProducts products = mesh.tensor == 1 ? RankProducts.NONE : part(model, mesh).dividedProducts();
            int cut = products.sums().size() / mesh.pipeline;
            // Rows of embeddings and of the last layer's stream, and gradients of norms.
            long ofRows = mesh.sequence ? 2 * stream + 2 * products.streamed().keySet().stream().mapToLong(w ->
                    4 * w.size()).sum() : 0;
            long sums = (4L * cut * stream + ofRows / mesh.pipeline) * (mesh.tensor - 1) / mesh.tensor;
            long layers = mesh.expert == 1 ? 0 : rows(spec).size() / mesh.pipeline;
            long rows = mesh.expert == 1 ? 0 : rows(spec).stream().mapToLong(n -> 4 * stream * n
                    * (mesh.expert - 1) / mesh.expert).sum() / mesh.pipeline;
            // At most: a batch of rollouts may serve several updates.
            long pushed = mesh.rollout * stored.stream().mapToLong(Weight::sizeBytes).sum() / mesh.count();
            return new Moved(all.bytesSent() - slices + accumulate * mesh.expert * same,
                    pushed + slices + same + accumulate * (keys + border + sums + rows),
                    (gathers ? 3 * 16L : buckets) * accumulate * others,
                    (gathers ? 0 : buckets * others) + accumulate * ((mesh.context > 1 ? 3L * (mesh.context - 1)
                            * spec.sublayers().size() / 2 : 0) + (mesh.pipeline > 1 ? 2L * mesh.chunks : 0)
                            + 4L * cut * (mesh.tensor - 1) + 5 * layers * (mesh.expert - 1)));
        }

        /// The experts of a token in each layer that has some.
        private static List<Integer> rows(ModelSpec spec) {
            return IntStream.range(0, spec.allSublayers().size()).boxed().flatMap(i -> spec.mixers(i).stream())
                    .filter(Experts.class::isInstance).map(m -> ((Experts) m).numActive()).toList();
        }
    }

    private record Parts(double stages, double experts) { }

    /// The keys and values of a token in all layers.
    private static long keyNumbers(ModelSpec spec) {
        return IntStream.range(0, spec.sublayers().size()).boxed().flatMap(i -> spec.mixers(i).stream())
                .flatMap(mixer -> mixer.caches().stream()).mapToLong(cache -> StateSize.numbers(cache, 1, 1)).sum();
    }
}
