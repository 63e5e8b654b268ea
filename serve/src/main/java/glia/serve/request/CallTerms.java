package glia.serve.request;

import java.time.Duration;

/// The terms on which a request is served.
///
/// @param caller whose request it is: requests of different callers take turns
/// @param cacheKey requests share prefixes of the KV cache only with requests of the same key
/// @param timeout the longest time from submission to the end
/// @param limits what it may contain
/// @param observer receives its progress
public record CallTerms(String caller, String cacheKey, Duration timeout, PromptLimits limits, CallObserver observer) {
    /// Terms without an observer.
    public CallTerms(String caller, String cacheKey, Duration timeout) {
        this(caller, cacheKey, timeout, PromptLimits.defaults(), CallObserver.NONE);
    }
}
