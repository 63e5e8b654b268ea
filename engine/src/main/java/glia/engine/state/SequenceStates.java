package glia.engine.state;

import glia.model.block.States;
import glia.model.spec.ModelSpec;
import glia.model.spec.Place;
import glia.tensor.Tensor;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;
import java.util.ArrayList;
import java.util.List;

/// The states of the sequences of one pass: sequence i belongs to run i. Reused from pass to pass.
public final class SequenceStates implements States {
    private final class Paged implements KeyValueState {
        private final int slot;
        private KeyValues[] views = new KeyValues[4];

        Paged(int slot) {
            this.slot = slot;
        }

        @Override
        public KeyValues[] append(Tensor keys, Tensor values, Runs runs) {
            if (views.length < runs.count()) {
                views = new KeyValues[runs.count()];
            }
            for (int i = 0; i < runs.count(); i++) {
                views[i] = sequences.get(i).append(slot, keys, values, runs.start(i), runs.end(i), runs.position(i));
            }
            return views;
        }
    }

    private final class Recurrent implements RecurrentState {
        private final int slot;

        Recurrent(int slot) {
            this.slot = slot;
        }

        @Override
        public long before(int run) {
            return sequences.get(run).recurrence(slot).before();
        }

        @Override
        public long after(int run) {
            return sequences.get(run).recurrence(slot).after();
        }
    }

    private final List<Sequence> sequences = new ArrayList<>();
    private final StateSlots slots;
    /// By slot; where the slot is of the other kind, one that is never asked for.
    private final KeyValueState[] paged;
    private final RecurrentState[] recurrent;

    /// Of a model.
    public SequenceStates(ModelSpec spec) {
        this(new StateSlots(spec));
    }

    /// Of a layer that drafts.
    public static SequenceStates ofDraft(ModelSpec spec, int draft) {
        int first = spec.firstPlace(draft);
        return new SequenceStates(new StateSlots(spec, first, first + spec.drafts().get(draft).sublayers().size()));
    }

    private SequenceStates(StateSlots slots) {
        this.slots = slots;
        paged = new KeyValueState[slots.all().size()];
        recurrent = new RecurrentState[paged.length];
        for (int i = 0; i < paged.length; i++) {
            paged[i] = new Paged(i);
            recurrent[i] = new Recurrent(i);
        }
    }

    /// A new, empty sequence.
    public Sequence open(PagePool pool) {
        return new Sequence(slots, pool);
    }

    /// Forgets the sequences of the last pass.
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

    /// Makes the tokens of the pass count in every sequence.
    public void advance(Runs runs) {
        for (int i = 0; i < runs.count(); i++) {
            sequences.get(i).advance(runs.end(i) - runs.start(i));
        }
    }

    /// Takes back what a pass that failed has appended.
    public void retract() {
        for (int i = 0; i < sequences.size(); i++) {
            sequences.get(i).retract();
        }
    }

    @Override
    public KeyValueState keyValues(Place place, int index) {
        return paged[slots.of(place, index)];
    }

    @Override
    public RecurrentState recurrence(Place place, int index) {
        return recurrent[slots.of(place, index)];
    }
}
