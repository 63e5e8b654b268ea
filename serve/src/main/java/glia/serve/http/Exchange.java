package glia.serve.http;

import glia.engine.call.CallTerms;
import glia.serve.request.FieldTable;
import glia.serve.request.Fields;
import glia.serve.request.HttpLimits;
import glia.serve.request.ServeException;
import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.http.HeaderNames;
import io.helidon.http.Method;
import io.helidon.http.RequestException;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ServerConnectionException;
import io.helidon.webserver.http.RoutingResponse;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A request and its response.
public final class Exchange {
    private static final int PIECE_BYTES = 16 << 10;
    private static final int HEAD_BYTES = 512;

    private final ServerRequest request;
    private final ServerResponse response;
    private final String id;
    private final String logId;
    private final Gate gate;
    private final RequestLog log;
    private final ClientConnection connection = ClientConnection.current();
    private Caller caller = Caller.ANYBODY;
    /// Counts the request; null for one that is not counted.
    private Gate.Pass pass;
    private boolean isWatched;
    private boolean hasReadBody;
    /// The fields of the body; null for any.
    private FieldTable fields;
    private EventStream stream;
    private final long since = System.nanoTime();
    private final List<String> warnings = new ArrayList<>();

    Exchange(ServerRequest request, ServerResponse response, String id, String logId, Gate gate, RequestLog log) {
        this.request = request;
        this.response = response;
        this.id = id;
        this.logId = logId;
        this.gate = gate;
        this.log = log;
        this.hasReadBody = !request.content().hasEntity();
        if (hasReadBody) {
            connection.requestRead();
        }
    }

    void begin(Caller whose, Gate.Pass counted) {
        this.caller = whose;
        this.pass = counted;
    }

    /// The request has ended: its answer, or its error, is written. Until then it counts.
    void end() {
        if (pass != null) {
            pass.close();
        }
        connection.requestEnded();
    }

    void expect(FieldTable declared) {
        this.fields = declared;
    }

    /// The number of the request, which no other request has.
    public String id() {
        return id;
    }

    /// The id of the request in the log and in the header `x-request-id`: the client's own, if it sent one.
    String logId() {
        return logId;
    }

    /// Whose request it is.
    public Caller caller() {
        return caller;
    }

    /// The limits of this server's requests.
    public HttpLimits limits() {
        return gate.limits();
    }

