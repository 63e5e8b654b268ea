package glia.serve.http;

import com.sun.management.UnixOperatingSystemMXBean;
import glia.serve.request.HttpLimits;
import glia.serve.request.ServeException;
import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataWriter;
import io.helidon.common.concurrency.limits.Limit;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.PeerInfo;
import io.helidon.common.task.InterruptableTask;
import io.helidon.http.DirectHandler.EventType;
import io.helidon.http.HeaderNames;
import io.helidon.http.Headers;
import io.helidon.http.HttpPrologue;
import io.helidon.http.Method;
import io.helidon.http.RequestException;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.ListenerContext;
import io.helidon.webserver.Router;
import io.helidon.webserver.ServerConnectionException;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionListener;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;

/// The connections of a server, over HTTP/1.1 and 1.0. Ends those of clients that are too slow: that send a byte from
/// time to time, or do not read. A thread that waits for such a client is freed only by closing its socket.
///
/// Where there are too many, of all clients or of one address, a new connection takes the place of one that is not
/// being answered: of the address with the most connections, an idle one first, then one whose headers or body have not
/// ended, and of these the oldest.
public final class ClientConnections implements ServerConnectionSelector, AutoCloseable {
    private static final long CHECK_MILLIS = 100;

    private final HttpLimits limits;
    private final Http1ConnectionSelector http1;
    private final int mostConnections;
    private final Set<ClientConnection> open = ConcurrentHashMap.newKeySet();
    /// By address; guarded by this object.
    private final Map<String, Integer> counts = new HashMap<>();
    private final Thread checker = Thread.ofPlatform().daemon().name("glia-slow-clients").unstarted(this::check);

    public ClientConnections(HttpLimits limits) {
        this.limits = limits;
        this.mostConnections = Math.min(limits.connections(), mostSockets());
        this.http1 = Http1ConnectionSelector.builder().config(Http1Config.builder()
                .maxHeadersSize(limits.headerBytes()).maxPrologueLength(limits.headerBytes() / 2)
                .addReceiveListener(new Listener()).build()).build();
        checker.start();
    }

