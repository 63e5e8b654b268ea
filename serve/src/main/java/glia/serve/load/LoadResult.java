package glia.serve.load;

import java.util.Map;

/// What a load generator has measured.
///
/// @param seconds from the first request to the end of the last
/// @param requests all requests that ended, also with an error
/// @param complete answers that came as a whole
/// @param left answers whose client went away on purpose
/// @param refused hostile requests that were refused with a typed error
/// @param tokens tokens of all answers
/// @param errors the numbers of errors by kind
/// @param messages the first message of each kind of error that had one
/// @param firstToken time to first token
/// @param betweenTokens inter-token latency: the time between two pieces of an answer
/// @param whole the time of a complete answer
/// @param perSecond tokens that came in each second
public record LoadResult(double seconds, long requests, long complete, long left, long refused, long tokens,
        Map<String, Long> errors, Map<String, String> messages, Latency firstToken, Latency betweenTokens,
        Latency whole, long[] perSecond) {
    /// A distribution of times in seconds.
    ///
    /// @param count the number of times; 0 leaves the others 0
    public record Latency(long count, double p50, double p95, double p99, double max) { }

    /// Tokens a second of all clients together.
    public double tokensPerSecond() {
        return tokens / seconds;
    }

    /// The number of errors of all kinds.
    public long numErrors() {
        return errors.values().stream().mapToLong(Long::longValue).sum();
    }
}
