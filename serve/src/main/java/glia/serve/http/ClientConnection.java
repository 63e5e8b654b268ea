package glia.serve.http;

import io.helidon.common.socket.HelidonSocket;

/// The connection of the request that the current thread handles: whether its client is still there. A client that has
/// gone is seen even while nothing is written, since the socket is watched for its end.
final class ClientConnection {
    private static final ThreadLocal<HelidonSocket> CURRENT = new ThreadLocal<>();

    private final HelidonSocket socket;

    private ClientConnection(HelidonSocket socket) {
        this.socket = socket;
    }

    /// Notes the socket of a request, on the thread that handles it.
    static void begin(HelidonSocket socket) {
        CURRENT.set(socket);
    }

    /// The connection of the current request, whose body has been read.
    static ClientConnection current() {
        return new ClientConnection(CURRENT.get());
    }

    /// Watches for the end of the connection; the client sends nothing meanwhile.
    void watch() {
        if (socket != null) {
            socket.idle();
        }
    }

    boolean isOpen() {
        return socket == null || socket.isConnected();
    }

    /// Ends the connection, such as that of a client that does not read.
    void close() {
        if (socket != null) {
            socket.close();
        }
    }
}
