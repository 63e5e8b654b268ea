package glia.serve.http;

import glia.serve.request.HttpLimits;
import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataWriter;
import io.helidon.common.concurrency.limits.Limit;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.PeerInfo;
import io.helidon.common.task.InterruptableTask;
import io.helidon.http.DirectHandler.EventType;
import io.helidon.http.Headers;
import io.helidon.http.HttpPrologue;
import io.helidon.http.Method;
import io.helidon.http.RequestException;
import io.helidon.http.Status;
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
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;

/// The connections of a server, over HTTP/1.1 and 1.0. Ends those of clients that are too slow: that send a byte from
/// time to time, or do not read. A thread that waits for such a client is freed only by closing its socket.
public final class ClientConnections implements ServerConnectionSelector, AutoCloseable {
    private static final long CHECK_MILLIS = 100;

    private final HttpLimits limits;
    private final Http1ConnectionSelector http1;
    private final Set<ClientConnection> open = ConcurrentHashMap.newKeySet();
    private final Thread checker = Thread.ofPlatform().daemon().name("glia-slow-clients").unstarted(this::check);

    public ClientConnections(HttpLimits limits) {
        this.limits = limits;
        this.http1 = Http1ConnectionSelector.builder().config(Http1Config.builder()
                .maxHeadersSize(limits.headerBytes()).maxPrologueLength(limits.headerBytes() / 2)
                .addReceiveListener(new Listener()).build()).build();
        checker.start();
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
        ClientConnection client = new ClientConnection(context.serverSocket(), limits);
        open.add(client);
        client.begin();
        return new Watched(client, http1.connection(new Context(context, new StrictReader(() -> read(client)))));
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
                open.remove(client);
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
