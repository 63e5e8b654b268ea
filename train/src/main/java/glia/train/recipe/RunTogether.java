package glia.train.recipe;

import glia.engine.training.PipelineStages;
import glia.engine.training.Shards;
import glia.engine.training.TensorParts;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.model.Model;
import glia.model.spec.Role;
import glia.tensor.autograd.Gradients;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Weight;
import glia.train.expert.ExpertOptions;
import glia.train.optim.ParameterGroup;
import glia.train.recipe.RecipeRun.Existing;
import glia.train.recipe.RecipeKeys.AdapterKind;
import glia.train.recipe.RecipeKeys.Shard;
import glia.train.recipe.RecipeKeys.Task;
import glia.train.recipe.RecipeRun.ModelPaths;
import glia.train.run.Objective;
import glia.train.run.Trainer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Opens a run on several ranks: rank 0 makes the folder, then the others read it. What does not fit together is an
/// error of one rank, which the others know.
public final class RunTogether {
    /// Smaller buckets of gradients take more time for messages than they hide.
    static final long LEAST_BUCKET = 1 << 20;

    private RunTogether() { }

    /// What ranks hold and move.
    ///
    /// @param ranks that train together
    /// @param accumulate micro-batches of a step on each of them
    /// @param shard what each has a share of
    /// @param bytes of the gradients of all trained weights
    /// @param largest bytes of the largest of them
    public record Layout(int ranks, int accumulate, Shard shard, long bytes, long largest) {
        /// Bytes of the gradients of a pass and of their sums, on each rank.
        public long gradientBytes() {
            if (ranks == 1) {
                return accumulate > 1 ? 2 * bytes : bytes;
            }
            long inFlight = Math.min(bytes, 2 * Gradients.BUCKET_BYTES);
            return bytes / ranks + Math.min(bytes, Gradients.BUCKET_BYTES)
                    + (shard == Shard.GRADIENTS || shard == Shard.WEIGHTS ? inFlight : bytes);
        }

        /// Bytes of the weights on each rank, where passes gather two buckets at a time, and a third one ahead.
        ///
        /// @param whole bytes of all weights, those that are not trained among them
        public long weightBytes(long whole) {
            return shard != Shard.WEIGHTS || ranks == 1 ? whole : whole - bytes + Math.min(bytes, bytes / ranks
                    + 3 * Math.max(largest, bucketBytes(bytes)));
        }

        /// Bytes that a rank sends in a step, in the mean over the ranks: `(A + 1) · (P - 1)/P` times the gradients, or
        /// `3 · A · (P - 1)/P` times where passes gather the weights twice.
        public long bytesSent() {
            return (shard == Shard.WEIGHTS ? 3 * accumulate : accumulate + 1) * (ranks - 1) * (bytes / ranks);
        }
    }

    /// The number of ranks that a recipe is for; 1 if it does not say.
    ///
    /// @throws CheckpointException if a value is wrong
    public static long size(Recipe recipe) throws CheckpointException {
        return RankLayout.Mesh.of(recipe).count();
    }

    /// The ranks that compute the same micro-batches.
    private static long ofGroup(Recipe recipe) throws CheckpointException {
        return recipe.get(RecipeKeys.CONTEXT_PARALLEL) * recipe.get(RecipeKeys.TENSOR_PARALLEL)
                * recipe.get(RecipeKeys.PIPELINE_PARALLEL);
    }

    /// The groups of ranks that each compute micro-batches of their own.
    static int numGroups(Recipe recipe, RunRanks ranks) throws CheckpointException {
        return Math.max(1, Math.toIntExact((ranks.size() - recipe.get(RecipeKeys.ROLLOUT)) / ofGroup(recipe)));
    }

