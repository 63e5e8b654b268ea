package glia.engine.state;

import glia.model.Model;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.model.spec.ModelSpec;
import glia.model.spec.Place;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.PageChoice;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.CacheRanks;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongSupplier;

/// The states of the sequences of one pass: sequence i belongs to run i. Reused from pass to pass.
public final class SequenceStates implements States {
    private final class CachedKeyValues implements KeyValueState {
        private final BlockGroup.Part part;
        private final int group;
        private final int slot;
        private KeyValues[] views = {};

        CachedKeyValues(int slot) {
            this.slot = slot;
            part = layout.part(slot);
            group = layout.index(part.group());
        }

        @Override
        public KeyValues[] append(Tensor keys, Tensor values, Runs runs) {
            read(this);
            int known = views.length;
            if (known < runs.count()) {
                views = Arrays.copyOf(views, Math.max(runs.count(), 2 * known));
                for (int i = known; i < views.length; i++) {
                    views[i] = part.newView();
                }
            }
            for (int i = 0; i < runs.count(); i++) {
                sequences.get(i).table(group).append(part, keys, values, runs.start(i), runs.end(i), views[i],
                        store);
            }
            return views;
        }

        @Override
        public void queries(Tensor queries, Runs runs, AttentionShape shape) {
            for (int i = 0; i < runs.count(); i++) {
                Sequence sequence = sequences.get(i);
                if (sequence.queries() != null) {
                    sequence.queries().put(slot, sequence.length(), queries, runs.start(i), runs.end(i), shape);
                }
            }
        }
    }

    private final class Recurrent implements RecurrentState {
        private final long offset;

        Recurrent(int slot) {
            offset = layout.stateOffset(slot);
        }

        @Override
        public long before(int run) {
            long address = sequences.get(run).stateBefore();
            return address == 0 ? 0 : address + offset;
        }

        @Override
        public long after(int run) {
            long address = sequences.get(run).stateAfter();
            return address == 0 ? 0 : address + offset;
        }
    }

    private final List<Sequence> sequences = new ArrayList<>();
    /// The layer whose pages are being read; null outside of a pass.
    private CachedKeyValues reading;
    private final StateSlots slots;
    private final KeyValueType type;
    /// Null for full attention.
    private final PageChoice choice;
    /// Ranks that have some blocks of causal layers each; null where each has all.
    private final CacheRanks ranks;
    private final StateLayout layout;
    private final RowStore store;
    private final boolean hasSources;
    /// By slot; null where the slot is of the other kind.
    private final KeyValueState[] keyValues;
    private final RecurrentState[] recurrent;

    /// Creates the states of a model.
    ///
    /// @param type of keys and values
    /// @param workers the threads that convert them
    public SequenceStates(ModelSpec spec, KeyValueType type, Workers workers) {
        this(spec, type, workers, null);
    }

    /// @param choice which pages single queries attend to; null for all
    public SequenceStates(ModelSpec spec, KeyValueType type, Workers workers, PageChoice choice) {
        this(new StateSlots(spec), type, workers, choice, null);
    }

    /// Creates the states of a model: of a rank's layers, or of all layers where they differ in what they keep, so that
    /// all ranks cut and drop the same.
    ///
    /// @param choice which pages single queries attend to; null for all
    public static SequenceStates of(Model model, KeyValueType type, Workers workers, PageChoice choice) {
        CacheRanks ranks = model.dividedProducts().cache().orElse(null);
        SequenceStates all = new SequenceStates(new StateSlots(model.spec()), type, workers, choice, ranks);
        boolean differs = all.layout.groups().size() > 1 || all.layout.isLossy() || all.hasSources;
        return model.dividedProducts().layers().filter(own -> !differs).map(own -> new SequenceStates(
                new StateSlots(model.spec(), own.first(), own.end()), type, workers, choice, null)).orElse(all);
    }

    /// Creates the states of a multi-token-prediction layer.
    public static SequenceStates ofDraft(ModelSpec spec, int draft, KeyValueType type, Workers workers) {
        int first = spec.firstPlace(draft);
        return new SequenceStates(new StateSlots(spec, first, first + spec.drafts().get(draft).sublayers().size()),
                type, workers, null, null);
    }

