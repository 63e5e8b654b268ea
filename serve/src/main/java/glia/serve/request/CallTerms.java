package glia.serve.request;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/// The terms on which a request is served.
///
/// @param caller whose request it is: requests of different callers take turns
/// @param cacheKey requests share prefixes of the KV cache only with requests of the same key
/// @param timeout the longest time from submission to the end
/// @param limits what it may contain
/// @param observer receives its progress
/// @param isStopping whether the server stops and answers that still run are to end
public record CallTerms(String caller, String cacheKey, Duration timeout, PromptLimits limits, CallObserver observer,
        BooleanSupplier isStopping) {
    /// Terms without an observer, of a server that does not stop.
    public CallTerms(String caller, String cacheKey, Duration timeout) {
        this(caller, cacheKey, timeout, PromptLimits.defaults(), CallObserver.NONE, () -> false);
    }
}
