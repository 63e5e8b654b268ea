package glia.train.run;

import glia.engine.training.Loss;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingPass;
import glia.train.data.Batches;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/// The mean of a loss over the scored tokens of a step: next-token prediction, masked tokens, answers of chats. The
/// micro-batches of a step are weighted by their tokens, so that the gradient is that of one large batch.
public final class LanguageObjective implements Objective {
    private final Batches training;
    private final Optional<Batches> validation;
    private final int validationBatches;
    private final int accumulate;
    private final Loss loss;

    /// @param training micro-batches
    /// @param accumulate micro-batches of a step
    /// @param loss a weighted mean over the rows of a batch
    public LanguageObjective(Batches training, int accumulate, Loss loss) {
        this(training, accumulate, loss, Optional.empty(), 0);
    }

    /// @param validation micro-batches, of which the first are used
    public LanguageObjective(Batches training, int accumulate, Loss loss, Optional<Batches> validation,
            int validationBatches) {
        this.training = training;
        this.accumulate = accumulate;
        this.loss = loss;
        this.validation = validation;
        this.validationBatches = validationBatches;
    }

    @Override
    public StepLoss accumulate(TrainingPass pass, long step) {
        List<TokenBatch> batches = new ArrayList<>();
        double total = 0;
        long tokens = 0;
        for (int i = 0; i < accumulate; i++) {
            TokenBatch batch = training.batch(step * accumulate + i);
            batches.add(batch);
            total += weight(batch);
            tokens += batch.numTokens();
        }
        double sum = 0;
        for (TokenBatch batch : batches) {
            double share = weight(batch) / total;
            sum += pass.loss(batch, accumulate == 1 ? loss : loss.scaled(share));
        }
        return new StepLoss(sum, tokens, Map.of());
    }

    /// The weighted mean of the cross-entropy, without the regularizers of the training loss.
    @Override
    public OptionalDouble validate(TrainingPass pass) {
        if (validation.isEmpty()) {
            return OptionalDouble.empty();
        }
        double sum = 0;
        double total = 0;
        for (int i = 0; i < validationBatches; i++) {
            TokenBatch batch = validation.get().batch(i);
            double weight = weight(batch);
            sum += weight * pass.evaluate(batch, Loss.CROSS_ENTROPY);
            total += weight;
        }
        return OptionalDouble.of(sum / total);
    }

    private static double weight(TokenBatch batch) {
        double sum = 0;
        for (float w : batch.weights()) {
            sum += w;
        }
        return sum;
    }
}
