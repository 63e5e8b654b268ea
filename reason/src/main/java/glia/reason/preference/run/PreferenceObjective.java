package glia.reason.preference.run;

import glia.engine.training.Loss;
import glia.engine.training.Predictions;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingPass;
import glia.reason.preference.Scored;
import glia.train.run.LossBatch;
import glia.train.run.Objective.StepLoss;
import glia.train.run.Objective;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
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

    /// The loss of a micro-batch, whose figures are kept.
    private static Loss kept(PreferenceBatch batch, TrainingPass pass, Figures figures) {
        Function<Predictions, Scored> loss = batch.prepare().apply(pass);
        return p -> {
            Scored scored = loss.apply(p);
            figures.add(scored, batch.weight());
            return scored.loss();
        };
    }

    @Override
    public StepLoss accumulate(TrainingPass pass, long step) {
        List<PreferenceBatch> batches = new ArrayList<>();
        double total = 0;
        for (int i = 0; i < accumulate; i++) {
            batches.add(training.batch(step * accumulate + i));
            total += batches.getLast().weight();
        }
        total = pass.total(total);
        pass.expectLosses(accumulate);
        Figures figures = new Figures();
        double loss = 0;
        long tokens = 0;
        for (PreferenceBatch batch : batches) {
            Loss changed = change.apply(kept(batch, pass, figures));
            loss += pass.loss(batch.tokens(), new LossBatch(batch.tokens(), changed, batch.weight()).share(total));
            tokens += batch.tokens().numTokens();
        }
        return new StepLoss(loss, tokens, figures.all(arePairs));
    }

    @Override
    public OptionalDouble validate(TrainingPass pass) {
        Figures figures = new Figures();
        double sum = 0;
        double total = 0;
        for (int i = 0; i < validationBatches; i++) {
            PreferenceBatch batch = validation.batch(i);
            sum += batch.weight() * pass.evaluate(batch.tokens(), kept(batch, pass, figures));
            total += batch.weight();
        }
        validated = figures.all(arePairs);
        return validationBatches == 0 ? OptionalDouble.empty() : OptionalDouble.of(sum / total);
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
