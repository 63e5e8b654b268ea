package glia.train.recipe;

import glia.engine.pass.Engine;
import glia.engine.training.Reduction;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.io.file.Folders;
import glia.model.cost.ParameterCount;
import glia.model.spec.ModelSpec;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Weight;
import glia.text.template.ChatTemplate;
import glia.text.tokenizer.Tokenizer;
import glia.train.checkpoint.CheckpointStore.Saved;
import glia.train.memory.TrainingMemory;
import glia.train.optim.Optimizer;
import glia.train.optim.ParameterGroup;
import glia.train.optim.WeightAverage;
import glia.train.recipe.RecipeKeys.Result;
import glia.train.report.HtmlReport;
import glia.train.report.MetricsFile;
import glia.train.report.RunDescription;
import glia.train.report.TensorBoardFile;
import glia.train.run.NumberWatch;
import glia.train.run.ParameterNorms;
import glia.train.run.Trainer;
import glia.train.run.TrainerOptions;
import glia.train.run.TrainingListener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// A training run that a recipe describes, ready to go.
///
/// ```java
/// try (RecipeRun run = RecipeRun.prepare(recipe, folder, kernels, locator, Existing.REFUSE)) {
///     run.listen(listener);
///     run.run();
/// }
/// ```
public final class RecipeRun implements AutoCloseable {
    private final Recipe recipe;
    private final RunFolder folder;
    final RunModel model;
    private final Tokenizer tokenizer;
    private final Optional<ChatTemplate> template;
    private final TaskRun task;
    private final TrainingOptions options;
    private final TrainingPass pass;
    private final List<ParameterGroup> groups;
    private final Optimizer optimizer;
    private final RunObjective objective;
    private final Optional<WeightAverage> average;
    private final Trainer trainer;
    private final Engine engine;
    private final Path start;
    private final RunPlan plan;
    final Optional<Saved> last;
    private final RunRanks ranks;
    final List<String> notes = new ArrayList<>();
    /// What a choice has set of the recipe.
    List<String> layout = List.of();
    boolean resumes;
    /// Rank 0 has the lock.
    Optional<RunLock> lock = Optional.empty();

    /// What happens to a run that is in the output folder already.
    public enum Existing { REFUSE, RESUME, REPLACE }

    /// Finds the folder or file of a model by its name.
    @FunctionalInterface
    public interface ModelPaths {
        Path find(String name) throws IOException;
    }

    RecipeRun(Recipe recipe, RunFolder folder, RunModel model, TaskContext context, TaskRun task,
            Optional<Saved> last, RunRanks ranks) throws CheckpointException {
        this.ranks = ranks;
        this.recipe = recipe;
        this.folder = folder;
        this.model = model;
        tokenizer = context.tokenizer();
        engine = context.engine();
        start = context.start();
        template = RunData.hasChats(recipe) || RecipeExtensions.of(recipe.get(RecipeKeys.TASK)).isPresent()
                ? context.template() : Optional.empty();
        this.task = task;
        this.last = last;
        Kernels kernels = context.kernels();
        notes.addAll(task.notes());
        plan = RunPlan.of(recipe, task, model.model().spec(), task.sharesRows() ? 1
                : RunTogether.numGroups(recipe, ranks));
        notes.addAll(plan.notes());
        Map<String, Weight.Stored> others = task.weights();
        groups = RunOptimizer.groups(recipe, model, others);
        List<Runnable> opened = new ArrayList<>();
        try {
            options = context.options().withTrainable(w -> model.trainable().test(w)
                    || w instanceof Weight.Stored s && others.containsValue(s));
            pass = model.pass(recipe, options, kernels);
            opened.add(pass::close);
            objective = RunObjective.of(recipe, model.model(), task);
            RunTogether.requireParallel(recipe, objective.objective(), ranks);
            optimizer = new Optimizer(kernels, groups, RunTogether.shards(recipe, model.model(), pass, groups,
                    ranks));
            opened.add(optimizer::close);
            RunPlan.RunMemory.check(recipe, model.model(), options, batch(), notes);
            double ema = recipe.get(RecipeKeys.EMA);
            average = ema == 0 ? Optional.empty() : Optional.of(new WeightAverage(kernels, groups, ema));
            average.ifPresent(a -> opened.add(a::close));
            trainer = trainer(kernels);
        } catch (CheckpointException | RuntimeException e) {
            opened.forEach(Runnable::run);
            throw e;
        }
    }

    /// Reads the data, trains or loads the tokenizer, makes or loads the model.
    ///
    /// @param folder where the run is written
    /// @param models finds models by path or hub name
    /// @throws IOException if something is missing or not as expected; the message says what and where
    public static RecipeRun prepare(Recipe recipe, RunFolder folder, Kernels kernels, ModelPaths models,
            Existing existing) throws IOException {
        return prepare(recipe, folder, kernels, models, existing, RunRanks.ONE);
    }

