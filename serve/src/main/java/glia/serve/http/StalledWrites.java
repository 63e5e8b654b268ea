package glia.serve.http;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Disconnects clients that do not read: a write to a full socket blocks its thread, and only closing the socket ends it.
final class StalledWrites {
    private static final long CHECK_MILLIS = 200;
    private static final Set<Watch> WATCHES = ConcurrentHashMap.newKeySet();

    static {
        Thread.ofPlatform().daemon().name("glia-stalled-writes").start(StalledWrites::check);
    }

    private StalledWrites() { }

    static Watch watch(ClientConnection connection, Duration timeout) {
        Watch watch = new Watch(connection, timeout.toNanos());
        WATCHES.add(watch);
        return watch;
    }

    private static void check() {
        while (true) {
            long now = System.nanoTime();
            for (Watch watch : WATCHES) {
                if (watch.isStalled(now)) {
                    watch.close();
                    watch.connection.close();
                }
            }
            try {
                Thread.sleep(CHECK_MILLIS);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /// The writes of one response.
    static final class Watch {
        private final ClientConnection connection;
        private final long timeoutNanos;
        private volatile boolean isWriting;
        private volatile long since;

        private Watch(ClientConnection connection, long timeoutNanos) {
            this.connection = connection;
            this.timeoutNanos = timeoutNanos;
        }

        void begin() {
            since = System.nanoTime();
            isWriting = true;
        }

        void end() {
            isWriting = false;
        }

        private boolean isStalled(long now) {
            return isWriting && now - since > timeoutNanos;
        }

        void close() {
            WATCHES.remove(this);
        }
    }
}
