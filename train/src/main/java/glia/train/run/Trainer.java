package glia.train.run;

import glia.engine.sampling.LogitException;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.tensor.Tensor;
import glia.train.checkpoint.CheckpointStore.Saved;
import glia.train.checkpoint.CheckpointStore;
import glia.train.checkpoint.TrainedModel;
import glia.train.optim.GradientNorm;
import glia.train.optim.Optimizer;
import glia.train.run.TrainingListener.StepFigures;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// The training loop: loss and gradients, clipping, update; now and then validation, samples and a checkpoint.
///
/// ```java
/// var trainer = new Trainer(pass, optimizer, objective, new TrainerOptions(2000, 1e-3, schedule));
/// trainer.saveTo(store, TrainedModel.of(model)).listen(listener);
/// trainer.run();
/// ```
/// Everything random depends on the step alone, so a run that is resumed from a checkpoint repeats the same losses bit
/// by bit. All but `stop` belongs to one thread.
public final class Trainer {
    private final TrainingPass pass;
    private final Optimizer optimizer;
    private final Objective objective;
    private final TrainerOptions options;
    private final List<TrainingListener> listeners = new ArrayList<>();
    private final List<StepHook> hooks = new ArrayList<>();
    private Optional<CheckpointStore> store = Optional.empty();
    private TrainedModel content;
    private Supplier<Map<String, String>> samples = Map::of;
    private Supplier<Map<String, Double>> norms = Map::of;
    private final Map<String, Tensor> state = new LinkedHashMap<>();
    private NumberGuard guard = NumberGuard.STOP;
    private long tokens;
    private long lastSaved;
    private double bestLoss = Double.POSITIVE_INFINITY;
    private double bestTie = Double.NEGATIVE_INFINITY;
    private long bestStep;
    private long resumeEvery = 1;
    private volatile boolean isStopRequested;
    /// Whether some rank is to stop; all ranks have the same value.
    private boolean stopped;

    /// @param pass of the model that the optimizer updates
    public Trainer(TrainingPass pass, Optimizer optimizer, Objective objective, TrainerOptions options) {
        this.pass = pass;
        this.optimizer = optimizer;
        this.objective = objective;
        this.options = options;
    }

    /// Saves checkpoints.
    public Trainer saveTo(CheckpointStore checkpoints, TrainedModel model) {
        store = Optional.of(checkpoints);
        content = model;
        return this;
    }

    /// Adds a listener. The caller closes it.
    public Trainer listen(TrainingListener listener) {
        listeners.add(listener);
        return this;
    }

    /// Adds something that happens after each update.
    public Trainer after(StepHook hook) {
        hooks.add(hook);
        return this;
    }

    /// Saves checkpoints at multiples of so many steps alone, at which ranks have the same weights, and at the end.
    public Trainer resumeEvery(long steps) {
        resumeEvery = steps;
        return this;
    }

    /// Sets where samples come from.
    public Trainer sampleBy(Supplier<Map<String, String>> texts) {
        samples = texts;
        return this;
    }

    /// Sets where measurements come from.
    public Trainer measureBy(Supplier<Map<String, Double>> values) {
        norms = values;
        return this;
    }

    /// Sets what happens to losses and gradients that are no numbers.
    public Trainer guardBy(NumberGuard numbers) {
        guard = numbers;
        return this;
    }

    /// Adds tensors that checkpoints hold besides the optimizer's, such as averages of weights. They are restored in
    /// place by `resume`, so this comes before it.
    ///
    /// @throws IllegalArgumentException if two have one name
    public Trainer keep(Map<String, Tensor> tensors) {
        tensors.forEach((name, t) -> {
            if (state.put(name, t) != null) {
                throw new IllegalArgumentException("two tensors of a run's state are called " + name);
            }
        });
        return this;
    }

    /// Continues from a checkpoint, whose weights the model already has.
    ///
    /// @throws CheckpointException if its optimizer state, or what `keep` added, does not fit
    public Trainer resume(Saved saved) throws CheckpointException {
        CheckpointStore.restore(saved, optimizer, state, pass.reduction().rank());
        tokens = saved.tokens();
        bestLoss = saved.bestLoss().orElse(Double.POSITIVE_INFINITY);
        bestStep = saved.progress().bestStep();
        lastSaved = saved.step();
        return this;
    }

    /// Ends the loop after the current step, or the next at which the objective can resume; the model is saved. For any
    /// thread.
    public void stop() {
        isStopRequested = true;
    }

