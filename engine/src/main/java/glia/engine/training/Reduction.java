package glia.engine.training;

import glia.tensor.autograd.Gradients;

/// Adds up what the ranks of a training run compute, each on its own part of a step's batch: totals before the losses,
/// gradients between the last backward pass and their norm. All ranks call these methods in the same order.
public interface Reduction {
    /// A run of one rank.
    Reduction NONE = new Reduction() {
        @Override
        public double sum(double ofRank) {
            return ofRank;
        }

        @Override
        public void completed(Gradients.Bucket bucket) { }

        @Override
        public void finish(Gradients gradients) { }
    };

    /// The sum of a number over all ranks, in the order of the ranks.
    double sum(double ofRank);

    /// A bucket of gradients is complete. Called once for each bucket and step, in the order of the buckets, on the
    /// thread of the backward pass, which goes on when this returns; it does not use the bucket any more.
    void completed(Gradients.Bucket bucket);

    /// Returns when the gradients are the sums over all ranks. Called once a step, after all buckets.
    void finish(Gradients gradients);
}
