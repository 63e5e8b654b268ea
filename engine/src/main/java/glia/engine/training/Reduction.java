package glia.engine.training;

import glia.tensor.autograd.Gradients;
import glia.tensor.ops.RankGroup;
import glia.tensor.ops.Weight;
import glia.tensor.ops.attention.ContextParallel;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/// Adds up what the ranks of a training run compute, each on its own micro-batches of a step: of `n` ranks, rank
/// `i mod n` computes micro-batch `i`, and sums are those of the micro-batches in their order, whatever n is. Where
/// ranks share the tokens of micro-batches, groups of them take the place of ranks.
/// All ranks call these methods in the same order.
public interface Reduction extends Gradients.Sums {
    /// A run of one rank.
    Reduction NONE = new Reduction() {
        @Override
        public int rank() {
            return 0;
        }

        @Override
        public int size() {
            return 1;
        }

        @Override
        public double[] all(double... ofRank) {
            return ofRank;
        }

        @Override
        public void begin() { }

        @Override
        public void completed(Gradients.Bucket bucket) { }

        @Override
        public void finish(Gradients gradients) { }

        @Override
        public Shards shard(Gradients gradients, Predicate<Weight> isWhole, boolean frees) {
            throw new IllegalArgumentException("one rank has nothing to share");
        }

        @Override
        public Map<String, Double> figures() {
            return Map.of();
        }
    };

    /// Whether ranks take steps by themselves, so that only their weights are averaged now and then, and no gradients
    /// are added up.
    default boolean isLocal() {
        return false;
    }

    /// The ranks that share the tokens of each micro-batch.
    ///
    /// @param method how attention gets keys and values of the others
    record Context(RankGroup ranks, ContextParallel.Method method) { }

    /// The ranks that share this rank's micro-batches; empty if it has its own.
    default Optional<Context> context() {
        return Optional.empty();
    }

    /// The stages of a model on ranks.
    ///
    /// @param ranks that compute this rank's micro-batches, one stage or several on each
    record Pipeline(RankGroup ranks, PipelineStages stages) { }

    /// Ranks of which the last ones generate rollouts for the first ones, which update the weights.
    ///
    /// @param ranks all of them
    /// @param updating the number of those that update
    /// @param weights that they send to the others, in the same order on all
    record Rollouts(RankGroup ranks, int updating, List<Weight.Stored> weights) {
        /// Whether this rank generates, and updates nothing.
        public boolean isGenerating() {
            return ranks.rank() >= updating;
        }
    }

    /// The ranks that update and those that generate rollouts for them; empty if each rank does both, or neither. The
    /// numbers of this reduction are then those of this rank's kind.
    default Optional<Rollouts> rollouts() {
        return Optional.empty();
    }

    /// The parts of the model that ranks have; empty if they have all of each layer.
    default Optional<TensorParts> tensor() {
        return Optional.empty();
    }

    /// The experts that ranks have; empty if they have all.
    default Optional<ExpertParts> experts() {
        return Optional.empty();
    }

    /// Whether ranks compute passes together, so that all compute as many.
    default boolean passesTogether() {
        return dividesWeights() || experts().isPresent();
    }

    /// Forward passes of this rank's layers begin, after which it may not have the others' weights.
    default void forward() { }

    /// The backward pass of a micro-batch through one of the stages of a pipeline begins.
    default void backward(int stage) { }

    /// The ranks that have the other layers; empty if this rank has all.
    default Optional<Pipeline> pipeline() {
        return Optional.empty();
    }

    /// The number of this rank, from 0.
    int rank();

    /// The number of ranks.
    int size();

    /// The number of the group of ranks that share micro-batches which this rank belongs to, from 0.
    default int group() {
        return rank() / context().map(c -> c.ranks().size()).orElse(1);
    }

    /// The number of groups of ranks that share micro-batches.
    default int numGroups() {
        return size() / context().map(c -> c.ranks().size()).orElse(1);
    }

    /// The numbers of all groups of ranks that share micro-batches: the first of group 0, the first of group 1, …, the
    /// second of group 0, …. So numbers of micro-batches come in the order of the micro-batches.
    ///
    /// @param ofRank as many on each rank
    double[] all(double... ofRank);

    /// The sums of numbers over all ranks, in their order, also over those that share micro-batches.
    default double[] totals(double... ofRank) {
        return ofRank;
    }

    /// The next pass is the last one of the step.
    default void last() { }

    /// Returns when the gradients are the sums over all passes of all ranks. Called once a step, after all passes.
    void finish(Gradients gradients);

    /// Leaves the sums of gradients where they are added up: each rank has those of its elements alone. Called before
    /// the first pass.
    ///
    /// @param isWhole whether all elements of a weight are to be of one rank
    /// @param frees whether gradients lose their memory when other ranks have them
    Shards shard(Gradients gradients, Predicate<Weight> isWhole, boolean frees);

    /// Leaves each rank with its elements of the weights alone, which `shard` has divided: passes gather those that
    /// they read. All weights are whole until the first pass.
    ///
    /// @throws IllegalArgumentException if the system cannot take memory back
    default void divideWeights() {
        throw new IllegalArgumentException("one rank has nothing to share");
    }

    /// Gives the first rank all weights until the next pass, where they are divided: for checkpoints and samples. All
    /// ranks call it.
    default void gatherWeights() { }

    /// Sends memory of a rank to the first one. These two ranks call it.
    ///
    /// @param memory of the sender, or that of the first rank to receive it
    default void toFirst(int from, MemorySegment memory) { }

    /// Bytes that this rank has sent for gradients and weights, and seconds that it waited for them, since the last
    /// call.
    Map<String, Double> figures();
}
