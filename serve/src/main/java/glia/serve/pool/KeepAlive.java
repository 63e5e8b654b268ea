package glia.serve.pool;

import glia.serve.request.ServeException;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// How long a model stays loaded after its last request, as Ollama's `keep_alive` says
/// (https://github.com/ollama/ollama/blob/main/docs/api.md): a duration, 0 to unload it at once, less for ever.
///
/// @param duration the time after the last request; negative for ever
public record KeepAlive(Duration duration) {
    /// Nanoseconds count 292 years; what is longer than this has no end.
    private static final Duration LONGEST = Duration.ofDays(36_500);

    /// As long as no other model needs the memory.
    public static final KeepAlive FOR_EVER = new KeepAlive(Duration.ofNanos(-1));

    private static final Pattern PART = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,9})?)(ms|[hms])");
    private static final String EXPECTED = "a duration such as 5m, 90s or 1h30m, seconds, 0 to unload the model after "
            + "its request, or -1 to keep it";

    /// A time of more than a hundred years has no end.
    public KeepAlive {
        duration = duration.compareTo(LONGEST) > 0 ? Duration.ofNanos(-1) : duration;
    }

    /// Whether it has no end.
    public boolean isForEver() {
        return duration.isNegative();
    }

    /// Reads `5m`, `1h30m`, `300` (seconds), `0` or `-1`.
    ///
    /// @throws IllegalArgumentException if it is something else
    public static KeepAlive parse(String text) {
        boolean isNegative = text.startsWith("-");
        String rest = isNegative ? text.substring(1) : text;
        if (rest.matches("\\d{1,9}")) {
            return of(Duration.ofSeconds(Long.parseLong(rest)), isNegative);
        }
        Duration sum = Duration.ZERO;
        Matcher part = PART.matcher(rest);
        int end = 0;
        while (part.lookingAt()) {
            sum = sum.plusMillis(Math.round(Double.parseDouble(part.group(1)) * millis(part.group(2))));
            end = part.end();
            part.region(end, rest.length());
        }
        if (end == 0 || end < rest.length()) {
            throw new IllegalArgumentException("'" + text + "' is not " + EXPECTED);
        }
        return of(sum, isNegative);
    }

    /// Reads the field of a request: a number of seconds or a text.
    ///
    /// @throws ServeException if it is neither: status 400
    public static KeepAlive of(Object json) {
        try {
            if (json instanceof Number number) {
                double seconds = number.doubleValue();
                return of(Duration.ofMillis(Math.round(Math.abs(seconds) * 1000)), seconds < 0);
            }
            if (json instanceof String text) {
                return parse(text);
            }
        } catch (IllegalArgumentException | ArithmeticException | DateTimeException e) {
            throw ServeException.badField("keep_alive", "found " + json + ", expected " + EXPECTED);
        }
        throw ServeException.badField("keep_alive", "found " + json + ", expected " + EXPECTED);
    }

    private static KeepAlive of(Duration duration, boolean isNegative) {
        return isNegative && !duration.isZero() ? FOR_EVER : new KeepAlive(duration);
    }

    private static double millis(String unit) {
        return switch (unit) {
            case "h" -> 3_600_000;
            case "m" -> 60_000;
            case "s" -> 1000;
            default -> 1;
        };
    }
}
