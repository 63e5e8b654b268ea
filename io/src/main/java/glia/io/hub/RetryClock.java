package glia.io.hub;

import glia.io.hub.HubException.Kind;
import java.time.Duration;
import java.time.Instant;

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
