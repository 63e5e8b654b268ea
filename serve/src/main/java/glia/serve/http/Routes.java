package glia.serve.http;

import glia.serve.request.HttpLimits;
import glia.serve.request.ServeException;
import io.helidon.http.HeaderNames;
import io.helidon.http.Method;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.UncheckedIOException;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;

/// The routes of a server: adds request ids, authentication and errors to endpoints.
public final class Routes {
    private final HttpRouting.Builder routing;
    private final Gate gate;
    private final HttpLimits limits;
    private final Consumer<String> log;

    /// @param gate admits requests
    /// @param log receives lines about unexpected errors
    public Routes(HttpRouting.Builder routing, Gate gate, HttpLimits limits, Consumer<String> log) {
        this.routing = routing;
        this.gate = gate;
        this.limits = limits;
        this.log = log;
    }

    /// Adds a route for GET.
    public Routes get(String path, ErrorStyle style, Endpoint endpoint) {
        return add(Method.GET, path, style, endpoint);
    }

    /// Adds a route for POST.
    public Routes post(String path, ErrorStyle style, Endpoint endpoint) {
        return add(Method.POST, path, style, endpoint);
    }

    /// Adds a route for DELETE.
    public Routes delete(String path, ErrorStyle style, Endpoint endpoint) {
        return add(Method.DELETE, path, style, endpoint);
    }

    private Routes add(Method method, String path, ErrorStyle style, Endpoint endpoint) {
        routing.route(method, path, (request, response) -> handle(request, response, style, endpoint));
        return this;
    }

    private void handle(ServerRequest request, ServerResponse response, ErrorStyle style, Endpoint endpoint) {
        String id = "req_" + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
        response.header(HeaderNames.create("x-request-id"), id);
        Exchange exchange = new Exchange(request, response, gate.caller(request), id, limits);
        try (Gate.Pass _ = gate.admit(exchange.caller())) {
            endpoint.answer(exchange);
        } catch (UncheckedIOException e) {
            throw new CloseConnectionException("the client has gone", e);
        } catch (Throwable e) {
            fail(e, exchange, response, style);
        } finally {
            exchange.release();
        }
        if (!exchange.isSent()) {
            throw new CloseConnectionException("the client went before its answer was complete");
        }
    }

    private void fail(Throwable e, Exchange exchange, ServerResponse response, ErrorStyle style) {
        ServeException error = HttpErrors.of(e, exchange.id());
        if (error.status() == 500) {
            log.accept(exchange.id() + " failed: " + e + trace(e));
        }
        if (exchange.endStream(style, error)) {
            return;
        }
        if (exchange.hasBegun()) {
            throw new CloseConnectionException("the stream failed", e);
        }
        if (error.status() == 429 || error.status() == 503) {
            response.header(HeaderNames.RETRY_AFTER, "1");
        }
        if (error.status() == 401) {
            response.header(HeaderNames.WWW_AUTHENTICATE, "Bearer");
        }
        exchange.json(error.status(), style.body(error, exchange.id()));
    }

    private static String trace(Throwable e) {
        StringBuilder lines = new StringBuilder();
        for (StackTraceElement at : e.getStackTrace()) {
            lines.append("\n    at ").append(at);
        }
        return lines.toString();
    }
}
