package glia.io.hub;

import glia.io.hub.HubException.Kind;
import java.time.Duration;
import java.time.Instant;

/// The clock, as far as waiting for servers needs it.
interface Pause {
    /// The clock of the machine.
    Pause REAL = new Pause() {
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
                throw new HubException(Kind.INTERRUPTED, "Stopped while waiting to try again.", e);
            }
        }
    };

    Instant now();

    void sleep(Duration time) throws HubException;
}
