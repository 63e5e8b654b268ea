package glia.engine.call;

import glia.engine.answer.Tools;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// The terms on which a request is served.
///
/// @param caller whose request it is: requests of different callers take turns
/// @param cacheKey requests share prefixes of the KV cache only with requests of the same key
/// @param timeout the longest time from the call to the end
/// @param limits what it may contain
/// @param observer receives its progress
/// @param isStopping whether the server stops and answers that still run are to end
/// @param tools tools of the server, for conversations without tools of their own
public record CallTerms(String caller, String cacheKey, Duration timeout, PromptLimits limits, CallObserver observer,
        BooleanSupplier isStopping, Optional<Tools> tools) {
    private static final Duration SHORTEST = Duration.ofMillis(1);

    /// Terms without an observer, of a server that does not stop.
    public CallTerms(String caller, String cacheKey, Duration timeout) {
        this(caller, cacheKey, timeout, PromptLimits.defaults(), CallObserver.NONE, () -> false, Optional.empty());
    }

    /// What is left of a time, at least a millisecond.
    ///
    /// @param since when it began, in nanoseconds of the clock
    public static Duration left(Duration time, long since) {
        Duration left = time.minusNanos(System.nanoTime() - since);
        return left.compareTo(SHORTEST) > 0 ? left : SHORTEST;
    }

    /// The same with another limit of time.
    public CallTerms withTimeout(Duration other) {
        return new CallTerms(caller, cacheKey, other, limits, observer, isStopping, tools);
    }
}
