package glia.engine;

import glia.engine.state.Sequence;
import glia.model.block.Pass.Outputs;
import glia.model.spec.Encoder;
import glia.tensor.Tensor;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// Each token takes a pass. An encoder-decoder hands the prompt to its encoder and begins a text of its own.
final class PlainSteps implements Steps {
    /// Earlier lengths to go back to, where a prompt begins as the last one did and the model forgets.
    static final int NUM_SNAPSHOTS = 4;

    private final Engine engine;
    private final Optional<Encoder> encoder;
    private final Sequence sequence;
    private final int[] next = new int[1];

    PlainSteps(Engine engine) {
        this.engine = engine;
        encoder = engine.model().spec().encoder();
        sequence = engine.open();
        sequence.keepSnapshots(NUM_SNAPSHOTS);
    }

    @Override
    public int length() {
        return sequence.length();
    }

    @Override
    public int keep(int most) {
        return sequence.truncateToMost(encoder.isPresent() ? 0 : most);
    }

    @Override
    public Tensor prefill(int[] prompt, int from, BooleanSupplier cancelled) {
        if (encoder.isPresent()) {
            next[0] = encoder.get().startToken();
            engine.add(sequence, prompt, next, 0, 1, Outputs.LAST);
            return engine.run();
        }
        return engine.prefill(sequence, prompt, from, prompt.length, cancelled);
    }

    @Override
    public Tensor step(int token) {
        next[0] = token;
        engine.add(sequence, next, 0, 1, Outputs.LAST);
        return engine.run();
    }

    @Override
    public int numDrafted() {
        return 0;
    }

    @Override
    public int numAccepted() {
        return 0;
    }

    @Override
    public void close() {
        sequence.close();
    }
}
