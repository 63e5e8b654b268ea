package glia.train.run;

import glia.engine.training.TrainingPass;
import glia.train.loss.TokenAccuracy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/// The mean loss of the micro-batches of a step: next tokens, masked tokens, answers, labels, pairs. Micro-batches are
/// weighted, so that the gradient is that of one large batch.
///
/// @param training micro-batches
/// @param accumulate micro-batches of a step
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
        double total = 0;
        for (int i = 0; i < accumulate; i++) {
            batches.add(training.batch(step * accumulate + i));
            total += batches.getLast().weight();
        }
        total = pass.total(total);
        pass.expectLosses(accumulate);
        double sum = 0;
        long tokens = 0;
        for (LossBatch batch : batches) {
            sum += pass.loss(batch.tokens(), batch.share(total));
            tokens += batch.tokens().numTokens();
            batch.tokens().release();
        }
        return Objective.StepLoss.of(sum, tokens);
    }

    @Override
    public OptionalDouble validate(TrainingPass pass) {
        accuracy.ifPresent(TokenAccuracy::reset);
        double sum = 0;
        double total = 0;
        for (int i = 0; i < validationBatches; i++) {
            LossBatch batch = validation.batch(i);
            sum += batch.weight() * pass.evaluate(batch.tokens(), batch.loss());
            total += batch.weight();
            batch.tokens().release();
        }
        return validationBatches == 0 ? OptionalDouble.empty() : OptionalDouble.of(sum / total);
    }

    @Override
    public Map<String, Double> validationFigures() {
        return accuracy.map(TokenAccuracy::figures).orElse(Map.of());
    }
}
