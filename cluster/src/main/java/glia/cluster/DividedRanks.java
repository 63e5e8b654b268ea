package glia.cluster;

import glia.engine.training.Reduction;
import glia.engine.training.Shards;
import glia.tensor.autograd.Gradients;
import glia.tensor.ops.Weight;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/// Ranks of which each has a part of the model. Some of them have the same part, and add up its gradients.
abstract class DividedRanks implements Reduction, Shards, AutoCloseable {
    /// All ranks.
    final Collective all;
    /// The elements of weights by rank.
    private final Map<Weight, List<Range>> ranges = new IdentityHashMap<>();

    DividedRanks(Collective all) {
        this.all = all;
    }

    /// The ranks that add up gradients.
    abstract Reduction sums();

    /// The weights whose elements all ranks know, in an order that all ranks have.
    abstract List<Weight> shared();

    /// The elements that this rank speaks for, of a weight that it may have none of.
    Range spoken(Weight w) {
        return own(w);
    }

    @Override
    public int rank() {
        return all.rank();
    }

    @Override
    public int size() {
        return all.size();
    }

    @Override
    public int group() {
        return sums().group();
    }

    @Override
    public int numGroups() {
        return sums().numGroups();
    }

    @Override
    public double[] all(double... ofRank) {
        return sums().all(ofRank);
    }

    @Override
    public Optional<Context> context() {
        return sums().context();
    }

    @Override
    public boolean dividesWeights() {
        return false;
    }

    /// All ranks tell the elements of each at the first call. When ranks make their parts of a run one by one, it is
    /// too early.
    @Override
    public List<Range> ranges(Weight w) {
        exchangeRanges();
        return ranges.get(w);
    }

    final void exchangeRanges() {
        if (!ranges.isEmpty()) {
            return;
        }
        List<Weight> weights = shared();
        double[] bounds = new double[2 * weights.size()];
        for (int i = 0; i < weights.size(); i++) {
            bounds[2 * i] = spoken(weights.get(i)).from();
            bounds[2 * i + 1] = spoken(weights.get(i)).to();
        }
        double[][] ofRanks = all.all(bounds);
        for (int i = 0; i < weights.size(); i++) {
            List<Range> byRank = new ArrayList<>();
            for (double[] of : ofRanks) {
                byRank.add(new Range((long) of[2 * i], (long) of[2 * i + 1]));
            }
            ranges.put(weights.get(i), byRank);
        }
    }

    /// Whether ranks know the elements of each.
    final boolean hasRanges() {
        return !ranges.isEmpty();
    }

    /// Sends the values of a weight from one rank to another, which both call it.
    final void move(Weight w, int from, int to) {
        if (from != to && (rank() == from || rank() == to)) {
            ((Weight.Stored) w).update(t -> send(t.memory(), from, to));
        }
    }

    final void send(MemorySegment memory, int from, int to) {
        MemorySegment nothing = memory.asSlice(0, 0);
        if (rank() == from) {
            all.sendReceive(memory, to, nothing, to);
        } else {
            all.sendReceive(nothing, from, memory, from);
        }
    }

    @Override
    public double[] totals(double... ofRank) {
        return DataParallel.sums(all.all(ofRank));
    }

    @Override
    public void exchange(List<MemorySegment> send, List<MemorySegment> receive) {
        all.allToAll(send, receive);
    }

    @Override
    public void begin() {
        sums().begin();
    }

    @Override
    public void completed(Gradients.Bucket bucket) {
        sums().completed(bucket);
    }

    @Override
    public void finish(Gradients gradients) {
        sums().finish(gradients);
    }

    @Override
    public abstract void close();
}
