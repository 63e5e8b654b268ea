package glia.reason.sandbox;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/// Reads a stream of a process on a thread of its own, up to a limit, at which the process is ended.
final class OutputLimit implements AutoCloseable {
    private static final int BUFFER_BYTES = 8192;

    private final InputStream in;
    private final int limit;
    private final Process process;
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
    private final Thread reader;
    private volatile boolean exceeded;

    OutputLimit(InputStream in, int limit, Process process) {
        this.in = in;
        this.limit = limit;
        this.process = process;
        reader = Sandbox.daemon(this::read);
    }

    private void read() {
        byte[] buffer = new byte[BUFFER_BYTES];
        try {
            for (int n = in.read(buffer); n >= 0 && !exceeded; n = in.read(buffer)) {
                synchronized (kept) {
                    kept.write(buffer, 0, Math.min(n, limit - kept.size()));
                    exceeded = n > 0 && kept.size() >= limit;
                }
            }
        } catch (IOException e) {
            // The process has ended.
            return;
        }
        if (exceeded) {
            Sandbox.end(process);
        }
    }

    void await(long millis) throws InterruptedException {
        reader.join(millis);
    }

    boolean exceeded() {
        return exceeded;
    }

    String text() {
        synchronized (kept) {
            return kept.toString(StandardCharsets.UTF_8);
        }
    }

    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException e) {
            // The stream of a process that has ended; what was read is kept.
            return;
        }
    }
}
