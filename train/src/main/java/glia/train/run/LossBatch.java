package glia.train.run;

import glia.engine.training.Loss;
import glia.engine.training.TokenBatch;
import glia.train.data.Batches;
import java.util.function.UnaryOperator;

/// A micro-batch with the loss on it.
///
/// @param loss a mean over the batch
/// @param weight what the mean is over, such as the number of scored tokens or texts: a step's loss is the mean of its
///     micro-batches by these weights
public record LossBatch(TokenBatch tokens, Loss loss, double weight) {
    /// A loss that is a weighted mean over the rows of a batch.
    public static LossBatch ofRows(TokenBatch tokens, Loss loss) {
        return new LossBatch(tokens, loss, tokens.totalWeight());
    }

    /// The part of a step's loss that is this batch's: its loss times its share of the step's weight.
    public Loss share(double total) {
        return weight == total ? loss : loss.scaled(weight / total);
    }

    /// The same batch with another loss, made of this one.
    LossBatch with(UnaryOperator<Loss> change) {
        return new LossBatch(tokens, change.apply(loss), weight);
    }

    /// Micro-batches by number, each a pure function of it. Who computes its loss releases its tokens.
    @FunctionalInterface
    public interface Source {
        /// @param index 0 for the first
        LossBatch batch(long index);

        /// Batches of tokens with one loss for all.
        static Source of(Batches batches, Loss loss) {
            return index -> ofRows(batches.batch(index), loss);
        }

        /// The same batches with other losses, made of theirs.
        default Source with(UnaryOperator<Loss> change) {
            return index -> batch(index).with(change);
        }
    }
}
