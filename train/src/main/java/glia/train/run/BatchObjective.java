package glia.train.run;

import glia.engine.training.TrainingPass;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/// The mean loss of the micro-batches of a step: next tokens, masked tokens, answers, labels, pairs. Micro-batches are
/// weighted, so that the gradient is that of one large batch.
///
/// @param training micro-batches
/// @param accumulate micro-batches of a step
/// @param validation micro-batches with the losses of validation
/// @param validationBatches how many of them; 0 for no validation
public record BatchObjective(LossBatch.Source training, int accumulate, LossBatch.Source validation,
        int validationBatches) implements Objective {
    /// Without validation.
    public BatchObjective(LossBatch.Source training, int accumulate) {
        this(training, accumulate, training, 0);
    }

    @Override
    public StepLoss accumulate(TrainingPass pass, long step) {
        List<LossBatch> batches = new ArrayList<>();
        double total = 0;
        for (int i = 0; i < accumulate; i++) {
            batches.add(training.batch(step * accumulate + i));
            total += batches.getLast().weight();
        }
        double sum = 0;
        long tokens = 0;
        for (LossBatch batch : batches) {
            double share = batch.weight() / total;
            sum += pass.loss(batch.tokens(), accumulate == 1 ? batch.loss() : batch.loss().scaled(share));
            tokens += batch.tokens().numTokens();
            batch.tokens().release();
        }
        return StepLoss.of(sum, tokens);
    }

    @Override
    public OptionalDouble validate(TrainingPass pass) {
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
}
