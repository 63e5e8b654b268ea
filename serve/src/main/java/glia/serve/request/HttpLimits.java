package glia.serve.request;

import java.time.Duration;

/// Limits of requests.
///
/// @param bodyBytes the most bytes of a body
/// @param streamsPerCaller the most requests of one caller that run or wait at the same time
/// @param samples the most answers of one request
/// @param requestTimeout the longest time of a request
/// @param writeTimeout how long a client may take to read what was sent
public record HttpLimits(long bodyBytes, int streamsPerCaller, int samples, Duration requestTimeout,
        Duration writeTimeout) {
    /// 16 MiB, 256 requests of a caller, 16 answers, ten minutes, 30 seconds.
    public static HttpLimits defaults() {
        return new HttpLimits(16L << 20, 256, 16, Duration.ofMinutes(10), Duration.ofSeconds(30));
    }

    public HttpLimits withBodyBytes(long most) {
        return new HttpLimits(most, streamsPerCaller, samples, requestTimeout, writeTimeout);
    }

    public HttpLimits withStreamsPerCaller(int most) {
        return new HttpLimits(bodyBytes, most, samples, requestTimeout, writeTimeout);
    }

    public HttpLimits withRequestTimeout(Duration longest) {
        return new HttpLimits(bodyBytes, streamsPerCaller, samples, longest, writeTimeout);
    }

    public HttpLimits withWriteTimeout(Duration longest) {
        return new HttpLimits(bodyBytes, streamsPerCaller, samples, requestTimeout, longest);
    }
}