    static RecipeRun prepare(Recipe recipe, RunFolder folder, Kernels kernels, ModelPaths models, Existing existing,
            RunRanks ranks, RankLayout.Choice choice) throws IOException {
        ranks.restart();
        ranks.requireSame(recipe.origin(), "values", recipe.values().toString(), "start all with the same words");
        ranks.requireSame(recipe.origin(), "kernels", kernels.name(), "choose one with --kernels");
        boolean isFirst = ranks.rank() == 0;
        Optional<RecipeRun> first = ranks.together(() -> isFirst
                ? Optional.of(RunPreparation.first(recipe, folder, kernels, models, existing, ranks, choice))
                : Optional.empty(),
                made -> made.ifPresent(RecipeRun::close));
        String step = ranks.all(first.flatMap(run -> run.last).map(saved -> "" + saved.step()).orElse("")).getFirst();
        String[] layout = ranks.all(first.map(run -> String.join("\n", run.layout)).orElse("")).getFirst().split("\n");
        Optional<Long> last = step.isEmpty() ? Optional.empty() : Optional.of(Long.parseLong(step));
        RecipeRun made = ranks.together(() -> isFirst ? first.get() : RunPreparation.open(
                recipe.with(layout).in(folder), folder, kernels, models, true, last, ranks), RecipeRun::close);
        try {
            ranks.requireSame(folder.path(), "weights", made.model.fingerprint(), "all ranks read the folder of the "
                    + "run, and a model that is not new, from one file system");
        } catch (IOException | RuntimeException e) {
            made.close();
            throw e;
        }
        return made;
    }

    /// Divides the weights among ranks, if the recipe says so; ranks add up what the pass computes.
    static Optional<Shards> shards(Recipe recipe, Model model, TrainingPass pass, List<ParameterGroup> groups,
            RunRanks ranks) throws CheckpointException {
        boolean isTensor = recipe.has(RecipeKeys.TENSOR_PARALLEL);
        if (recipe.get(RecipeKeys.SEQUENCE_PARALLEL) && !isTensor) {
            throw recipe.error(RecipeKeys.SEQUENCE_PARALLEL, "is set without " + RecipeKeys.TENSOR_PARALLEL.name()
                    + ", whose ranks divide the rows; set it, too");
        }
        // One rank of a dry run stands for several.
        if (ranks.size() == 1 && !(isTensor && size(recipe) == 1)) {
            return Optional.empty();
        }
        if (ranks.size() > 1 && recipe.get(RecipeKeys.ROLLOUT) > 0) {
            leaveRollouts(recipe, model, groups, ranks);
            if (ranks.reduction().rollouts().orElseThrow().isGenerating()) {
                pass.reduceBy(ranks.reduction());
                return Optional.of(Shards.NONE);
            }
        }
        Shard shard = recipe.get(RecipeKeys.SHARD);
        if (recipe.has(RecipeKeys.EVERY)) {
            if (shard != Shard.NONE || recipe.get(RecipeKeys.BAD_NUMBERS) == RecipeKeys.BadNumbers.ROLLBACK) {
                throw recipe.error(RecipeKeys.EVERY, "is set, so that ranks train by themselves: leave "
                        + RecipeKeys.SHARD.name() + " and bad_numbers: rollback out");
            }
            ranks.stepAlone();
        }
        Model own = isTensor ? divided(recipe, model, groups, ranks) : model;
        boolean isPipeline = recipe.get(RecipeKeys.PIPELINE_PARALLEL) > 1;
        boolean hasExperts = recipe.get(RecipeKeys.EXPERT_PARALLEL) > 1;
        if (hasExperts) {
            divideExperts(recipe, model, ranks);
        }
        if (isPipeline) {
            ranks.pipeline(stages(recipe, own));
        }
        int context = Math.toIntExact(recipe.get(RecipeKeys.CONTEXT_PARALLEL));
        if (context > 1) {
            if (recipe.has(RecipeKeys.EVERY)) {
                throw recipe.error(RecipeKeys.CONTEXT_PARALLEL, "is set together with " + RecipeKeys.EVERY.name()
                        + ", with which ranks train by themselves: leave one of them out");
            }
            ranks.shareContext(context, recipe.get(RecipeKeys.CONTEXT_METHOD));
        }
        try {
            pass.reduceBy(ranks.reduction());
        } catch (IllegalArgumentException e) {
            throw recipe.error(RecipeKeys.CONTEXT_PARALLEL, "is " + context + ": " + e.getMessage());
        }
        Set<Weight> whole = Collections.newSetFromMap(new IdentityHashMap<>());
        groups.stream().filter(g -> !g.rule().isElementwise()).forEach(g -> whole.addAll(g.weights().values()));
        if (shard == Shard.WEIGHTS) {
            requireDivisible(recipe, model, RecipeKeys.SHARD);
        }
        if (!isPipeline && !isTensor && (!hasExperts || shard == Shard.WEIGHTS)) {
            long bytes = bucketBytes(groups.stream().flatMap(g -> g.weights().values().stream())
                    .mapToLong(Weight::sizeBytes).sum());
            pass.planBuckets(shard == Shard.WEIGHTS ? bytes : Math.max(LEAST_BUCKET, bytes));
            if (shard == Shard.NONE) {
                return Optional.empty();
            }
        }
        Shards shards = ranks.reduction().shard(pass.weightGradients(), whole::contains, shard == Shard.GRADIENTS
                || shard == Shard.WEIGHTS);
        if (shard == Shard.WEIGHTS) {
            try {
                ranks.reduction().divideWeights();
            } catch (IllegalArgumentException e) {
                throw recipe.error(RecipeKeys.SHARD, "is weights: " + e.getMessage());
            }
        }
        return Optional.of(shards);
    }