    /// Runs all steps that are left.
    ///
    /// @return updates so far, fewer than the options say if the run was stopped or has ended early
    /// @throws CheckpointException if a checkpoint cannot be written
    /// @throws TrainingException if a loss or gradient is no number
    public long run() throws CheckpointException {
        boolean isSaveDue = false;
        boolean isValidationDue = false;
        if (optimizer.steps() == 0 && options.steps() > 0 && options.savesBest() && objective.validatesFirst()) {
            save(0, validate(0));
        }
        while (optimizer.steps() < options.steps() && !isOutOfPatience()
                && !(isStopped() && canResumeAt(optimizer.steps()))) {
            step();
            long step = optimizer.steps();
            boolean last = step == options.steps();
            boolean canSave = last || canResumeAt(step);
            OptionalDouble loss = OptionalDouble.empty();
            isValidationDue |= last || TrainerOptions.due(options.validateEvery(), step);
            if (isValidationDue && (canSave || !options.savesBest())) {
                loss = validate(step);
                isValidationDue = false;
            }
            if (TrainerOptions.due(options.sampleEvery(), step) || last && options.sampleEvery() > 0) {
                sample(step);
            }
            isSaveDue |= last || isStopped() || TrainerOptions.due(options.saveEvery(), step)
                    || options.savesBest() && bestStep == step || isOutOfPatience();
            if (isSaveDue && canSave) {
                save(step, loss);
                isSaveDue = false;
            }
        }
        if (stopped && lastSaved != optimizer.steps()) {
            save(optimizer.steps(), OptionalDouble.empty());
        }
        // The result is written next.
        pass.reduction().gatherWeights();
        return optimizer.steps();
    }

    private boolean canResumeAt(long step) {
        return step % resumeEvery == 0 && objective.canResumeAt(step);
    }

    private boolean isStopped() {
        stopped |= pass.total(isStopRequested ? 1 : 0) > 0;
        return stopped;
    }

    /// Runs all steps that are left.
    ///
    /// @return whether the run has ended, with all steps or early; false if it was stopped
    /// @throws CheckpointException if a checkpoint cannot be written
    public boolean runToEnd() throws CheckpointException {
        return run() == options.steps() || isOutOfPatience();
    }

    private boolean isOutOfPatience() {
        return options.patience() > 0 && options.validateEvery() > 0 && !Double.isInfinite(bestLoss)
                && optimizer.steps() - bestStep >= options.patience() * options.validateEvery();
    }

    /// Why the run ended before its last step; empty if it did not.
    public Optional<String> endReason() {
        return optimizer.steps() == options.steps() ? Optional.empty() : Optional.of("ended early after "
                + optimizer.steps() + " of " + options.steps() + " steps: since step " + bestStep
                + " no validation was better (validate.patience=" + options.patience() + ")");
    }

    /// Sets the weights to those of the best validation, if a checkpoint has them and later ones were no better.
    ///
    /// @return its step; empty if the weights are as they were
    /// @throws CheckpointException if it cannot be read
    public OptionalLong restoreBest() throws CheckpointException {
        Optional<Saved> best = options.savesBest() && store.isPresent() && !Double.isInfinite(bestLoss)
                && bestStep < optimizer.steps() ? store.get().at(bestStep) : Optional.empty();
        if (best.isEmpty()) {
            return OptionalLong.empty();
        }
        content.restore(best.get().folder());
        return OptionalLong.of(bestStep);
    }

    /// Weights that are not finite give no samples; the guard reports them at the next step.
    private void sample(long step) {
        pass.reduction().gatherWeights();
        if (pass.reduction().rank() > 0) {
            return;
        }
        try {
            Map<String, String> texts = samples.get();
            each(l -> l.sampled(step, texts));
        } catch (LogitException e) {
            each(l -> l.warned(step, "there are no samples: " + e.getMessage()));
        }
    }

