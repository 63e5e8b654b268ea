package glia.train.run;

import glia.engine.sampling.LogitException;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.tensor.Tensor;
import glia.train.checkpoint.CheckpointStore;
import glia.train.checkpoint.CheckpointStore.Saved;
import glia.train.checkpoint.TrainedModel;
import glia.train.optim.GradientNorm;
import glia.train.optim.Optimizer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
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
    private volatile boolean stopped;

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
        CheckpointStore.restore(saved, optimizer, state);
        tokens = saved.tokens();
        bestLoss = saved.bestLoss().orElse(Double.POSITIVE_INFINITY);
        lastSaved = saved.step();
        return this;
    }

    /// Ends the loop after the current step, or the next at which the objective can resume; the model is saved. For any
    /// thread.
    public void stop() {
        stopped = true;
    }

    /// Runs all steps that are left.
    ///
    /// @return updates so far, fewer than the options say if the run was stopped
    /// @throws CheckpointException if a checkpoint cannot be written
    /// @throws TrainingException if a loss or gradient is no number
    public long run() throws CheckpointException {
        boolean isSaveDue = false;
        while (optimizer.steps() < options.steps() && !(stopped && objective.canResumeAt(optimizer.steps()))) {
            step();
            long step = optimizer.steps();
            boolean last = step == options.steps();
            OptionalDouble loss = OptionalDouble.empty();
            if (last || TrainerOptions.due(options.validateEvery(), step)) {
                loss = validate(step);
            }
            if (TrainerOptions.due(options.sampleEvery(), step) || last && options.sampleEvery() > 0) {
                sample(step);
            }
            isSaveDue |= last || stopped || TrainerOptions.due(options.saveEvery(), step);
            if (isSaveDue && (last || objective.canResumeAt(step))) {
                save(step, loss);
                isSaveDue = false;
            }
        }
        if (stopped && lastSaved != optimizer.steps()) {
            save(optimizer.steps(), OptionalDouble.empty());
        }
        return optimizer.steps();
    }

    /// Weights that are not finite give no samples; the guard reports them at the next step.
    private void sample(long step) {
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
        StepLoss loss = objective.accumulate(pass, index);
        double norm = optimizer.gradientNorm(pass.weightGradients());
        tokens += loss.tokens();
        double rate = options.learningRate() * options.schedule().factor(index);
        Verdict verdict = guard.check(pass, index + 1, loss.loss(), norm);
        if (verdict.action() != Verdict.Action.UPDATE) {
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
        StepFigures figures = new StepFigures(index + 1, loss.loss(), norm, rate, loss.tokens(), tokens,
                (System.nanoTime() - start) / 1e9, loss.parts());
        each(l -> l.step(figures));
        loss.warnings().forEach(warning -> each(l -> l.warned(index + 1, warning)));
        if (!loss.texts().isEmpty()) {
            each(l -> l.scored(index + 1, loss.texts()));
        }
        if (TrainerOptions.due(options.measureEvery(), index + 1)) {
            Map<String, Double> values = norms.get();
            each(l -> l.measured(index + 1, values));
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
            boolean best = loss.getAsDouble() < bestLoss;
            bestLoss = best ? loss.getAsDouble() : bestLoss;
            Map<String, Double> figures = objective.validationFigures();
            if (!figures.isEmpty()) {
                each(l -> l.evaluated(step, figures));
            }
            each(l -> l.validated(step, loss.getAsDouble(), best));
        }
        return loss;
    }

    private void save(long step, OptionalDouble loss) throws CheckpointException {
        if (store.isPresent()) {
            OptionalDouble best = Double.isInfinite(bestLoss) ? OptionalDouble.empty() : OptionalDouble.of(bestLoss);
            Saved saved = store.get().save(content, optimizer, state,
                    new CheckpointStore.Progress(step, tokens, loss, best));
            lastSaved = step;
            each(l -> l.saved(saved));
        }
    }

    private void each(Consumer<TrainingListener> event) {
        listeners.forEach(event);
    }
}