    private static void leaveRollouts(Recipe recipe, Model model, List<ParameterGroup> groups, RunRanks ranks)
            throws CheckpointException {
        RecipeKey<Long> key = RecipeKeys.ROLLOUT;
        if (ofGroup(recipe) * recipe.get(RecipeKeys.EXPERT_PARALLEL) > 1 || recipe.has(RecipeKeys.TENSOR_PARALLEL)
                || recipe.has(RecipeKeys.EVERY)) {
            throw recipe.error(key, "is set, so that the others divide updates by " + RecipeKeys.DATA_PARALLEL.name()
                    + " alone; leave the other keys of parallel out");
        }
        List<Weight.Stored> weights = new ArrayList<>();
        groups.forEach(g -> weights.addAll(g.weights().values()));
        model.sources().keySet().stream().filter(p -> p.role() == Role.ROUTER_CORRECTION).map(model.weights()::get)
                .forEach(w -> weights.add((Weight.Stored) w));
        ranks.leaveRollouts(Math.toIntExact(recipe.get(key)), weights);
    }

    /// This rank's part of the model.
    private static Model divided(Recipe recipe, Model model, List<ParameterGroup> groups, RunRanks ranks)
            throws CheckpointException {
        RecipeKey<Long> key = RecipeKeys.TENSOR_PARALLEL;
        refuse(recipe, key);
        requireDivisible(recipe, model, key);
        requireTensor(recipe);
        Model own;
        try {
            own = ranks.divide(model, Math.toIntExact(recipe.get(key)), recipe.get(RecipeKeys.SEQUENCE_PARALLEL));
        } catch (IllegalArgumentException e) {
            throw recipe.error(key, "is " + recipe.get(key) + ": " + e.getMessage());
        }
        TensorParts parts = ranks.reduction().tensor().orElseThrow();
        for (ParameterGroup group : groups) {
            if (!group.rule().isElementwise()
                    && group.weights().values().stream().anyMatch(parts.weights()::contains)) {
                throw recipe.error(key, "is set, but " + group.rule().name() + " updates matrices as wholes, which "
                        + "ranks have parts of; choose another " + RecipeKeys.OPTIMIZER.name() + ", such as adamw");
            }
        }
        return own;
    }

    static void requireTensor(Recipe recipe) throws CheckpointException {
        if (recipe.get(RecipeKeys.PRECISION) == RecipeKeys.TrainingPrecision.FP8) {
            throw recipe.error(RecipeKeys.TENSOR_PARALLEL, "is set, but blocks of FP8 would be cut; choose another "
                    + RecipeKeys.PRECISION.name());
        }
    }

    private static void divideExperts(Recipe recipe, Model model, RunRanks ranks) throws CheckpointException {
        RecipeKey<Long> key = RecipeKeys.EXPERT_PARALLEL;
        refuse(recipe, key);
        requireDivisible(recipe, model, key);
        try {
            ranks.divideExperts(model, Math.toIntExact(recipe.get(key)));
        } catch (IllegalArgumentException e) {
            throw recipe.error(key, "is " + recipe.get(key) + ": " + e.getMessage());
        }
    }