    private void step() throws CheckpointException {
        long start = System.nanoTime();
        long index = optimizer.steps();
        pass.zeroGradients();
        pass.atStep(index);
        Objective.StepLoss loss = objective.accumulate(pass, index);
        pass.finishGradients();
        double norm = optimizer.gradientNorm(pass.weightGradients());
        tokens += loss.tokens();
        double rate = options.learningRate() * options.schedule().factor(index);
        NumberWatch.Verdict verdict = guard.check(pass, index + 1, loss.loss(), norm);
        if (verdict.action() != NumberWatch.Verdict.Action.UPDATE) {
            each(l -> l.warned(index + 1, verdict.reason()));
        }
        switch (verdict.action()) {
            case UPDATE, WARN -> {
                optimizer.step(pass.weightGradients(), rate, GradientNorm.clipFactor(norm, options.maxGradientNorm()));
                hooks.forEach(h -> h.updated(index + 1));
            }
            case SKIP -> optimizer.skip();
            case ROLL_BACK -> rollBack(index + 1, verdict.reason());
        }
        Map<String, Double> parts = new LinkedHashMap<>(loss.parts());
        parts.putAll(pass.figures());
        StepFigures figures = new StepFigures(index + 1, loss.loss(), norm, rate, loss.tokens(), tokens,
                (System.nanoTime() - start) / 1e9, parts);
        each(l -> l.step(figures));
        loss.warnings().forEach(warning -> each(l -> l.warned(index + 1, warning)));
        if (!loss.texts().isEmpty()) {
            each(l -> l.scored(index + 1, loss.texts()));
        }
        if (TrainerOptions.due(options.measureEvery(), index + 1)) {
            pass.reduction().gatherWeights();
            if (pass.reduction().rank() == 0) {
                Map<String, Double> values = norms.get();
                each(l -> l.measured(index + 1, values));
            }
        }
    }

    /// Returns to the last checkpoint. Steps and data go on after this step, so the run ends in any case.
    private void rollBack(long step, String reason) throws CheckpointException {
        if (store.isEmpty()) {
            throw new TrainingException(reason + "; there are no checkpoints to roll back to");
        }
        Optional<Saved> last = store.get().latest(new ArrayList<>());
        if (last.isEmpty()) {
            each(l -> l.warned(step, "there is no checkpoint to roll back to yet; the update of step " + step
                    + " is skipped"));
            optimizer.skip();
            return;
        }
        content.restore(last.get().folder());
        CheckpointStore.restore(last.get(), optimizer, state);
        while (optimizer.steps() < step) {
            optimizer.skip();
        }
        each(l -> l.warned(step, "rolled back to the weights of step " + last.get().step() + "; the run goes on with "
                + "the data after step " + step));
    }

    private OptionalDouble validate(long step) {
        OptionalDouble loss = objective.validate(pass);
        if (loss.isPresent()) {
            double tie = objective.validationTie();
            boolean best = loss.getAsDouble() < bestLoss || loss.getAsDouble() == bestLoss && tie > bestTie;
            if (best) {
                bestLoss = loss.getAsDouble();
                bestTie = tie;
                bestStep = step;
            }
            Map<String, Double> figures = objective.validationFigures();
            if (!figures.isEmpty()) {
                each(l -> l.evaluated(step, figures));
            }
            each(l -> l.validated(step, loss.getAsDouble(), best));
        }
        return loss;
    }

    private void save(long step, OptionalDouble loss) throws CheckpointException {
        lastSaved = step;
        pass.reduction().gatherWeights();
        try (Arena arena = Arena.ofShared()) {
            Map<String, Tensor> whole = store.isEmpty() ? Map.of() : optimizer.wholeState(arena);
            if (store.isPresent() && pass.reduction().rank() == 0) {
                OptionalDouble best = Double.isInfinite(bestLoss) ? OptionalDouble.empty()
                        : OptionalDouble.of(bestLoss);
                Saved saved = store.get().save(content, optimizers(whole), optimizer.steps(), state,
                        new CheckpointStore.Progress(step, tokens, loss, best, bestStep));
                each(l -> l.saved(saved));
            } else if (store.isPresent() && pass.reduction().isLocal()) {
                whole.values().forEach(t -> pass.reduction().toFirst(pass.reduction().rank(), t.memory()));
            }
        }
        // The other ranks wait: they may read it next.
        pass.total(0);
    }

    /// The states of the optimizers to save: of ranks that train by themselves each has its own, which it sends.
    private List<Supplier<Map<String, Tensor>>> optimizers(Map<String, Tensor> first) {
        List<Supplier<Map<String, Tensor>>> all = new ArrayList<>(List.of(() -> first));
        for (int r = 1; r < pass.reduction().size() && pass.reduction().isLocal(); r++) {
            int rank = r;
            all.add(() -> {
                Map<String, Tensor> received = new LinkedHashMap<>();
                first.forEach((name, t) -> received.put(name, Tensor.allocate(Arena.ofAuto(), t.dtype(), t.shape())));
                received.values().forEach(t -> pass.reduction().toFirst(rank, t.memory()));
                return received;
            });
        }
        return all;
    }

    private void each(Consumer<TrainingListener> event) {
        listeners.forEach(event);
    }

    /// Something that happens after each update, such as a moving average of the weights or the balancing of experts.
    @FunctionalInterface
    public interface StepHook {
        /// @param step updates so far, this one included
        void updated(long step);
    }
}
