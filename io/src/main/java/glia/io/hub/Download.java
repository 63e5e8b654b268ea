package glia.io.hub;

import glia.io.hub.HubApi.RemoteFile;
import glia.io.hub.HubException.Kind;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/// The bytes of one file, into a file beside its place: appended to what an earlier try left, checked at the end.
/// Whatever stops it (a signal, a lost connection, a full disk) leaves a part that the next try goes on with.
final class Download {
    /// Tries in a row that bring less than this are counted; those that bring more start the count afresh.
    private static final long PROGRESS_BYTES = 1 << 20;
    private static final int MAX_TRIES = 5;
    /// Where the server does not say how large a file is.
    private static final long MAX_UNSTATED_BYTES = 64 << 20;

    private final HubApi api;
    private final Pause pause;
    private final Progress progress;
    private final HubName name;
    private final RemoteFile file;
    private final Path incomplete;
    /// -1 until a server says.
    private long sizeBytes;
    /// Whether the server could be reached before: then it is worth another try.
    private boolean connected;

    Download(HubApi api, Pause pause, Progress progress, HubName name, RemoteFile file, Path incomplete) {
        this.api = api;
        this.pause = pause;
        this.progress = progress;
        this.name = name;
        this.file = file;
        this.incomplete = incomplete;
        this.sizeBytes = file.sizeBytes();
    }

    /// Brings the file whole and checks it.
    ///
    /// @throws HubException (UNREACHABLE) if the connection is lost again and again, with the part kept; (CORRUPT) if
    ///     the content is not what its hash says, with the part deleted; (DISK), (INTERRUPTED)
    void run() throws HubException {
        int tries = 0;
        while (true) {
            long before = presentBytes();
            String trouble = transfer(before);
            if (trouble.isEmpty()) {
                check();
                return;
            }
            tries = presentBytes() - before >= PROGRESS_BYTES ? 1 : tries + 1;
            String at = "at " + Meter.size(presentBytes())
                + (sizeBytes >= 0 ? " of " + Meter.size(sizeBytes) : "");
            if (tries >= MAX_TRIES) {
                throw new HubException(Kind.UNREACHABLE, "The download of " + file.name() + " broke off " + MAX_TRIES
                    + " times, now " + at + " (" + trouble + "). What came is kept; try again to go on from there.");
            }
            progress.step(file.name() + " broke off " + at + "; going on from there");
            pause.sleep(RetryPolicy.backoff(tries));
        }
    }

    private long presentBytes() throws HubException {
        try {
            return Files.exists(incomplete) ? Files.size(incomplete) : 0;
        } catch (IOException e) {
            throw Disk.trouble(e, incomplete, 0);
        }
    }

    /// One request.
    ///
    /// @return the empty text where the file is whole now, else why it is not
    private String transfer(long present) throws HubException {
        if (present == sizeBytes && Files.exists(incomplete)) {
            return "";
        }
        long offset = sizeBytes >= 0 && present > sizeBytes ? 0 : present;
        HttpResponse<InputStream> response;
        try {
            response = api.open(name, file, offset, progress);
        } catch (HubException e) {
            if (e.kind() == Kind.UNREACHABLE && connected) {
                return e.getMessage();
            }
            throw e;
        }
        connected = true;
        try (InputStream body = response.body(); var stall = new StallGuard(body)) {
            if (response.statusCode() == 416) {
                Files.delete(incomplete);
                return "the server has no bytes after " + offset;
            }
            long start = response.statusCode() == 206 ? startOfRange(response) : 0;
            if (start != 0 && start != offset) {
                return "the server sent bytes from " + start + " instead of from " + offset;
            }
            noteSize(response, start);
            return receive(body, start, stall);
        } catch (IOException e) {
            if (e instanceof HubException hub && hub.kind() == Kind.CORRUPT) {
                deletePart();
            }
            throw Disk.trouble(e, incomplete, 0);
        }
    }