    private static void refuse(Recipe recipe, RecipeKey<Long> key) throws CheckpointException {
        boolean sharesWeights = recipe.get(RecipeKeys.SHARD) == Shard.WEIGHTS;
        if (sharesWeights && key != RecipeKeys.EXPERT_PARALLEL || recipe.has(RecipeKeys.EVERY)) {
            throw recipe.error(key, "is set together with " + (recipe.has(RecipeKeys.EVERY) ? RecipeKeys.EVERY.name()
                    : RecipeKeys.SHARD.name() + ": weights") + "; leave one of them out");
        }
    }

    /// The stages of a pipeline.
    private static PipelineStages stages(Recipe recipe, Model model) throws CheckpointException {
        RecipeKey<Long> key = RecipeKeys.PIPELINE_PARALLEL;
        refuse(recipe, key);
        requireDivisible(recipe, model, key);
        long chunks = recipe.get(RecipeKeys.VIRTUAL_STAGES);
        if (chunks > 1 && recipe.get(RecipeKeys.ACCUMULATE) % recipe.get(key) != 0) {
            throw recipe.error(RecipeKeys.VIRTUAL_STAGES, "is " + chunks + ", with which "
                    + RecipeKeys.ACCUMULATE.name() + " is a multiple of " + key.name() + ", " + recipe.get(key)
                    + ", and not " + recipe.get(RecipeKeys.ACCUMULATE));
        }
        try {
            return new PipelineStages(model, Math.toIntExact(recipe.get(key)), Math.toIntExact(chunks));
        } catch (IllegalArgumentException e) {
            throw recipe.error(key, "is " + recipe.get(key) + ": " + e.getMessage());
        }
    }

    /// Buckets of divided weights, three of which a rank holds, or of gradients, of which one is exchanged when the
    /// backward pass has ended: a small part of the model.
    static long bucketBytes(long bytes) {
        return Math.min(Gradients.BUCKET_BYTES, bytes / 16);
    }

    /// Divided weights need passes that read the same weights in the same order on all ranks, and nothing else that
    /// reads them in a step.
    static void requireDivisible(Recipe recipe, Model model, RecipeKey<?> key) throws CheckpointException {
        boolean isShard = key == RecipeKeys.SHARD;
        String task = recipe.get(RecipeKeys.TASK);
        String obstacle = !List.of(RecipeKey.word(Task.PRETRAIN), RecipeKey.word(Task.SFT)).contains(task)
                ? "with task: " + task
                : recipe.get(RecipeKeys.ADAPTER) != AdapterKind.NONE ? "with an adapter, whose base is not trained"
                : recipe.get(RecipeKeys.EMA) > 0 ? "with " + RecipeKeys.EMA.name()
                : recipe.get(RecipeKeys.BAD_NUMBERS) == RecipeKeys.BadNumbers.ROLLBACK ? "with bad_numbers: rollback"
                : !model.spec().towers().isEmpty() ? "of a model with pictures or sounds"
                : model.sources().keySet().stream().anyMatch(p -> p.role() == Role.ROUTER)
                ? withExperts(recipe, key) : "";
        if (!obstacle.isEmpty()) {
            throw recipe.error(key, isShard ? "is weights, which ranks cannot divide " + obstacle
                    + "; gradients divides all else" : "is set, but ranks cannot divide layers " + obstacle);
        }
    }

    /// What keeps ranks from dividing a model with experts.
    private static String withExperts(Recipe recipe, RecipeKey<?> key) throws CheckpointException {
        if (key == RecipeKeys.PIPELINE_PARALLEL) {
            // The last stage has the routers of its layers alone.
            return RunObjective.experts(recipe).equals(ExpertOptions.NONE) ? ""
                    : "with " + RecipeKeys.BALANCE.name() + " or other keys of experts";
        }
        return key == RecipeKeys.TENSOR_PARALLEL || key == RecipeKeys.EXPERT_PARALLEL || key == RecipeKeys.SHARD
                && recipe.get(RecipeKeys.EXPERT_PARALLEL) > 1 ? "" : "of a model with experts";
    }