    /// The terms on which an answer is generated.
    public CallTerms terms() {
        CallTerms terms = gate.terms(caller);
        return terms.withTimeout(CallTerms.left(terms.timeout(), since));
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
    /// @throws ServeException if it is none, has fields that the route refuses, or is larger than the limit: status 400
    ///     or 413
    public Fields body() {
        Fields body = gate.parse(bytes());
        log.body(logId, body);
        return body.within(fields);
    }

    /// The fields of a form.
    ///
    /// @throws ServeException if the body is none, has fields that the route refuses, or is larger than the limit:
    ///     status 400 or 413
    public Fields form() {
        String type = header("Content-Type").orElse("none");
        FormParts.check(type);
        Fields body = Fields.ofForm(FormParts.read(type, bytes()), fields);
        log.body(logId, body);
        return body;
    }

    private byte[] bytes() {
        long most = limits().bodyBytes();
        if (request.headers().contentLength().orElse(0) > most) {
            throw RefusedHttp.tooLarge(limits());
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        byte[] piece = new byte[PIECE_BYTES];
        try (InputStream in = request.content().inputStream()) {
            for (int count = read(in, piece); count >= 0; count = read(in, piece)) {
                if (pass != null) {
                    pass.take(count);
                }
                bytes.write(piece, 0, count);
                if (bytes.size() > most) {
                    throw RefusedHttp.tooLarge(limits());
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        hasReadBody = true;
        connection.requestRead();
        return bytes.toByteArray();
    }

    /// @throws ServeException if the body is not framed as HTTP wants it: status 400
    private int read(InputStream in, byte[] piece) {
        try {
            return in.read(piece);
        } catch (IOException | DataReader.InsufficientDataAvailableException | ServerConnectionException e) {
            throw new UncheckedIOException(new IOException("the client went while it sent", e));
        } catch (CloseConnectionException | UncheckedIOException e) {
            throw e;
        } catch (RequestException e) {
            throw e.status().code() == 413 ? RefusedHttp.tooLarge(limits())
                    : ServeException.badRequest("the body is not valid HTTP/1.1: " + e.getMessage());
        } catch (RuntimeException e) {
            // What the web server throws for chunks that it cannot read.
            throw ServeException.badRequest("the body is not valid HTTP/1.1: found a chunk whose length is no "
                    + "hexadecimal number, or whose lines do not end with CR LF");
        }
    }

    /// Whether no byte of the body is left to be read.
    boolean hasReadBody() {
        return hasReadBody;
    }

    /// Sends a JSON value with status 200.
    public void json(Object value) {
        json(200, value);
    }

    /// Sends a JSON value.
    public void json(int status, Object value) {
        send(status, "application/json", Json.bytes(value));
    }

    /// Sends bytes, or for HEAD their length alone.
    public void send(int status, String contentType, byte[] bytes) {
        response.status(status);
        response.header(HeaderNames.CONTENT_TYPE, contentType);
        boolean isHead = request.prologue().method().equals(Method.HEAD);
        if (isHead) {
            // A body would be taken for the next response.
            response.header(HeaderNames.CONTENT_LENGTH, Integer.toString(bytes.length));
        }
        connection.writes();
        try {
            response.send(isHead ? new byte[0] : bytes);
        } catch (ServerConnectionException e) {
            throw new UncheckedIOException(new IOException(e));
        } finally {
            connection.expectsNothing();
        }
    }

    /// Sets a header of the response.
    public void setHeader(String name, String value) {
        response.header(HeaderNames.create(name), value);
    }

    /// Says in a header what of the request has no effect.
    public void warn(String text) {
        warnings.add(text);
        setHeader("X-Glia-Warning", String.join("; ", warnings));
    }

    /// Whether the client is still connected. After the first call the body can no longer be read.
    public boolean isConnected() {
        if (!isWatched) {
            isWatched = true;
            connection.watch();
        }
        return connection.isOpen();
    }

    /// Whether the client waits for an answer that is no generation, such as embeddings. After the first call the body
    /// can no longer be read.
    ///
    /// @throws ServeException if the request has taken longer than the limit: status 503
    public boolean goesOn() {
        if (System.nanoTime() - since > limits().requestTimeout().toNanos()) {
            throw new ServeException(503, "overloaded_error", "", "the request took longer than "
                    + limits().requestTimeout().toSeconds() + " seconds, the limit of the server's option "
                    + "--request-timeout; send less at a time, or try again later");
        }
        return isConnected();
    }

    /// A streamed response, which begins with its first event. The endpoint closes it when it is complete; if the
    /// endpoint throws before, the stream ends with an error in the route's style.
    ///
    /// @param form how events are written
    public EventStream stream(EventStream.Form form) {
        isConnected();
        stream = new EventStream(form, () -> output(form), ((RoutingResponse) response)::commit, connection);
        return stream;
    }

    private OutputStream output(EventStream.Form form) {
        response.status(200);
        response.header(HeaderNames.CONTENT_TYPE, form.contentType());
        response.header(HeaderNames.CACHE_CONTROL, "no-cache");
        // Proxies such as nginx would collect the events.
        response.header(HeaderNames.create("X-Accel-Buffering"), "no");
        if (!connection.isHttp10()) {
            return response.outputStream();
        }
        BufferData head = BufferData.growing(HEAD_BYTES);
        head.write("HTTP/1.1 200 OK\r\nConnection: close\r\n".getBytes(StandardCharsets.US_ASCII));
        response.headers().forEach(header -> header.writeHttp1Header(head));
        head.write("\r\n".getBytes(StandardCharsets.US_ASCII));
        OutputStream out = connection.output();
        try {
            out.write(head.readBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out;
    }

    /// The error of an exception, also after the response was sent. The log has the cause of an unexpected one.
    public ServeException failure(Throwable e) {
        ServeException error = HttpErrors.of(e, logId);
        if (error.status() == 500) {
            log.failure(logId, e);
        }
        return error;
    }

    /// Ends the stream, if one of events is open, with an error.
    ///
    /// @return false if none is open, nothing was sent yet, or the client has gone
    boolean endStream(ErrorStyle style, ServeException error) {
        if (stream == null || !stream.hasBegun() || stream.isClosed() || !stream.hasEvents()) {
            return false;
        }
        try {
            style.stream(stream, style.body(error, logId));
            stream.close();
            return true;
        } catch (UncheckedIOException e) {
            return false;
        }
    }

    /// Whether a response was sent as a whole, or its stream closed.
    boolean isSent() {
        return response.isSent() || stream != null && stream.isClosed();
    }

    /// Whether a response has begun, so that no other can be sent.
    boolean hasBegun() {
        return response.isSent() || stream != null && stream.hasBegun();
    }
}
