package glia.serve.http;

import glia.serve.http.RequestListener.RequestSummary;
import glia.serve.http.Route.Endpoint;
import glia.serve.request.ServeException;
import glia.serve.security.OriginCheck;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Method;
import io.helidon.http.ServerRequestHeaders;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.UncheckedIOException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;

/// The routes of a server: adds request ids, authentication, errors and logs to endpoints.
public final class Routes {
    /// Who may use a route, and whether its requests are counted.
    private enum Kind {
        /// With a key; counted and limited.
        API,
        /// With a key, unless the options open it; answered while the server drains.
        PROBE,
        /// Without a key; answered while the server drains.
        OPEN
    }

    private static final HeaderName REQUEST_ID = HeaderNames.create("x-request-id");
    private static final HeaderName ANTHROPIC_VERSION = HeaderNames.create("anthropic-version");
    private static final Pattern SANE_ID = Pattern.compile("[A-Za-z0-9._:-]{1,128}");
    private static final Pattern HEADER_LIST = Pattern.compile("[A-Za-z0-9, -]{1,2000}");
    private static final String NO_ROUTE = "other";

    private final HttpRouting.Builder routing;
    private final Map<String, Set<String>> methods = new LinkedHashMap<>();
    private final Gate gate;
    private final RequestLog log;
    private final List<RequestListener> listeners;

    /// @param gate admits requests
    /// @param log receives unexpected errors, and requests if wanted
    /// @param listeners receive requests that have ended
    public Routes(HttpRouting.Builder routing, Gate gate, RequestLog log, List<RequestListener> listeners) {
        this.routing = routing;
        this.gate = gate;
        this.log = log;
        this.listeners = List.copyOf(listeners);
    }

    /// Adds a route, whose body has the declared fields alone. A route for GET answers HEAD, too.
    public Routes add(Route route) {
        Endpoint endpoint = exchange -> {
            exchange.expect(route.fields());
            route.endpoint().answer(exchange);
        };
        if (route.method().equals("GET")) {
            return read(route.path(), route.style(), Kind.API, endpoint);
        }
        return add(Method.create(route.method()), route.path(), route.style(), Kind.API, endpoint);
    }

    /// Adds a route for GET and HEAD (RFC 9110, section 9.1: every server has both).
    private Routes read(String path, ErrorStyle style, Kind kind, Endpoint endpoint) {
        add(Method.HEAD, path, style, kind, endpoint);
        return add(Method.GET, path, style, kind, endpoint);
    }

    /// Adds a route for GET and HEAD that anybody may use, also while the server drains, such as a page without
    /// secrets.
    public Routes open(String path, Endpoint endpoint) {
        return read(path, ErrorStyle.OPENAI, Kind.OPEN, endpoint);
    }

    /// Adds a route for GET and HEAD about the server itself, which is answered while it drains.
    public Routes probe(String path, Endpoint endpoint) {
        return read(path, ErrorStyle.OPENAI, Kind.PROBE, endpoint);
    }

    /// Answers other methods of the routes with 405, all other requests with 404, and questions of browsers whether a
    /// page may call the server.
    public void end() {
        methods.forEach((path, allowed) -> routing.any(path, (request, response) ->
                refuse(request, response, exchange -> wrongMethod(exchange, allowed))));
        routing.any((request, response) -> refuse(request, response, Routes::notFound));
    }

    private void refuse(ServerRequest request, ServerResponse response, Endpoint error) {
        boolean isPreflight = request.prologue().method().equals(Method.OPTIONS) && gate.origins().allowsAny();
        handle(request, response, "OTHER", NO_ROUTE, ErrorStyle.ofPath(request.path().rawPath()), Kind.OPEN,
                isPreflight ? exchange -> preflight(exchange, response) : error);
    }

    private static void wrongMethod(Exchange exchange, Set<String> allowed) {
        String list = String.join(", ", allowed);
        exchange.setHeader("Allow", list);
        throw new ServeException(405, "invalid_request_error", "", "this route has no such method; expected " + list);
    }

    private static void notFound(Exchange exchange) {
        throw new ServeException(404, "not_found_error", "", "there is no such route; docs/serving.md lists all");
    }

    private static void preflight(Exchange exchange, ServerResponse response) {
        exchange.setHeader("Access-Control-Allow-Methods", "GET, POST, DELETE");
        exchange.setHeader("Access-Control-Allow-Headers", exchange.header("Access-Control-Request-Headers")
                .filter(names -> HEADER_LIST.matcher(names).matches())
                .orElse("authorization, content-type, x-api-key"));
        exchange.setHeader("Access-Control-Max-Age", "600");
        response.status(204).send();
    }

