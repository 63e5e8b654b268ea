package glia.io.hub;

import java.net.http.HttpResponse;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Set;

/// When a refused request is asked again, and how long after.
final class RetryPolicy {
    /// Longer than this nobody waits at a prompt: the user is told instead.
    static final Duration MAX_WAIT = Duration.ofSeconds(90);
    private static final Set<Integer> PASSING = Set.of(408, 429, 500, 502, 503, 504);

    private RetryPolicy() { }

    /// Whether a status may be another one soon.
    static boolean passes(int status) {
        return PASSING.contains(status);
    }

    /// What `Retry-After` asks for (seconds or an HTTP date, RFC 9110 section 10.2.3), else the backoff.
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

    /// 1, 2, 4, 8 seconds for attempts 1 to 4, and no more after that.
    static Duration backoff(int attempt) {
        return Duration.ofSeconds(1L << Math.min(attempt - 1, 4));
    }

    /// Whole seconds, rounded up.
    static long seconds(Duration wait) {
        return wait.plusMillis(999).toSeconds();
    }
}