    /// The same on one of several ranks: rank 0 makes the folder, then the others read it.
    public static RecipeRun prepare(Recipe recipe, RunFolder folder, Kernels kernels, ModelPaths models,
            Existing existing, RunRanks ranks) throws IOException {
        return prepare(recipe, folder, kernels, models, existing, ranks, (run, notes) -> Map.of());
    }

    /// The same.
    ///
    /// @param choice of a layout, if the recipe says nothing of ranks
    public static RecipeRun prepare(Recipe recipe, RunFolder folder, Kernels kernels, ModelPaths models,
            Existing existing, RunRanks ranks, RankLayout.Choice choice) throws IOException {
        return ranks.size() == 1 ? RunPreparation.first(recipe, folder, kernels, models, existing, ranks, choice)
                : RunTogether.prepare(recipe, folder, kernels, models, existing, ranks, choice);
    }

    private Trainer trainer(Kernels kernels) throws CheckpointException {
        TrainerOptions options = new TrainerOptions(plan.steps(), plan.learningRate(),
                RunOptimizer.schedule(recipe, plan.steps(), plan.warmup()), recipe.get(RecipeKeys.CLIP),
                plan.validateEvery(), recipe.get(RecipeKeys.SAVE_EVERY), recipe.get(RecipeKeys.MEASURE_EVERY),
                recipe.get(RecipeKeys.SAMPLE_EVERY)).withBest(recipe.get(RecipeKeys.RESULT) == Result.BEST,
                plan.patience());
        Trainer made = new Trainer(pass, optimizer, objective.objective(), options)
                .saveTo(RunPreparation.store(recipe, folder), model.content())
                .measureBy(new ParameterNorms(kernels, pass, groups).labelledBy(model.model()))
                .sampleBy(RunObjective.RunSamples.of(recipe, engine, tokenizer, template));
        RunTogether.average(recipe, groups, plan.steps(), ranks, made);
        objective.hooks().forEach(made::after);
        average.ifPresent(a -> made.after(a::updated).keep(a.state()));
        Map<String, Tensor> others = new LinkedHashMap<>();
        task.weights().forEach((name, w) -> others.put("weight." + name, w.tensor()));
        task.state().forEach((name, t) -> others.put("state." + name, t));
        made.keep(others);
        NumberWatch watch = new NumberWatch(model.model(), NumberWatch.Options.of(recipe.get(RecipeKeys.BAD_NUMBERS)
                .policy()));
        made.guardBy(watch).keep(watch.state());
        if (last.isPresent()) {
            if (last.get().step() > plan.steps()) {
                throw recipe.error(RecipeKeys.STEPS, "makes " + plan.steps() + " steps, but the run has made "
                        + last.get().step() + " already; give more");
            }
            made.resume(last.get());
        }
        return made;
    }

    /// The recipe.
    public Recipe recipe() {
        return recipe;
    }

    /// The folder of the run.
    public RunFolder folder() {
        return folder;
    }

    /// Folder or file of the model before the first update.
    public Path start() {
        return start;
    }

    /// Updates in all, unless the run ends early.
    public long steps() {
        return plan.steps();
    }

    /// Updates that an earlier run made.
    public long stepsDone() {
        return optimizer.steps();
    }

    /// The task.
    public TaskRun task() {
        return task;
    }

    /// The model's spec.
    public ModelSpec spec() {
        return model.model().spec();
    }

    /// The most tokens of a training sequence.
    public int context() throws CheckpointException {
        return RunModel.context(recipe, spec());
    }

    /// The model's parameters.
    public ParameterCount parameters() {
        return ParameterCount.of(spec());
    }

    /// The parameters that are updated: the model's, or those of adapters.
    public long trainable() {
        return groups.stream().flatMap(g -> g.weights().values().stream()).mapToLong(w -> w.tensor().size()).sum();
    }

    private TaskRun.BatchMemory batch() throws CheckpointException {
        Optional<TaskRun.BatchMemory> own = task.batchMemory();
        return own.isPresent() ? own.get() : TaskRun.BatchMemory.of(
                Math.toIntExact(recipe.get(RecipeKeys.SEQUENCES)), context());
    }

    /// What a run needs.
    ///
    /// @param trainable parameters that are updated
    /// @param tokensPerStep of the first step; with rollouts, of one whose completions have the most tokens
    /// @param secondsPerStep measured on this machine, on a part of a step with rollouts
    /// @param memory of a step on each rank, without the memory of the JVM
    /// @param generation bytes of the KV cache of rollouts, and of further models; 0 for tasks without
    /// @param layout of the ranks
    public record Estimate(long trainable, long tokensPerStep, double secondsPerStep, TrainingMemory memory,
            long generation, RankLayout layout) { }

