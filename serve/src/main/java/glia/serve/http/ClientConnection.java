package glia.serve.http;

import glia.serve.request.HttpLimits;
import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataWriter;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.SocketWriterException;
import io.helidon.http.DirectHandler.EventType;
import io.helidon.http.RequestException;
import io.helidon.http.Status;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.function.Supplier;

/// A connection: whether its client is still there, how long it may take for what it does, and how much it may send.
/// A client that has gone is seen even while nothing is written, since the socket is watched for its end.
final class ClientConnection {
    /// Bytes of a request besides its headers and twice its body, whose chunks have headers too.
    private static final long OVERHEAD_BYTES = 64 << 10;
    /// What a connection waits for.
    enum Phase {
        /// The next request.
        IDLE,
        /// The rest of the headers.
        HEAD,
        /// The rest of the body.
        BODY,
        /// Its own answer; such a connection is not ended.
        ANSWER
    }

    private static final Duration LINGER = Duration.ofSeconds(2);
    private static final ThreadLocal<ClientConnection> CURRENT = new ThreadLocal<>();

    private final HelidonSocket socket;
    private final DataWriter writer;
    private final String address;
    private final HttpLimits limits;
    private final long mostBytes;
    private final FirstHead first;
    /// When the connection ends unless something happens, in nanoseconds of the clock; 0 for never.
    private volatile long deadline;
    private volatile Phase phase = Phase.HEAD;
    private volatile long phaseSince = System.nanoTime();
    private long bytesOfRequest;
    /// The bytes that came since the last request, while headers are read.
    private long bytesOfHead;
    private boolean isUnread;
    /// Of the body that is read; null if it has none.
    private ChunkFraming chunks;

    /// @param address the network address of the client
    ClientConnection(HelidonSocket socket, DataWriter writer, String address, HttpLimits limits) {
        this.socket = socket;
        this.writer = writer;
        this.address = address;
        this.limits = limits;
        this.mostBytes = OVERHEAD_BYTES + limits.headerBytes() + 2 * limits.bodyBytes();
        this.first = new FirstHead(this::receive, limits.headerBytes());
        expect(limits.timeouts().headers());
    }

    /// Makes this the connection of the current thread.
    void begin() {
        CURRENT.set(this);
    }

    /// The connection of the current request.
    static ClientConnection current() {
        return CURRENT.get();
    }

    /// The network address of the client.
    String address() {
        return address;
    }

    Phase phase() {
        return phase;
    }

    /// When the phase began, in nanoseconds of the clock.
    long phaseSince() {
        return phaseSince;
    }

    private void begin(Phase next) {
        phase = next;
        phaseSince = System.nanoTime();
    }

    /// The first line of a request has come; its headers follow.
    void requestBegan() {
        begin(Phase.HEAD);
        bytesOfRequest = 0;
        isUnread = true;
        chunks = null;
        expect(limits.timeouts().headers());
    }

    /// The headers have come; the body follows.
    void headersEnded() {
        begin(Phase.BODY);
        expect(limits.timeouts().body());
    }

    /// The body comes in chunks.
    ///
    /// @param reader has read the headers, and may hold more bytes
    void expectChunks(DataReader reader) {
        chunks = new ChunkFraming();
        if (reader.available() > 0) {
            chunks.accept(reader.getBuffer(reader.available()).readBytes());
        }
    }

    /// The whole request was read. The client is not waited for.
    void requestRead() {
        isUnread = false;
        begin(Phase.ANSWER);
        expectsNothing();
    }

    /// Reads what is left of a request that was refused, for a short time: a connection that is closed before would
    /// take the answer with it.
    void linger() {
        if (!isUnread || !isOpen()) {
            return;
        }
        begin(Phase.BODY);
        expect(LINGER);
        try {
            while (socket.get() != null) {
                // Discarded.
            }
        } catch (RuntimeException e) {
            // The client has gone, or has sent for too long.
        }
    }

    /// Whether the headers of a request have not ended.
    boolean isInHead() {
        return phase == Phase.IDLE || phase == Phase.HEAD;
    }

    /// Whether the client sends headers, and more of them than are allowed.
    boolean isHeadTooLarge() {
        return isInHead() && bytesOfHead >= limits.headerBytes();
    }

    /// A request was answered; the next one may come.
    void requestEnded() {
        begin(Phase.IDLE);
        bytesOfHead = 0;
        expect(limits.timeouts().idle());
    }

    /// A piece of an answer is written.
    void writes() {
        expect(limits.timeouts().write());
    }

    /// The client is not waited for.
    void expectsNothing() {
        deadline = 0;
    }

    private void expect(Duration within) {
        long at = System.nanoTime() + within.toNanos();
        deadline = at == 0 ? 1 : at;
    }

