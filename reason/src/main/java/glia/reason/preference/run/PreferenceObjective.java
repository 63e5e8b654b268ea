package glia.reason.preference.run;

import glia.engine.training.Loss;
import glia.engine.training.Predictions;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingPass;
import glia.reason.preference.Scored;
import glia.train.run.BatchObjective;
import glia.train.run.LossBatch;
import glia.train.run.Objective.StepLoss;
import glia.train.run.Objective;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.DoubleStream;

/// The mean loss of preferences, with the rewards that the policy implies as figures.
final class PreferenceObjective implements Objective {
    private final PreferenceBatch.Source training;
    private final int accumulate;
    private final PreferenceBatch.Source validation;
    private final int validationBatches;
    private final boolean arePairs;
    private final UnaryOperator<Loss> change;
    private Map<String, Double> validated = Map.of();

    /// @param accumulate micro-batches of a step
    /// @param validationBatches how many there are; 0 for no validation
    /// @param arePairs whether the data are pairs
    /// @param change adds further losses to those of training
    PreferenceObjective(PreferenceBatch.Source training, int accumulate, PreferenceBatch.Source validation,
            int validationBatches, boolean arePairs, UnaryOperator<Loss> change) {
        this.training = training;
        this.accumulate = accumulate;
        this.validation = validation;
        this.validationBatches = validationBatches;
        this.arePairs = arePairs;
        this.change = change;
    }

    /// Micro-batches with their losses, whose figures are kept.
    private static LossBatch.Source losses(PreferenceBatch.Source batches, TrainingPass pass, Figures figures) {
        return index -> {
            PreferenceBatch batch = batches.batch(index);
            Function<Predictions, Scored> loss = batch.prepare().apply(pass);
            return new LossBatch(batch.tokens(), p -> {
                Scored scored = loss.apply(p);
                figures.add(scored, batch.weight());
                return scored.loss();
            }, batch.weight());
        };
    }

    @Override
    public StepLoss accumulate(TrainingPass pass, long step) {
        Figures figures = new Figures();
        StepLoss loss = new BatchObjective(losses(training, pass, figures).with(change), accumulate)
                .accumulate(pass, step);
        return new StepLoss(loss.loss(), loss.tokens(), figures.all(arePairs));
    }

    /// The figures are those of this rank's micro-batches.
    @Override
    public boolean isParallel() {
        return true;
    }

    @Override
    public OptionalDouble validate(TrainingPass pass) {
        Figures figures = new Figures();
        LossBatch.Source batches = losses(validation, pass, figures);
        OptionalDouble loss = new BatchObjective(batches, 1, batches, validationBatches).validate(pass);
        validated = figures.all(arePairs);
        return loss;
    }

    @Override
    public Map<String, Double> validationFigures() {
        return validated;
    }

    /// Figures of several micro-batches: rewards of all, and weighted means of the rest.
    static final class Figures {
        private final DoubleStream.Builder chosen = DoubleStream.builder();
        private final DoubleStream.Builder rejected = DoubleStream.builder();
        private final Map<String, double[]> sums = new LinkedHashMap<>();

        void add(Scored scored, double weight) {
            DoubleStream.of(scored.chosenRewards()).forEach(chosen);
            DoubleStream.of(scored.rejectedRewards()).forEach(rejected);
            scored.figures().forEach((name, value) -> {
                double[] sum = sums.computeIfAbsent(name, n -> new double[2]);
                sum[0] += weight * value;
                sum[1] += weight;
            });
        }

        /// @param arePairs whether the i-th chosen and rejected completions belong together
        Map<String, Double> all(boolean arePairs) {
            Map<String, Double> all = Scored.rewards(chosen.build().toArray(), rejected.build().toArray(), arePairs);
            sums.forEach((name, sum) -> all.put(name, sum[0] / sum[1]));
            return all;
        }
    }

    /// A micro-batch of preferences with the loss on it.
    ///
    /// @param tokens the sequences
    /// @param weight what the loss is a mean over, such as the number of pairs
    /// @param prepare gives the loss, once it has computed what that needs besides the policy's predictions, such as
    ///     log-probabilities under the reference model
    record PreferenceBatch(TokenBatch tokens, double weight,
            Function<TrainingPass, Function<Predictions, Scored>> prepare) {
        /// Micro-batches by number, each a pure function of it.
        @FunctionalInterface
        interface Source {
            PreferenceBatch batch(long index);
        }
    }
}
