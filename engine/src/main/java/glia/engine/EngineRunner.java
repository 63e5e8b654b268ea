package glia.engine;

import glia.engine.schedule.ModelRunner;
import glia.tensor.kernel.Kernels;

/// A runner that computes on an engine.
abstract sealed class EngineRunner implements ModelRunner permits PlainRunner, SpeculativeRunner {
    /// The engine.
    final Engine engine;

    EngineRunner(Engine engine) {
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
