package glia.tensor.ops;

import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;

/// How indexers of sparse attention are trained, and their mean divergence. See `IndexerLoss`.
public final class IndexerTraining {
    /// What the model attends to while indexers learn.
    public enum Stage {
        /// All positions, and indexers learn from all: the warm-up, with all else frozen.
        DENSE,
        /// The chosen positions, and indexers learn from these.
        SPARSE
    }

    private final Stage stage;
    private final DoubleAdder sum = new DoubleAdder();
    private final LongAdder tokens = new LongAdder();

    /// Nothing counted yet.
    public IndexerTraining(Stage stage) {
        this.stage = stage;
    }

    /// Whether the model attends to all positions.
    public boolean isDense() {
        return stage == Stage.DENSE;
    }

    /// Counts the divergence of a token, in nats. From any thread.
    public void add(double divergence) {
        sum.add(divergence);
    }

    /// Counts tokens whose divergences were added.
    public void addTokens(int count) {
        tokens.add(count);
    }

    /// The mean over tokens and layers since the last call, not a number without any.
    public double take() {
        return sum.sumThenReset() / tokens.sumThenReset();
    }
}