    /// Measures the losses and gradients of some steps, or of parts of them, without updates.
    public Estimate estimate() throws CheckpointException {
        TaskRun.Probe.Time time = task.probe().orElse(new TaskRun.Probe(objective.objective(), 0)).measure(pass);
        TaskRun.BatchMemory batch = batch();
        TrainingMemory counted = counted(batch);
        RankLayout layout = RankLayout.of(recipe, model.model(), counted, tokens(batch), stored());
        TrainingMemory own = layout.memory();
        TrainingMemory memory = new TrainingMemory(own.weights(), own.gradients(), own.optimizer()
                + average.map(WeightAverage::sizeBytes).orElse(0L), own.activations());
        return new Estimate(trainable(), layout.ranks().groups() * time.tokens(), time.seconds(), memory,
                batch.generation(), layout);
    }

    private static long tokens(TaskRun.BatchMemory batch) {
        return (long) batch.sequences() * batch.length();
    }

    private List<Weight.Stored> stored() {
        return groups.stream().flatMap(g -> g.weights().values().stream()).toList();
    }

    /// The memory of one process that computes a micro-batch. Parameters may have different rules.
    private TrainingMemory counted(TaskRun.BatchMemory batch) throws CheckpointException {
        TrainingMemory counted = TrainingMemory.of(model.model(), options, RunOptimizer.rule(recipe),
                batch.sequences(), Math.max(2, batch.length()));
        return new TrainingMemory(counted.weights(), counted.gradients(), optimizer.sizeBytes(), counted.activations());
    }

    /// The layouts of so many ranks that the run supports, whether or not they fit in memory; none for a task that one
    /// rank trains alone.
    public List<RankLayout> layouts(int numRanks) throws CheckpointException {
        TaskRun.BatchMemory batch = batch();
        return !objective.objective().isParallel() ? List.of() : RankLayout.all(recipe, model.model(), numRanks,
                counted(batch), tokens(batch), batch.length(), stored());
    }

    /// What the user should know before the run, such as a damaged checkpoint.
    public List<String> notes() {
        return List.copyOf(notes);
    }

    /// Adds a listener. The caller closes it.
    public void listen(TrainingListener listener) {
        trainer.listen(listener);
    }

    /// Ends the run after the current step; a checkpoint is saved. For any thread.
    public void stop() {
        trainer.stop();
    }

    /// Runs all steps that are left with records in the folder, and writes the result, the average of the weights if
    /// there is one, into the folder `model`.
    ///
    /// @param environment what the records say of the machine, by name
    /// @param warnings receives what the user should know
    /// @return whether all steps were made
    public boolean run(Map<String, String> environment, Consumer<String> warnings) throws IOException {
        if (ranks.rank() > 0) {
            return train();
        }
        RunDescription description = RunRecipe.description(recipe, plan.steps(), environment);
        List<TrainingListener> records = new ArrayList<>();
        try {
            records.add(!resumes ? MetricsFile.create(folder.metrics(), description, warnings)
                    : MetricsFile.resume(folder.metrics(), stepsDone(), description, warnings));
            if (recipe.get(RecipeKeys.TENSORBOARD)) {
                records.add(TensorBoardFile.create(folder.tensorBoard(), stepsDone(), description, warnings));
            }
            if (recipe.get(RecipeKeys.REPORT)) {
                HtmlReport report = new HtmlReport(folder.report(), description, warnings);
                records.add(!resumes ? report : report.replay(folder.metrics()));
            }
            records.forEach(trainer::listen);
            if (!train()) {
                return false;
            }
            trainer.endReason().ifPresent(warnings);
        } finally {
            for (TrainingListener record : records) {
                record.close();
            }
        }
        if (average.isEmpty()) {
            trainer.restoreBest().ifPresent(step -> warnings.accept("the result is the checkpoint of step " + step
                    + ", which validated best; save.result=last takes the last one"));
        }
        average.ifPresent(WeightAverage::exchange);
        Folders.delete(folder.model());
        model.content().write(folder.model());
        average.ifPresent(WeightAverage::exchange);
        return true;
    }

    private boolean train() throws CheckpointException {
        if (pass.reduction().rollouts().filter(Reduction.Rollouts::isGenerating).isPresent()) {
            return objective.objective().assist(pass);
        }
        boolean hasEnded = trainer.runToEnd();
        objective.objective().release(pass, hasEnded);
        return hasEnded;
    }

    @Override
    public void close() {
        pass.close();
        average.ifPresent(WeightAverage::close);
        optimizer.close();
        task.close();
        engine.close();
        model.close();
        lock.ifPresent(RunLock::close);
    }
}
