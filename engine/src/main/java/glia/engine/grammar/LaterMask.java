package glia.engine.grammar;

import glia.engine.grammar.limit.CallerThreads;
import glia.engine.grammar.limit.GrammarBudget;
import glia.engine.grammar.limit.MemoryPart;
import glia.engine.sampling.TokenMask;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;

/// A mask, or what it needs, that takes long: it is computed on one of a few threads for all grammars, in turns by the
/// [caller][TokenMask#CALLER].
final class LaterMask extends FutureTask<long[]> {
    private static final CallerThreads THREADS = new CallerThreads("glia-mask-", CallerThreads.defaultCount());

    private final MemoryPart<Void> use;
    private final AtomicBoolean hasBegun;
    private final Runnable done;

    private LaterMask(MemoryPart<Void> use, Callable<long[]> work, AtomicBoolean hasBegun, Runnable done) {
        super(() -> {
            if (!hasBegun.compareAndSet(false, true)) {
                return null;
            }
            try (use) {
                return GrammarBudget.cancellable(work::call);
            }
        });
        this.use = use;
        this.hasBegun = hasBegun;
        this.done = done;
    }

    /// Begins work.
    ///
    /// @param use of the grammar, for this work; closed when it has ended
    /// @param done called when the work is done or cancelled
    static Future<long[]> begin(MemoryPart<Void> use, Callable<long[]> work, Runnable done) {
        LaterMask task = new LaterMask(use, work, new AtomicBoolean(), done);
        THREADS.run(TokenMask.CALLER.orElse(""), task);
        return task;
    }

    @Override
    protected void done() {
        done.run();
        // Work that is cancelled while it runs ends a little later.
        if (hasBegun.compareAndSet(false, true)) {
            use.close();
        }
    }
}