    private Routes add(Method method, String path, ErrorStyle style, Kind kind, Endpoint endpoint) {
        methods.computeIfAbsent(path, _ -> new TreeSet<>()).add(method.text());
        routing.route(method, path, (request, response) ->
                handle(request, response, method.text(), path, style, kind, endpoint));
        return this;
    }

    private void handle(ServerRequest request, ServerResponse response, String method, String route, ErrorStyle style,
            Kind kind, Endpoint endpoint) {
        long since = System.nanoTime();
        // Ids of answers are the server's own: they must not be those of another caller's answers.
        String own = "req_" + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
        String id = request.headers().first(REQUEST_ID).filter(sent -> SANE_ID.matcher(sent).matches()).orElse(own);
        response.header(REQUEST_ID, id);
        Exchange exchange = new Exchange(request, response, own, id, gate, log);
        int status = RequestSummary.CLIENT_GONE;
        try {
            answer(exchange, request, response, style(style, request), kind, endpoint);
            if (!exchange.isSent()) {
                throw new CloseConnectionException("the client went before its answer was complete");
            }
            status = response.status().code();
            if (request.headers().containsToken(HeaderValues.CONNECTION_CLOSE)
                    || response.headers().containsToken(HeaderValues.CONNECTION_CLOSE)) {
                throw new CloseConnectionException("the connection was to end");
            }
        } catch (UncheckedIOException e) {
            throw new CloseConnectionException("the client has gone", e);
        } finally {
            exchange.end();
            RequestSummary summary = new RequestSummary(id, exchange.caller().name(), method, route,
                    RequestLog.path(request.path().rawPath()), status, System.nanoTime() - since);
            log.ended(summary);
            listeners.forEach(listener -> listener.ended(summary));
        }
    }

    private void answer(Exchange exchange, ServerRequest request, ServerResponse response, ErrorStyle style, Kind kind,
            Endpoint endpoint) {
        try {
            checkOrigin(request, response);
            switch (kind) {
                case OPEN -> endpoint.answer(exchange);
                case PROBE -> {
                    exchange.begin(gate.callerOfProbe(request), null);
                    endpoint.answer(exchange);
                }
                case API -> {
                    Caller caller = gate.caller(request);
                    Gate.Pass pass = gate.admit(caller);
                    exchange.begin(caller, pass);
                    gate.cpu().serve(caller.name(), exchange::isConnected, gate.limits().requestTimeout(),
                            () -> gate.withFiles(pass, () -> {
                                endpoint.answer(exchange);
                                return null;
                            }));
                }
            }
        } catch (UncheckedIOException e) {
            throw e;
        } catch (Throwable e) {
            fail(e, exchange, response, style);
        }
    }

    /// Clients of Anthropic's API get its errors from routes that both APIs have.
    private static ErrorStyle style(ErrorStyle style, ServerRequest request) {
        return style == ErrorStyle.OPENAI && request.headers().contains(ANTHROPIC_VERSION) ? ErrorStyle.ANTHROPIC
                : style;
    }

    private void checkOrigin(ServerRequest request, ServerResponse response) {
        ServerRequestHeaders headers = request.headers();
        Optional<String> origin = headers.contains(HeaderNames.ORIGIN)
                ? Optional.of(String.join(", ", headers.get(HeaderNames.ORIGIN).allValues())) : Optional.empty();
        // A target with a host replaces the header (RFC 9112, section 3.2.2).
        gate.origins().check(OriginCheck.hostOf(request.path().rawPath())
                .orElseGet(() -> headers.first(HeaderNames.HOST).orElse("")), origin);
        if (origin.isPresent() && gate.origins().allows(origin.get())) {
            response.header(HeaderNames.create("Access-Control-Allow-Origin"), origin.get());
            response.header(HeaderNames.create("Access-Control-Expose-Headers"), "x-request-id, retry-after, "
                    + "x-glia-warning");
            response.header(HeaderNames.create("Vary"), "Origin");
        }
    }

    private void fail(Throwable e, Exchange exchange, ServerResponse response, ErrorStyle style) {
        ServeException error = exchange.failure(e);
        if (exchange.endStream(style, error)) {
            return;
        }
        if (exchange.hasBegun()) {
            throw new CloseConnectionException("the stream failed", e);
        }
        if (error.status() == 429 || error.status() == 503) {
            response.header(HeaderNames.RETRY_AFTER, Integer.toString(gate.retrySeconds()));
        }
        if (error.status() == 401) {
            response.header(HeaderNames.WWW_AUTHENTICATE, "Bearer");
        }
        if (!exchange.hasReadBody()) {
            // The rest of a body that is not read would be taken for the next request.
            response.header(HeaderValues.CONNECTION_CLOSE);
        }
        exchange.json(error.status(), style.body(error, exchange.logId()));
    }
}