    private void deletePart() throws HubException {
        try {
            Files.deleteIfExists(incomplete);
        } catch (IOException e) {
            throw Disk.trouble(e, incomplete, 0);
        }
    }

    /// The first byte's number in `Content-Range: bytes FIRST-LAST/SIZE`, -1 where there is none.
    private static long startOfRange(HttpResponse<?> response) {
        String range = response.headers().firstValue("Content-Range").orElse("");
        return range.matches("bytes \\d{1,18}-.*") ? Long.parseLong(range.substring(6, range.indexOf('-'))) : -1;
    }

    private void noteSize(HttpResponse<?> response, long start) {
        if (sizeBytes < 0) {
            response.headers().firstValueAsLong("Content-Length").ifPresent(rest -> sizeBytes = start + rest);
        }
    }

    private String receive(InputStream body, long start, StallGuard stall) throws IOException {
        var meter = new Meter(progress, file.name(), sizeBytes);
        long limit = sizeBytes >= 0 ? sizeBytes : MAX_UNSTATED_BYTES;
        long done = start;
        var buffer = new byte[ContentHash.BUFFER_BYTES];
        try (var out = new FileOutputStream(incomplete.toFile(), start > 0)) {
            while (true) {
                int n;
                try {
                    n = body.read(buffer);
                } catch (IOException e) {
                    requireNotInterrupted(e);
                    return stall.stalled() ? "no bytes for " + StallGuard.LIMIT.toSeconds() + " s" : e.getMessage();
                }
                requireNotInterrupted(null);
                if (n < 0) {
                    break;
                }
                stall.alive();
                done += n;
                if (done > limit) {
                    throw new HubException(Kind.CORRUPT, "The server sends more than the " + limit + " bytes of "
                        + file.name() + ". What came is deleted.");
                }
                out.write(buffer, 0, n);
                meter.at(done);
            }
            out.getFD().sync();
        }
        meter.end();
        return done == sizeBytes || sizeBytes < 0 ? "" : "the server ended after " + done + " bytes";
    }

    private void requireNotInterrupted(Throwable cause) throws HubException {
        if (Thread.currentThread().isInterrupted()) {
            throw new HubException(Kind.INTERRUPTED,
                "Stopped. What came of " + file.name() + " is kept; the next try goes on from there.", cause);
        }
    }

    private void check() throws HubException {
        if (!ContentHash.isStated(file.etag())) {
            return;
        }
        try {
            var meter = new Meter(progress, "checking " + file.name(), sizeBytes);
            String found = ContentHash.of(incomplete, file.etag(), meter);
            meter.endIfTold();
            if (!found.equals(file.etag())) {
                Files.delete(incomplete);
                throw new HubException(Kind.CORRUPT, file.name() + " arrived with the hash " + found + " where "
                    + file.etag() + " was announced. It is deleted; try again, and if it happens again, ask who runs "
                    + "the hub or a proxy on the way.");
            }
        } catch (IOException e) {
            throw Disk.trouble(e, incomplete, 0);
        }
    }

    /// Closes a body that brings nothing for a while, so that whoever reads it wakes up.
    private static final class StallGuard implements AutoCloseable {
        static final Duration LIMIT = Duration.ofSeconds(60);
        private final InputStream body;
        private final Thread watcher;
        private volatile long lastNanos = System.nanoTime();
        private volatile boolean stalled;

        StallGuard(InputStream body) {
            this.body = body;
            watcher = Thread.ofVirtual().name("glia-stall").start(this::watch);
        }

        void alive() {
            lastNanos = System.nanoTime();
        }

        boolean stalled() {
            return stalled;
        }

        private void watch() {
            try {
                while (!stalled) {
                    Thread.sleep(1000);
                    if (System.nanoTime() - lastNanos > LIMIT.toNanos()) {
                        stalled = true;
                        body.close();
                    }
                }
            } catch (InterruptedException | IOException e) {
                stalled |= e instanceof IOException;
            }
        }

        @Override
        public void close() {
            watcher.interrupt();
        }
    }
}
