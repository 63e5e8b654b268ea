package glia.io.hub;

import glia.io.hub.HubException.Kind;
import java.net.http.HttpResponse;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Set;

/// Which responses are retried, and after what time.
final class RetryPolicy {
    /// A longer wait is reported to the user instead.
    static final Duration MAX_WAIT = Duration.ofSeconds(90);
    private static final Set<Integer> TEMPORARY = Set.of(408, 429, 500, 502, 503, 504);

    private RetryPolicy() { }

    /// Whether the same request may succeed soon.
    static boolean isTemporary(int status) {
        return TEMPORARY.contains(status);
    }

    /// The time of `Retry-After` (seconds or an HTTP date, RFC 9110 section 10.2.3), else the backoff.
    static Duration wait(HttpResponse<?> response, int attempt, Instant now) {
        String asked = response.headers().firstValue("Retry-After").map(String::strip).orElse("");
        if (asked.matches("\\d{1,9}")) {
            return Duration.ofSeconds(Long.parseLong(asked));
        }
        try {
            Instant until = ZonedDateTime.parse(asked, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
            Duration wait = Duration.between(now, until);
            return wait.isNegative() ? Duration.ZERO : wait;
        } catch (DateTimeException e) {
            return backoff(attempt);
        }
    }

    /// Exponential: 1, 2, 4, 8 seconds for attempts 1 to 4, then 16.
    static Duration backoff(int attempt) {
        return Duration.ofSeconds(1L << Math.min(attempt - 1, 4));
    }

    /// Whole seconds, rounded up.
    static long seconds(Duration wait) {
        return wait.plusMillis(999).toSeconds();
    }

    /// The clock by which retries wait; tests replace it.
    interface RetryClock {
        /// The system's clock.
        RetryClock SYSTEM = new RetryClock() {
            @Override
            public Instant now() {
                return Instant.now();
            }

            @Override
            public void sleep(Duration time) throws HubException {
                try {
                    Thread.sleep(time);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new HubException(Kind.INTERRUPTED, "Stopped while waiting to retry.", e);
                }
            }
        };

        Instant now();

        /// @throws HubException (INTERRUPTED)
        void sleep(Duration time) throws HubException;
    }
}
