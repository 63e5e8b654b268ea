package glia.train.recipe;

import glia.engine.training.PipelineStages;
import glia.io.CheckpointException;
import glia.model.Model;
import glia.model.cost.LayerKind.StateSize;
import glia.model.spec.ModelSpec;
import glia.tensor.autograd.Gradients;
import glia.tensor.ops.Weight;
import glia.train.memory.TrainingMemory;
import glia.train.recipe.RecipeKeys.Shard;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// A way to divide a run among ranks: `data · context · pipeline` of them. A step has the same micro-batches with each.
///
/// @param data groups of ranks with micro-batches of their own
/// @param context ranks that share the tokens of each sequence
/// @param pipeline ranks with some layers each
/// @param accumulate micro-batches of a group in a step
/// @param shard what ranks have a share of
/// @param memory of a rank
/// @param moved what a rank sends in a step
public record RankLayout(int data, int context, int pipeline, int accumulate, Shard shard, TrainingMemory memory,
        Moved moved) {
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
        keys.put(RecipeKeys.DATA_PARALLEL.name(), data);
        if (context > 1) {
            keys.put(RecipeKeys.CONTEXT_PARALLEL.name(), context);
        }
        if (pipeline > 1) {
            keys.put(RecipeKeys.PIPELINE_PARALLEL.name(), pipeline);
        }
        if (shard != Shard.NONE) {
            keys.put(RecipeKeys.SHARD.name(), RecipeKey.word(shard));
        }
        keys.put(RecipeKeys.ACCUMULATE.name(), accumulate);
        return keys;
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
        long largest = stored.stream().mapToLong(Weight::sizeBytes).max().orElse(0);
        List<RankLayout> layouts = new ArrayList<>();
        for (int pipeline : divisors(ranks)) {
            for (int context : divisors(ranks / pipeline)) {
                int data = ranks / pipeline / context;
                for (Shard shard : Shard.values()) {
                    if (isPossible(recipe, model, context, pipeline, shard, length)) {
                        layouts.add(of(model, data, context, pipeline, micros / data, shard, whole, tokens, largest));
                    }
                }
            }
        }
        return layouts;
    }

    private static int[] divisors(int n) {
        return IntStream.rangeClosed(1, n).filter(d -> n % d == 0).toArray();
    }

    private static boolean isPossible(Recipe recipe, Model model, int context, int pipeline, Shard shard, int length)
            throws CheckpointException {
        // Each rank has two chunks of a sequence.
        if (length < 2 * context || pipeline > 1 && shard == Shard.WEIGHTS) {
            return false;
        }
        try {
            if (pipeline > 1) {
                RunTogether.requireDivisible(recipe, model, RecipeKeys.PIPELINE_PARALLEL);
                new PipelineStages(model, pipeline, 1);
            }
            if (context > 1) {
                RunTogether.requireDivisible(recipe, model, RecipeKeys.CONTEXT_PARALLEL);
                RunModel.passOptions(recipe).requireContextParallel(model.spec());
            }
            if (shard == Shard.WEIGHTS) {
                RunTogether.requireDivisible(recipe, model, RecipeKeys.SHARD);
            }
            return true;
        } catch (IllegalArgumentException | CheckpointException e) {
            return false;
        }
    }

    private static RankLayout of(Model model, int data, int context, int pipeline, int accumulate, Shard shard,
            TrainingMemory whole, long tokens, long largest) {
        ModelSpec spec = model.spec();
        int sharers = data * context;
        double part = pipeline == 1 ? 1 : largestPart(model, pipeline);
        long gradients = (long) (whole.gradients() * part);
        RunTogether.Layout ranks = new RunTogether.Layout(sharers, accumulate, shard, gradients, largest);
        TrainingMemory memory = new TrainingMemory(ranks.weightBytes((long) (whole.weights() * part)),
                sharers == 1 && pipeline == 1 ? ranks.gradientBytes() : shared(ranks, accumulate, pipeline),
                ranks.optimizerBytes((long) (whole.optimizer() * part)),
                whole.activations() / context / pipeline * Math.min(pipeline, accumulate));
        long others = sharers - 1;
        long buckets = Math.ceilDiv(gradients, Gradients.BUCKET_BYTES);
        boolean gathers = shard == Shard.WEIGHTS;
        long slices = others * (gradients / sharers);
        long keys = 4 * tokens * keyNumbers(spec) * 3 * (context - 1) / context;
        // Of a stage's borders in the mean: there are pipeline - 1 of them, each with two ranks.
        long border = 2 * 4 * tokens * spec.hiddenSize() * (pipeline - 1) / pipeline / context;
        Moved moved = new Moved((gathers ? 3L : 1L) * accumulate * slices, (gathers ? 0 : slices)
                + accumulate * (keys + border), (gathers ? 3 * 16L : buckets) * accumulate * others,
                (gathers ? 0 : buckets * others) + accumulate * (context > 1 ? 3L * (context - 1)
                * spec.sublayers().size() / 2 : 0) + (pipeline > 1 ? 2L * accumulate : 0));
        return new RankLayout(data, context, pipeline, accumulate, shard, memory, moved);
    }

    private static long shared(RunTogether.Layout ranks, int accumulate, int pipeline) {
        return ranks.ranks() > 1 ? ranks.gradientBytes() : accumulate > 1 || pipeline > 1 ? 2 * ranks.bytes()
                : ranks.bytes();
    }

    /// The part of the weights that the rank with most of them has.
    private static double largestPart(Model model, int pipeline) {
        PipelineStages stages = new PipelineStages(model, pipeline, 1);
        long[] bytes = new long[pipeline];
        long all = 0;
        for (Weight w : stages.weights()) {
            stages.users(w).forEach(stage -> bytes[stage] += w.sizeBytes());
            all += w.sizeBytes();
        }
        return Arrays.stream(bytes).max().orElseThrow() / (double) all;
    }

    /// The keys and values of a token in all layers.
    private static long keyNumbers(ModelSpec spec) {
        return IntStream.range(0, spec.sublayers().size()).boxed().flatMap(i -> spec.mixers(i).stream())
                .flatMap(mixer -> mixer.caches().stream()).mapToLong(cache -> StateSize.numbers(cache, 1, 1)).sum();
    }
}
