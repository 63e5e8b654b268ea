package glia.engine.runner;

import glia.engine.pass.Engine;
import glia.engine.schedule.DecodeState;
import glia.engine.schedule.ModelRunner;
import glia.engine.state.Sequence;
import glia.engine.state.SequenceStates;
import glia.engine.steer.Steering;
import glia.model.block.Input;
import glia.model.cost.ParameterCount;
import glia.tensor.kernel.Kernels;
import java.util.List;

/// A runner that computes on an engine.
abstract sealed class EngineRunner implements ModelRunner permits PlainRunner, MtpRunner, DraftModelRunner {
    /// The engine.
    final Engine engine;

    private final boolean allowsDrafts;

    EngineRunner(Engine engine) {
        this.engine = engine;
        this.allowsDrafts = allowsDrafts(engine);
    }

    /// Whether sequences can be truncated by a few tokens, as rejected drafts require: not with recurrent states.
    static boolean allowsDrafts(Engine engine) {
        return !new SequenceStates(engine.model().spec(), engine.keyValueType(), engine.ops().kernels().workers())
                .isRecurrent();
    }

    /// A state of a sequence.
    ///
    /// @param goesBack whether the sequence keeps snapshots for truncation
    abstract DecodeState state(Sequence sequence, boolean goesBack);

    @Override
    public DecodeState open(boolean goesBack) {
        return state(engine.open(), goesBack);
    }

    @Override
    public DecodeState resume(String key, int[] tokens, List<Input.Embedded> embedded, boolean goesBack) {
        return state(engine.prefixCache().open(key, engine.prefixCache().keys(tokens, embedded)), goesBack);
    }

    @Override
    public void clearPrefixCache() {
        engine.prefixCache().clear();
    }

    @Override
    public final boolean keepsPrompts() {
        return engine.prefixCache().keepsPrompts();
    }

    /// The active parameters of an engine's model, as a share of this engine's.
    final double share(Engine drafter) {
        return (double) ParameterCount.of(drafter.model().spec()).active()
                / ParameterCount.of(engine.model().spec()).active();
    }

    @Override
    public final boolean allowsDrafts() {
        return allowsDrafts;
    }

    @Override
    public final void requireOpen() {
        engine.requireOpen();
    }

    @Override
    public final int vocabSize() {
        return engine.model().spec().vocabSize();
    }

    @Override
    public void requireSteering(Steering steering) {
        steering.require(engine.model().spec());
    }

    @Override
    public final long freeBytes() {
        return engine.pool().freeBytes();
    }

    @Override
    public final long usedBytes() {
        return engine.stateBytes();
    }

    @Override
    public final Kernels kernels() {
        return engine.ops().kernels();
    }

    @Override
    public final void claim() {
        engine.awaitClaim();
    }

    @Override
    public final boolean isClaimed() {
        return engine.isOwned();
    }

    @Override
    public final void requireIdle() {
        engine.requireIdle();
    }

    @Override
    public final void release() {
        engine.release();
    }
}
