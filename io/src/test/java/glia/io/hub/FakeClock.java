package glia.io.hub;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// A stopped clock that records the waits.
final class FakeClock implements RetryPolicy.RetryClock {
    static final Instant NOW = Instant.parse("2026-11-25T12:00:00Z");
    final List<Duration> waits = Collections.synchronizedList(new ArrayList<>());

    @Override
    public Instant now() {
        return NOW;
    }

    @Override
    public void sleep(Duration time) {
        waits.add(time);
    }
}
