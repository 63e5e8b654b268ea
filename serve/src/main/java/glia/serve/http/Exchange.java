package glia.serve.http;

import glia.serve.request.Fields;
import glia.serve.request.HttpLimits;
import glia.serve.request.ServeException;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Optional;

/// A request and its response.
public final class Exchange {
    private final ServerRequest request;
    private final ServerResponse response;
    private final Caller caller;
    private final String id;
    private final HttpLimits limits;
    private ClientConnection connection;
    private EventStream stream;

    Exchange(ServerRequest request, ServerResponse response, Caller caller, String id, HttpLimits limits) {
        this.request = request;
        this.response = response;
        this.caller = caller;
        this.id = id;
        this.limits = limits;
    }

    /// The number of the request, in the response's header `x-request-id`.
    public String id() {
        return id;
    }

    /// Whose request it is.
    public Caller caller() {
        return caller;
    }

    /// The limits of this server's requests.
    public HttpLimits limits() {
        return limits;
    }

    /// A part of the path, such as `{id}` in `/v1/responses/{id}`.
    public String pathPart(String name) {
        return request.path().pathParameters().get(name);
    }

    /// A parameter of the query; empty if there is none.
    public Optional<String> query(String name) {
        return request.query().contains(name) ? Optional.of(request.query().get(name)) : Optional.empty();
    }

    /// A header; empty if there is none.
    public Optional<String> header(String name) {
        return request.headers().first(HeaderNames.create(name));
    }

    /// The JSON object of the body.
    ///
    /// @throws ServeException if it is none, or larger than the limit: status 400 or 413
    public Fields body() {
        return Json.parse(bytes());
    }

    private byte[] bytes() {
        long most = limits.bodyBytes();
        long length = request.headers().contentLength().orElse(0);
        if (length <= most) {
            try (InputStream in = request.content().inputStream()) {
                byte[] bytes = in.readNBytes((int) Math.min(Integer.MAX_VALUE - 8, most + 1));
                if (bytes.length <= most) {
                    return bytes;
                }
            } catch (IOException e) {
                throw ServeException.badRequest("the body could not be read: " + e.getMessage());
            }
        }
        throw new ServeException(413, "invalid_request_error", "", "the body is too large: found "
                + (length > most ? length + " bytes" : "more") + ", expected at most " + most
                + " bytes; the server's option --max-body raises the limit");
    }

    /// Sends a JSON value with status 200.
    public void json(Object value) {
        json(200, value);
    }

    /// Sends a JSON value.
    public void json(int status, Object value) {
        send(status, "application/json", Json.bytes(value));
    }

    /// Sends bytes.
    public void send(int status, String contentType, byte[] bytes) {
        response.status(status);
        response.header(HeaderNames.CONTENT_TYPE, contentType);
        response.send(bytes);
    }

    /// Sets a header of the response.
    public void setHeader(String name, String value) {
        response.header(HeaderNames.create(name), value);
    }

    /// Whether the client is still connected. After the first call the body can no longer be read.
    public boolean isConnected() {
        if (connection == null) {
            connection = ClientConnection.current();
            connection.watch();
        }
        return connection.isOpen();
    }

    /// Begins a streamed response. The endpoint closes it when it is complete; if the endpoint throws before, the stream
    /// ends with an error in the route's style.
    ///
    /// @param form how events are written
    public EventStream stream(EventStream.Form form) {
        isConnected();
        response.status(200);
        response.header(HeaderNames.CONTENT_TYPE, form.contentType());
        response.header(HeaderNames.CACHE_CONTROL, "no-cache");
        // Proxies such as nginx would collect the events.
        response.header(HeaderNames.create("X-Accel-Buffering"), "no");
        stream = new EventStream(form, response.outputStream(), connection, limits.writeTimeout());
        return stream;
    }

    /// Ends the stream, if one is open, with an error.
    ///
    /// @return false if none is open or the client has gone
    boolean endStream(ErrorStyle style, ServeException error) {
        if (stream == null || stream.isClosed()) {
            return false;
        }
        try {
            style.stream(stream, style.body(error, id));
            stream.close();
            return true;
        } catch (UncheckedIOException e) {
            return false;
        }
    }

    /// Ends what watches the response.
    void release() {
        if (stream != null) {
            stream.release();
        }
    }

    /// Whether a response was sent as a whole, or its stream closed.
    boolean isSent() {
        return response.isSent() || stream != null && stream.isClosed();
    }

    /// Whether a response has begun, so that no other can be sent.
    boolean hasBegun() {
        return response.isSent() || stream != null;
    }
}
