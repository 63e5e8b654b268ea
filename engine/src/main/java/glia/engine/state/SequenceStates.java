package glia.engine.state;

import glia.model.block.States;
import glia.model.spec.ModelSpec;
import glia.tensor.Tensor;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.Runs;
import java.util.ArrayList;
import java.util.List;

/// The states of the sequences of one pass: sequence i belongs to run i. Reused from pass to pass.
public final class SequenceStates implements States {
    private final class OfSublayer implements KeyValueState {
        private final int sublayer;
        private KeyValues[] views = new KeyValues[4];

        OfSublayer(int sublayer) {
            this.sublayer = sublayer;
        }

        @Override
        public KeyValues[] append(Tensor keys, Tensor values, Runs runs) {
            if (views.length < runs.count()) {
                views = new KeyValues[runs.count()];
            }
            for (int i = 0; i < runs.count(); i++) {
                views[i] = sequences.get(i)
                        .append(sublayer, keys, values, runs.start(i), runs.end(i), runs.position(i));
            }
            return views;
        }
    }

    private final List<Sequence> sequences = new ArrayList<>();
    private final KeyValueState[] bySublayer;

    public SequenceStates(ModelSpec spec) {
        bySublayer = new KeyValueState[spec.sublayers().size()];
        for (int i = 0; i < bySublayer.length; i++) {
            bySublayer[i] = new OfSublayer(i);
        }
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
    public KeyValueState keyValues(int sublayer) {
        return bySublayer[sublayer];
    }
}
