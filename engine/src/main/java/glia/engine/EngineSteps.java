package glia.engine;

import glia.engine.schedule.Steps;
import glia.tensor.kernel.Kernels;

/// Steps computed by an engine.
abstract sealed class EngineSteps implements Steps permits PlainSteps, DraftedSteps {
    /// What computes.
    final Engine engine;

    EngineSteps(Engine engine) {
        this.engine = engine;
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
    public final boolean claim() {
        return engine.claimIdle();
    }

    @Override
    public final void release() {
        engine.release();
    }
}
