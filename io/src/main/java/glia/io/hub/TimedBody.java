package glia.io.hub;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/// A response body with time limits. A read fails with an [IOException] that names the host, the bytes received and the
/// time waited if fewer than [HubTimeouts#minBytes] arrive within a window, or if the whole body takes too long.
final class TimedBody extends InputStream {
    private static final Duration FOREVER = Duration.ofDays(10_000);

    private final InputStream body;
    private final String host;
    private final HubHttp.HubTimeouts timeouts;
    private final Duration total;
    private final Thread watcher;
    private volatile long receivedBytes;
    private volatile String timeout = "";

    /// @param total the most time for all of the body
    TimedBody(InputStream body, String host, HubHttp.HubTimeouts timeouts, Duration total) {
        this.body = body;
        this.host = host;
        this.timeouts = timeouts;
        this.total = total;
        watcher = Thread.ofVirtual().name("glia-body-timeout").start(this::watch);
    }

    /// A body whose total time is unlimited as long as bytes keep coming.
    static TimedBody ofDownload(InputStream body, String host, HubHttp.HubTimeouts timeouts) {
        return new TimedBody(body, host, timeouts, FOREVER);
    }

    private void watch() {
        long begin = System.nanoTime();
        long bytesBefore = 0;
        try {
            while (timeout.isEmpty()) {
                Duration left = total.minusNanos(System.nanoTime() - begin);
                Duration sleep = left.compareTo(timeouts.window()) < 0 ? left : timeouts.window();
                Thread.sleep(sleep);
                long bytes = receivedBytes - bytesBefore;
                bytesBefore = receivedBytes;
                if (sleep.equals(left)) {
                    timeout = host + " sent " + receivedBytes + " bytes in " + seconds(total)
                        + " and did not end its answer";
                } else if (bytes < timeouts.minBytes()) {
                    timeout = host + " sent " + (bytes == 0 ? "nothing" : "only " + bytes + " bytes") + " for "
                        + seconds(timeouts.window());
                }
            }
            body.close();  // wakes the reader
        } catch (InterruptedException | IOException e) {
            // Closed, or it failed by itself: the reader gets the result.
        }
    }

    private static String seconds(Duration time) {
        return RetryPolicy.seconds(time) + " s";
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        int n;
        try {
            n = body.read(target, offset, length);
        } catch (IOException e) {
            throw timeout.isEmpty() ? e : new IOException(timeout, e);
        }
        if (n < 0 && !timeout.isEmpty()) {
            throw new IOException(timeout);
        }
        receivedBytes += Math.max(n, 0);
        return n;
    }

    @Override
    public void close() throws IOException {
        watcher.interrupt();
        body.close();
    }
}