    private static RunRanks.Outer outer(Recipe recipe, long steps) throws CheckpointException {
        long every = recipe.get(RecipeKeys.EVERY);
        int bits = Math.toIntExact(recipe.get(RecipeKeys.OUTER_BITS));
        int fragments = Math.toIntExact(recipe.get(RecipeKeys.FRAGMENTS));
        long overlap = recipe.get(RecipeKeys.OVERLAP);
        if (bits != Float.SIZE && bits != Byte.SIZE && bits != Byte.SIZE / 2) {
            throw recipe.error(RecipeKeys.OUTER_BITS, "is " + bits + ", expected 32, 8 or 4");
        }
        if (fragments > every) {
            throw recipe.error(RecipeKeys.FRAGMENTS, "is " + fragments + ", more than the " + every + " steps of "
                    + RecipeKeys.EVERY.name());
        }
        if (overlap >= every) {
            throw recipe.error(RecipeKeys.OVERLAP, "is " + overlap + ", expected less than the " + every + " steps of "
                    + RecipeKeys.EVERY.name());
        }
        long save = recipe.get(RecipeKeys.SAVE_EVERY);
        long whole = fragments == 1 && overlap == 0 ? every : save == 0 ? Math.max(1, steps)
                : Math.ceilDiv(save, every) * every;
        return new RunRanks.Outer(every, recipe.get(RecipeKeys.OUTER_RATE), recipe.get(RecipeKeys.OUTER_MOMENTUM), bits,
                fragments, overlap, recipe.get(RecipeKeys.OUTER_MIX), whole, steps);
    }

    /// Adds outer steps to a run, if the recipe says so.
    static void average(Recipe recipe, List<ParameterGroup> groups, long steps, RunRanks ranks, Trainer trainer)
            throws CheckpointException {
        if (ranks.size() > 1 && recipe.has(RecipeKeys.EVERY)) {
            Map<String, Weight.Stored> weights = new LinkedHashMap<>();
            groups.forEach(g -> weights.putAll(g.weights()));
            RunRanks.Outer outer = outer(recipe, steps);
            ranks.average(weights, outer, trainer.resumeEvery(outer.whole()));
        }
    }

    /// @throws CheckpointException if the recipe is for another number of ranks, or for one alone
    static void requireParallel(Recipe recipe, Objective objective, RunRanks ranks) throws CheckpointException {
        if (ranks.size() == 1) {
            return;
        }
        long rollout = recipe.get(RecipeKeys.ROLLOUT);
        long left = ranks.size() - rollout;
        if (left < 1) {
            throw recipe.error(RecipeKeys.ROLLOUT, "is " + rollout + ", so that none of the " + ranks.size()
                    + " ranks updates the weights");
        }
        String others = rollout > 0 ? " and " + RecipeKeys.ROLLOUT.name() + " " + rollout : "";
        for (RecipeKey<Long> key : List.of(RecipeKeys.CONTEXT_PARALLEL, RecipeKeys.TENSOR_PARALLEL,
                RecipeKeys.PIPELINE_PARALLEL, RecipeKeys.EXPERT_PARALLEL)) {
            long count = recipe.get(key);
            if (left % count != 0) {
                throw recipe.error(key, "is " + count + others + ", by which the " + ranks.size()
                        + " ranks cannot be divided");
            }
            left /= count;
            others += count > 1 ? " and " + key.name() + " " + count : "";
        }
        long data = recipe.find(RecipeKeys.DATA_PARALLEL).orElse(left);
        if (data != left) {
            throw recipe.error(RecipeKeys.DATA_PARALLEL, "is " + data + others + ", but there are " + ranks.size()
                    + " ranks; start as many processes, or leave the key out");
        }
        if (!objective.isParallel()) {
            throw recipe.error(RecipeKeys.TASK, "is " + recipe.get(RecipeKeys.TASK)
                    + ", which trains on one rank alone; leave " + RecipeKeys.DATA_PARALLEL.name() + " out");
        }
    }
}