    /// Whether the client takes too long.
    boolean isLate(long now) {
        long at = deadline;
        return at != 0 && now - at > 0;
    }

    /// The next bytes that the client sends.
    ///
    /// @throws RequestException if a request has too many of them, such as in the headers of chunks, or chunks are not
    ///     framed as they must be
    byte[] read() {
        byte[] bytes = first.next();
        if (chunks != null && bytes != null) {
            chunks.accept(bytes);
        }
        return bytes;
    }

    /// Whether the client speaks HTTP/1.0 and so reads no chunks.
    boolean isHttp10() {
        return first.isHttp10();
    }

    /// The way to the client without the web server, which has no form for an answer that ends with the connection.
    OutputStream output() {
        return new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                write(new byte[] {(byte) b});
            }

            @Override
            public void write(byte[] bytes, int offset, int count) throws IOException {
                try {
                    writer.writeNow(BufferData.create(bytes, offset, count));
                } catch (SocketWriterException | UncheckedIOException e) {
                    throw new IOException(e);
                }
            }
        };
    }

    private byte[] receive() {
        byte[] bytes = socket.get();
        bytesOfRequest += bytes == null ? 0 : bytes.length;
        bytesOfHead += bytes == null ? 0 : bytes.length;
        if (bytesOfRequest > mostBytes) {
            throw RequestException.builder().type(EventType.PAYLOAD_TOO_LARGE)
                    .status(Status.REQUEST_ENTITY_TOO_LARGE_413)
                    .setKeepAlive(false).message("the request is too large").build();
        }
        return bytes;
    }

    /// Watches for the end of the connection; the client sends nothing meanwhile.
    void watch() {
        socket.idle();
    }

    boolean isOpen() {
        return socket.isConnected();
    }

    /// Ends the connection from any thread, also where another one waits for the client.
    void close() {
        deadline = 0;
        try {
            socket.close();
        } catch (UncheckedIOException e) {
            // The client has closed it.
        }
    }

    /// The bytes that a client sends, where the first request may be one of HTTP/1.0, as `ab`, old health checks and
    /// proxies send it. The web server reads HTTP/1.1 alone, so the head of such a request becomes one of HTTP/1.1 that
    /// ends the connection: with `Connection: close`, a `Host` where there is none, and without an `Expect`, which
    /// HTTP/1.0 does not have (RFC 9110, section 10.1.1). All other bytes stay as they are.
    static final class FirstHead {
        private static final String VERSION = " HTTP/1.0";
        private static final String LINE_END = "\r\n";

        private final Supplier<byte[]> source;
        private final int longest;
        private boolean hasBegun;
        private boolean isHttp10;

        /// @param source the next bytes; null at the end
        /// @param longest bytes of a head that are read at most before they are passed on
        FirstHead(Supplier<byte[]> source, int longest) {
            this.source = source;
            this.longest = longest;
        }

        /// Whether the client speaks HTTP/1.0: it reads no chunks, and the connection ends with the answer.
        boolean isHttp10() {
            return isHttp10;
        }

        /// The next bytes; null at the end.
        byte[] next() {
            if (hasBegun) {
                return source.get();
            }
            hasBegun = true;
            StringBuilder head = new StringBuilder();
            readTo(LINE_END, head);
            int line = head.indexOf(LINE_END);
            isHttp10 = line >= 0 && head.substring(0, line).endsWith(VERSION);
            if (isHttp10) {
                readTo(LINE_END + LINE_END, head);
                rewrite(line, head);
            }
            return head.isEmpty() ? null : head.toString().getBytes(StandardCharsets.ISO_8859_1);
        }

        private void readTo(String end, StringBuilder text) {
            int from = 0;
            while (text.indexOf(end, from) < 0 && text.length() < longest) {
                from = Math.max(0, text.length() - end.length() + 1);
                byte[] more = source.get();
                if (more == null) {
                    return;
                }
                text.append(new String(more, StandardCharsets.ISO_8859_1));
            }
        }

        /// @param line where the request line ends
        private static void rewrite(int line, StringBuilder head) {
            int blank = head.indexOf(LINE_END + LINE_END);
            String headers = head.substring(line, blank < 0 ? head.length() : blank).toLowerCase(Locale.ROOT);
            int expect = headers.indexOf(LINE_END + "expect:");
            while (expect >= 0) {
                // Another name of the same length.
                head.replace(line + expect + LINE_END.length(), line + expect + LINE_END.length() + 6, "X-Any1");
                expect = headers.indexOf(LINE_END + "expect:", expect + 1);
            }
            head.replace(line - 1, line, "1");
            head.insert(line, LINE_END + "Connection: close" + (headers.contains(LINE_END + "host:") ? ""
                    : LINE_END + "Host: localhost"));
        }
    }
}
