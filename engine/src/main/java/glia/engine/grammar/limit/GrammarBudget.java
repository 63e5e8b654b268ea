package glia.engine.grammar.limit;

import java.util.concurrent.CancellationException;
import java.util.function.Supplier;

/// The steps, memory and time that are left to compile a grammar, or to compute one of its masks. Every loop whose
/// length depends on the grammar counts here. Not thread-safe.
///
/// Compiling ends with a [CancellationException] when its thread is interrupted.
public final class GrammarBudget {
    private static final ScopedValue<GrammarBudget> CURRENT = ScopedValue.newInstance();
    private static final ScopedValue<Boolean> CANCELLABLE = ScopedValue.newInstance();
    /// Steps between two looks at the clock.
    private static final int SLICE = 4096;

    private long most;
    private long left;
    private long slice;
    /// When the time is over, in nanoseconds of the clock; 0 before the first look at it.
    private long end;
    private long bytes;
    /// The part of the memory of all grammars; null for what no grammar is compiled with.
    private final MemoryPart<?> memory;

    private GrammarBudget(long steps, MemoryPart<?> memory) {
        this.memory = memory;
        begin(steps);
    }

    /// Runs the compilation of a grammar with a new budget.
    ///
    /// @return the memory that the grammar takes, with the grammar as its content
    ///
    /// @throws GrammarException of kind `LIMIT` or `MEMORY` if it takes more
    /// @throws CancellationException if the thread is interrupted
    public static <T> MemoryPart<T> compiling(Supplier<T> work) {
        MemoryPart<T> memory = GrammarMemory.current().part();
        boolean isMade = false;
        try {
            memory.content(ScopedValue.where(CURRENT, new GrammarBudget(GrammarLimits.STEPS, memory))
                    .call(() -> cancellable(work::get)));
            isMade = true;
            return memory;
        } finally {
            if (!isMade) {
                memory.close();
            }
        }
    }

    /// Runs work with a grammar that ends with a [CancellationException] when its thread is interrupted.
    public static <T, X extends Throwable> T cancellable(ScopedValue.CallableOp<T, X> work) throws X {
        return ScopedValue.where(CANCELLABLE, true).call(work);
    }

    /// The budget of the grammar that this thread compiles; one of steps without an end if there is none.
    public static GrammarBudget current() {
        return CURRENT.isBound() ? CURRENT.get() : new GrammarBudget(Long.MAX_VALUE / 2, null);
    }

    /// Begins with so many steps and the time of [GrammarLimits#SECONDS]. The memory that was taken stays taken.
    public void begin(long steps) {
        most = steps;
        left = steps;
        slice = SLICE;
        end = 0;
    }

    /// Counts a step.
    public void step() {
        steps(1);
    }

    /// Counts steps.
    ///
    /// @throws GrammarException of kind `LIMIT` if there are too many, or they take too long
    public void steps(long count) {
        slice -= count;
        if (slice < 0) {
            check();
        }
    }

    private void check() {
        left -= SLICE - slice;
        slice = SLICE;
        if (Thread.currentThread().isInterrupted() && CANCELLABLE.isBound()) {
            throw new CancellationException("the work with the grammar was cancelled");
        }
        if (left < 0) {
            throw GrammarException.limit("steps", most);
        }
        long now = System.nanoTime();
        if (end == 0) {
            end = now + GrammarLimits.SECONDS * 1_000_000_000L;
        } else if (most < Long.MAX_VALUE / 2 && now - end > 0) {
            throw GrammarException.limit("seconds", GrammarLimits.SECONDS);
        }
    }

    /// Counts memory, which stays taken.
    ///
    /// @throws GrammarException of kind `LIMIT` or `MEMORY` if it is too much
    public void bytes(long count) {
        bytes += count;
        if (bytes > GrammarLimits.MEMORY) {
            throw GrammarException.limit("bytes of memory", GrammarLimits.MEMORY);
        }
        cached(count);
    }

    /// Counts memory of what can be computed again, or gives it back if negative.
    ///
    /// @throws GrammarException of kind `LIMIT` or `MEMORY` if there is too little
    public void cached(long count) {
        if (memory != null) {
            memory.add(count);
        }
    }
}
