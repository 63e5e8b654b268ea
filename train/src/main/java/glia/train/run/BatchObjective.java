package glia.train.run;

import glia.engine.training.TrainingPass;
import glia.train.loss.TokenAccuracy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/// The mean loss of the micro-batches of a step: next tokens, masked tokens, answers, labels, pairs. Micro-batches are
/// weighted, so that the gradient is that of one large batch. With several ranks each computes its share of them.
///
/// @param training micro-batches
/// @param accumulate micro-batches of a step on each rank
/// @param validation micro-batches with the losses of validation
/// @param validationBatches how many of them; 0 for no validation
/// @param accuracy the loss of validation that counts right tokens, if it is one
public record BatchObjective(LossBatch.Source training, int accumulate, LossBatch.Source validation,
        int validationBatches, Optional<TokenAccuracy> accuracy) implements Objective {
    /// Without accuracies.
    public BatchObjective(LossBatch.Source training, int accumulate, LossBatch.Source validation,
            int validationBatches) {
        this(training, accumulate, validation, validationBatches, Optional.empty());
    }

    /// Without validation.
    public BatchObjective(LossBatch.Source training, int accumulate) {
        this(training, accumulate, training, 0);
    }

    @Override
    public Objective.StepLoss accumulate(TrainingPass pass, long step) {
        List<LossBatch> batches = new ArrayList<>();
        for (int i = 0; i < accumulate; i++) {
            batches.add(training.batch((step * accumulate + i) * pass.reduction().numGroups()
                    + pass.reduction().group()));
        }
        double total = pass.stepTotal(batches.stream().mapToDouble(LossBatch::weight).toArray());
        double[] losses = pass.losses(batches.stream().map(LossBatch::tokens).toList(),
                batches.stream().map(b -> b.share(total)).toList());
        long tokens = batches.stream().mapToLong(b -> b.tokens().numTokens()).sum();
        batches.forEach(b -> b.tokens().release());
        return Objective.StepLoss.of(pass.stepTotal(losses), (long) pass.total(tokens));
    }

    @Override
    public boolean isParallel() {
        return true;
    }

    @Override
    public OptionalDouble validate(TrainingPass pass) {
        accuracy.ifPresent(TokenAccuracy::reset);
        if (validationBatches == 0) {
            return OptionalDouble.empty();
        }
        // Counts of right tokens are not added up over ranks, so each of them computes all batches then.
        int ranks = accuracy.isPresent() ? 1 : pass.reduction().numGroups();
        int rank = accuracy.isPresent() ? 0 : pass.reduction().group();
        double[] sums = new double[Math.ceilDiv(validationBatches, ranks)];
        double[] weights = new double[sums.length];
        int all = pass.reduction().passesTogether() ? sums.length * ranks : validationBatches;
        for (int i = rank; i < all; i += ranks) {
            LossBatch batch = validation.batch(Math.min(i, validationBatches - 1));
            double loss = pass.evaluate(batch.tokens(), batch.loss());
            if (i < validationBatches) {
                sums[i / ranks] = batch.weight() * loss;
                weights[i / ranks] = batch.weight();
            }
            batch.tokens().release();
        }
        return OptionalDouble.of(ranks == 1 ? Arrays.stream(sums).reduce(0, Double::sum)
                / Arrays.stream(weights).reduce(0, Double::sum) : pass.total(sums) / pass.total(weights));
    }

    @Override
    public Map<String, Double> validationFigures() {
        return accuracy.map(TokenAccuracy::figures).orElse(Map.of());
    }
}
