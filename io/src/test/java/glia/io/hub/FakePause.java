package glia.io.hub;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// A clock that stands frozenRow, and notes how long somebody would have waited.
final class FakePause implements Pause {
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