    private SequenceStates(StateSlots slots, KeyValueType type, Workers workers, PageChoice choice,
            CacheRanks ranks) {
        this.ranks = ranks;
        this.slots = slots;
        this.type = type;
        this.choice = choice;
        layout = new StateLayout(slots.all(), type, choice, ranks);
        store = new RowStore(workers);
        hasSources = layout.hasSources();
        keyValues = new KeyValueState[slots.all().size()];
        recurrent = new RecurrentState[keyValues.length];
        for (int i = 0; i < keyValues.length; i++) {
            keyValues[i] = layout.part(i) == null ? null : new CachedKeyValues(i);
            recurrent[i] = layout.part(i) == null ? new Recurrent(i) : null;
        }
    }

    /// Whether there are recurrent states, which can be truncated only at snapshots.
    public boolean isRecurrent() {
        return layout.isRecurrent();
    }

    /// The type of keys and values.
    public KeyValueType type() {
        return type;
    }

    /// Which pages single queries attend to; null for all.
    public PageChoice choice() {
        return choice;
    }

    /// A new, empty sequence.
    public Sequence open(BlockPool pool) {
        return new Sequence(layout, pool);
    }

    /// A new, empty prefix cache for sequences of a pool.
    ///
    /// @param limitBytes the most bytes that it refers to; less when sequences need them
    /// @param weights gives the version of the weights that sequences are computed with
    public PrefixCache newPrefixCache(BlockPool pool, long limitBytes, LongSupplier weights) {
        return new PrefixCache(layout, pool, limitBytes, weights);
    }

    /// A prefix cache of the size that suits the pool and contexts of a length; parameters as above.
    public PrefixCache prefixCacheFor(BlockPool pool, int context, LongSupplier weights) {
        if (ranks != null) {
            // Blocks of ranks have different sizes, so that a limit would drop other prefixes on each.
            return newPrefixCache(pool, 0, weights);
        }
        try (Sequence longest = open(pool)) {
            return newPrefixCache(pool, pool.cacheLimitBytes(longest.bytesToAppend(context)), weights);
        }
    }

    /// Removes the sequences of the last pass.
    public void clear() {
        sequences.clear();
    }

    /// Adds the sequence of the next run.
    public void add(Sequence sequence) {
        if (sequences.contains(sequence)) {
            throw new IllegalArgumentException("a sequence takes part in a pass only once");
        }
        sequences.add(sequence);
    }

    /// Takes all blocks that the pass needs, before anything is computed.
    ///
    /// @throws IllegalArgumentException if a sequence does not end where its run begins
    /// @throws StateMemoryException if the memory does not suffice; `retract` then frees what was taken
    public void prepare(Pass pass) {
        Runs runs = pass.runs();
        for (int i = 0; i < runs.count(); i++) {
            int sourceCount = hasSources ? count(pass.source().runs(), i) : 0;
            sequences.get(i).prepare(runs.position(i), count(runs, i), sourceCount);
        }
    }

    private static int count(Runs runs, int run) {
        return runs.end(run) - runs.start(run);
    }

    /// The memory that held pages of the last layer's keys and values is given back before the next layer is read.
    private void read(CachedKeyValues next) {
        if (reading != null && reading != next) {
            for (int i = 0; i < sequences.size(); i++) {
                sequences.get(i).unload(reading.group, reading.part);
            }
        }
        reading = next;
    }

    /// Commits the tokens of the pass in every sequence.
    public void advance(Runs runs) {
        read(null);
        for (int i = 0; i < runs.count(); i++) {
            sequences.get(i).advance(count(runs, i));
        }
    }

    /// Reverts the preparation of a pass that failed.
    public void retract() {
        read(null);
        for (int i = 0; i < sequences.size(); i++) {
            sequences.get(i).retract();
        }
    }

    @Override
    public KeyValueState keyValues(Place place, int index) {
        return keyValues[slots.of(place, index)];
    }

    @Override
    public RecurrentState recurrence(Place place, int index) {
        return recurrent[slots.of(place, index)];
    }
}
