package glia.io.hub;

import glia.io.hub.HubApi.RemoteFile;
import glia.io.hub.HubException.Kind;
import glia.io.hub.RetryPolicy.RetryClock;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;

/// Downloads one file into a partial file that is kept when something stops it (a signal, a lost connection, a full
/// disk), so that the next attempt resumes. The hash is checked at the end.
final class Download {
    /// An attempt that receives this much resets the count of attempts.
    private static final long PROGRESS_BYTES = 1 << 20;
    private static final int MAX_ATTEMPTS = 5;
    /// The limit for files whose size the server does not state.
    private static final long MAX_UNSTATED_BYTES = 64 << 20;

    private final HubApi api;
    private final RetryClock clock;
    private final Progress progress;
    private final HubName name;
    private final RemoteFile file;
    private final Path incomplete;
    /// -1 while unknown.
    private long sizeBytes;
    /// Whether the server could be reached before, so that a failed connection is retried.
    private boolean connected;

    Download(HubApi api, RetryClock clock, Progress progress, HubName name, RemoteFile file, Path incomplete) {
        this.api = api;
        this.clock = clock;
        this.progress = progress;
        this.name = name;
        this.file = file;
        this.incomplete = incomplete;
        this.sizeBytes = file.sizeBytes();
    }

    /// Downloads the whole file and checks it.
    ///
    /// @throws HubException (UNREACHABLE) if the connection is lost or stalls repeatedly, with the partial file kept;
    ///     (CORRUPT) if the content does not match its hash, with the partial file deleted; (SERVER), (DISK),
    ///     (INTERRUPTED)
    void run() throws HubException {
        int attempts = 0;
        while (true) {
            long before = presentBytes();
            String trouble = transfer(before);
            if (trouble.isEmpty()) {
                check();
                return;
            }
            attempts = presentBytes() - before >= PROGRESS_BYTES ? 1 : attempts + 1;
            String at = "at " + ProgressMeter.size(presentBytes())
                + (sizeBytes >= 0 ? " of " + ProgressMeter.size(sizeBytes) : "");
            if (attempts >= MAX_ATTEMPTS) {
                throw new HubException(Kind.UNREACHABLE, "The download of " + file.name() + " stopped " + at + " after "
                    + MAX_ATTEMPTS + " attempts: " + trouble + ". The partial file is kept; run the command again to "
                    + "resume. Check the network; HTTPS_PROXY names a proxy, HF_ENDPOINT a mirror of the hub.");
            }
            progress.step(file.name() + " stopped " + at + " (" + trouble + "); resuming");
            clock.sleep(RetryPolicy.backoff(attempts));
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
    /// @return an empty string if the file is complete now, else the reason why not
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
        String host = response.request().uri().getHost();
        try (InputStream body = TimedBody.ofDownload(response.body(), host, api.timeouts())) {
            if (response.statusCode() == 416) {
                if (offset == 0) {
                    throw new HubException(Kind.SERVER, host + " answered 416 (range not satisfiable) for "
                        + file.name() + " although the whole file was requested. Try again later; check HF_ENDPOINT, "
                        + "or a proxy on the way.");
                }
                Files.deleteIfExists(incomplete);
                return host + " has no bytes after " + offset;
            }
            long start = response.statusCode() == 206 ? startOfRange(response) : 0;
            if (start != 0 && start != offset) {
                return host + " sent bytes from " + start + " instead of from " + offset;
            }
            noteSize(response, start);
            return receive(body, start, host);
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

    /// FIRST of `Content-Range: bytes FIRST-LAST/SIZE`, -1 where there is none.
    private static long startOfRange(HttpResponse<?> response) {
        String range = response.headers().firstValue("Content-Range").orElse("");
        return range.matches("bytes \\d{1,18}-.*") ? Long.parseLong(range.substring(6, range.indexOf('-'))) : -1;
    }

    private void noteSize(HttpResponse<?> response, long start) {
        if (sizeBytes < 0) {
            response.headers().firstValueAsLong("Content-Length").ifPresent(rest -> sizeBytes = start + rest);
        }
    }

    private String receive(InputStream body, long start, String host) throws IOException {
        var meter = new ProgressMeter(progress, file.name(), sizeBytes);
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
                    return e.getMessage() == null ? host + " closed the connection" : e.getMessage();
                }
                requireNotInterrupted(null);
                if (n < 0) {
                    break;
                }
                done += n;
                if (done > limit) {
                    throw new HubException(Kind.CORRUPT, host + " sent more than the " + limit + " bytes of "
                        + file.name() + ". The partial file was deleted; try again.");
                }
                out.write(buffer, 0, n);
                meter.at(done);
            }
            out.getFD().sync();
        }
        meter.end();
        return done == sizeBytes || sizeBytes < 0 ? "" : host + " ended its answer after " + done + " bytes";
    }

    private void requireNotInterrupted(Throwable cause) throws HubException {
        if (Thread.currentThread().isInterrupted()) {
            throw new HubException(Kind.INTERRUPTED,
                "Stopped. The partial file of " + file.name() + " is kept; the next attempt resumes it.", cause);
        }
    }

    private void check() throws HubException {
        if (!ContentHash.isStated(file.etag())) {
            return;
        }
        try {
            var meter = new ProgressMeter(progress, "checking " + file.name(), sizeBytes);
            String found = ContentHash.of(incomplete, file.etag(), meter);
            meter.endIfReported();
            if (!found.equals(file.etag())) {
                Files.delete(incomplete);
                throw new HubException(Kind.CORRUPT, file.name() + " has the hash " + found + ", expected "
                    + file.etag() + ". It was deleted; try again. If that fails too, ask the operator of the hub or of "
                    + "a proxy on the way.");
            }
        } catch (IOException e) {
            throw Disk.trouble(e, incomplete, 0);
        }
    }
}
