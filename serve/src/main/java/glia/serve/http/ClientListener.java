package glia.serve.http;

import io.helidon.http.HttpPrologue;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.http1.Http1ConnectionListener;

/// Notes the connection of each request, so that an endpoint can see whether its client has gone.
public final class ClientListener implements Http1ConnectionListener {
    /// The one listener; it has no state.
    public static final ClientListener INSTANCE = new ClientListener();

    private ClientListener() { }

    @Override
    public void prologue(ConnectionContext context, HttpPrologue prologue) {
        ClientConnection.begin(context.serverSocket());
    }
}
