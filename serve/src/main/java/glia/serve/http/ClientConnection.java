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
import java.time.Duration;

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
}