    /// The web server stops where there is no file descriptor for a connection; some are for files.
    private static int mostSockets() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
                ? Math.clamp(unix.getMaxFileDescriptorCount() / 4 * 3, 1, Integer.MAX_VALUE) : Integer.MAX_VALUE;
    }

    private void check() {
        while (!checker.isInterrupted()) {
            long now = System.nanoTime();
            for (ClientConnection connection : open) {
                if (connection.isLate(now)) {
                    connection.close();
                }
            }
            try {
                Thread.sleep(CHECK_MILLIS);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /// The number of open connections.
    public int numOpen() {
        return open.size();
    }

    /// Ends all connections. A connection whose thread is interrupted while it waits for a request would write an
    /// error that answers nothing.
    @Override
    public void close() {
        checker.interrupt();
        open.forEach(ClientConnection::close);
    }

    @Override
    public int bytesToIdentifyConnection() {
        return http1.bytesToIdentifyConnection();
    }

    @Override
    public Support supports(BufferData data) {
        return http1.supports(data);
    }

    @Override
    public Set<String> supportedApplicationProtocols() {
        return http1.supportedApplicationProtocols();
    }

    @Override
    public ServerConnection connection(ConnectionContext context) {
        ClientConnection client = new ClientConnection(context.serverSocket(), context.dataWriter(),
                address(context.remotePeer().address()), limits);
        if (!admit(client)) {
            refuse(context);
            throw new CloseConnectionException("too many connections");
        }
        client.begin();
        return new Watched(client, http1.connection(new Context(context, DataReader.create(() -> read(client)))));
    }

    /// The address of a client; of IPv6 the network of 64 bits, which is a client's own.
    private static String address(SocketAddress peer) {
        if (!(peer instanceof InetSocketAddress inet) || inet.getAddress() == null) {
            return String.valueOf(peer);
        }
        byte[] bytes = inet.getAddress().getAddress();
        return inet.getAddress() instanceof Inet6Address ? HexFormat.of().formatHex(bytes, 0, Long.BYTES)
                : inet.getAddress().getHostAddress();
    }

    /// Adds a connection, in place of another one where there are too many.
    ///
    /// @return false if all others are being answered
    private boolean admit(ClientConnection client) {
        ClientConnection victim = null;
        synchronized (this) {
            boolean isFull = open.size() >= mostConnections;
            boolean hasMany = counts.getOrDefault(client.address(), 0) >= limits.connectionsPerAddress();
            if (isFull || hasMany) {
                victim = victim(hasMany ? client.address() : null);
                if (victim == null) {
                    return false;
                }
                remove(victim);
            }
            open.add(client);
            counts.merge(client.address(), 1, Integer::sum);
        }
        if (victim != null) {
            victim.close();
        }
        return true;
    }

    /// @param address of the connection to end; null for any
    private ClientConnection victim(String address) {
        return open.stream().filter(c -> c.phase() != ClientConnection.Phase.ANSWER
                && (address == null || address.equals(c.address())))
                .min(Comparator.comparingInt((ClientConnection c) -> -counts.getOrDefault(c.address(), 0))
                        .thenComparing(c -> c.phase() != ClientConnection.Phase.IDLE)
                        .thenComparingLong(ClientConnection::phaseSince))
                .orElse(null);
    }

    private synchronized void remove(ClientConnection client) {
        if (open.remove(client)) {
            counts.computeIfPresent(client.address(), (_, count) -> count == 1 ? null : count - 1);
        }
    }

    private static void refuse(ConnectionContext context) {
        byte[] body = Json.bytes(ErrorStyle.OPENAI.body(new ServeException(503, "overloaded_error", "",
                "there are too many connections, and all are being answered; try again later"), ""));
        String head = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: "
                + body.length + "\r\nRetry-After: 1\r\nConnection: close\r\n\r\n";
        try {
            context.dataWriter().writeNow(BufferData.create(head.getBytes(StandardCharsets.US_ASCII)),
                    BufferData.create(body));
        } catch (RuntimeException e) {
            // The client has gone.
        }
    }

    private static byte[] read(ClientConnection client) {
        try {
            return client.read();
        } catch (UncheckedIOException e) {
            throw new ServerConnectionException("the client has gone", e);
        }
    }

    /// Tells a connection of the parts of its requests.
    private static final class Listener implements Http1ConnectionListener {
        @Override
        public void prologue(ConnectionContext context, HttpPrologue prologue) {
            if (prologue.method().equals(Method.CONNECT)) {
                throw RequestException.builder().type(EventType.BAD_REQUEST).status(Status.METHOD_NOT_ALLOWED_405)
                        .setKeepAlive(false).message("the server is no proxy").build();
            }
            ClientConnection.current().requestBegan();
        }

        @Override
        public void headers(ConnectionContext context, Headers headers) {
            ClientConnection.current().headersEnded();
            if (headers.contains(HeaderNames.TRANSFER_ENCODING)) {
                ClientConnection.current().expectChunks(context.dataReader());
            }
        }
    }

    /// A connection that is listed until its end.
    private final class Watched implements ServerConnection, InterruptableTask<Void> {
        private final ClientConnection client;
        private final ServerConnection connection;

        Watched(ClientConnection client, ServerConnection connection) {
            this.client = client;
            this.connection = connection;
        }

        @Override
        public void handle(Limit limit) throws InterruptedException {
            try {
                connection.handle(limit);
            } finally {
                client.linger();
                remove(client);
            }
        }

        @Override
        public Duration idleTime() {
            return connection.idleTime();
        }

        @Override
        public void close(boolean interrupt) {
            connection.close(interrupt);
        }

        @Override
        public boolean canInterrupt() {
            return connection instanceof InterruptableTask<?> task && task.canInterrupt();
        }
    }

    /// The context of a connection with a reader that counts.
    private record Context(ConnectionContext base, DataReader dataReader) implements ConnectionContext {
        @Override
        public ListenerContext listenerContext() {
            return base.listenerContext();
        }

        @Override
        public ExecutorService executor() {
            return base.executor();
        }

        @Override
        public DataWriter dataWriter() {
            return base.dataWriter();
        }

        @Override
        public Router router() {
            return base.router();
        }

        @Override
        public HelidonSocket serverSocket() {
            return base.serverSocket();
        }

        @Override
        public PeerInfo remotePeer() {
            return base.remotePeer();
        }

        @Override
        public PeerInfo localPeer() {
            return base.localPeer();
        }

        @Override
        public boolean isSecure() {
            return base.isSecure();
        }

        @Override
        public String socketId() {
            return base.socketId();
        }

        @Override
        public String childSocketId() {
            return base.childSocketId();
        }
    }
}
