package glia.serve.http;

import glia.serve.request.HttpLimits;
import glia.serve.request.ServeException;
import io.helidon.http.DirectHandler;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.ServerResponseHeaders;
import io.helidon.http.Status;
import io.helidon.webserver.http.DirectHandlers;
import java.util.Map;

/// Answers what is no HTTP, or too large, before there is a request: with an error as the APIs write it, which has
/// nothing of what was sent.
public final class RefusedHttp {
    private RefusedHttp() { }

    /// The handlers of a server.
    public static DirectHandlers handlers(HttpLimits limits) {
        DirectHandlers.Builder handlers = DirectHandlers.builder();
        for (DirectHandler.EventType type : DirectHandler.EventType.values()) {
            handlers.addHandler(type,
                    (request, _, status, headers, _) -> answer(request, status.code(), headers, limits));
        }
        return handlers.build();
    }

    private static DirectHandler.TransportResponse answer(DirectHandler.TransportRequest request, int status,
            ServerResponseHeaders headers, HttpLimits limits) {
        String path = request.path();
        // The method of HTTP/2's preface (RFC 9113, section 3.4).
        boolean isHttp2 = "PRI".equals(request.method());
        ClientConnection connection = ClientConnection.current();
        // What the web server cannot read before the headers end is the client's fault, such as a method of `é`.
        boolean isUnreadable = status == 500 && connection != null && connection.isInHead();
        boolean isHeadTooLarge = connection != null && connection.isHeadTooLarge();
        int code = isHttp2 ? 505 : status != 400 && !isUnreadable ? status : isEncoded(request) ? 415
                : isHeadTooLarge ? 431 : 400;
        ServeException error = switch (code) {
            case 405 -> new ServeException(405, "invalid_request_error", "", "found the method CONNECT, but this "
                    + "server is no proxy");
            case 413 -> tooLarge(limits);
            case 415 -> new ServeException(415, "invalid_request_error", "", "bodies must not be compressed: found the "
                    + "header Content-Encoding, expected none");
            case 431 -> new ServeException(431, "invalid_request_error", "", "the headers are too large: expected at "
                    + "most " + limits.headerBytes() + " bytes; the server's option --max-headers raises the limit");
            case 505 -> new ServeException(505, "invalid_request_error", "", (isHttp2 ? "found HTTP/2 without "
                    + "TLS" : "found HTTP/1.0 after other requests of a connection") + ", expected HTTP/1.1");
            case 503 -> new ServeException(503, "overloaded_error", "", "too many requests; try again later");
            default -> code >= 500 && code != 501
                    ? new ServeException(500, "server_error", "", "internal error")
                    : new ServeException(code, "invalid_request_error", "", "the request is not valid HTTP/1.1: "
                            + Status.create(code).reasonPhrase());
        };
        Map<String, Object> body = ErrorStyle.ofPath(path == null ? "" : path).body(error, "");
        return DirectHandler.TransportResponse.builder().status(Status.create(error.status())).headers(headers)
                .header(HeaderNames.CONTENT_TYPE, "application/json").header(HeaderValues.CONNECTION_CLOSE)
                .keepAlive(false).entity(Json.bytes(body)).build();
    }

    private static boolean isEncoded(DirectHandler.TransportRequest request) {
        return request.headers() != null && request.headers().contains(HeaderNames.CONTENT_ENCODING)
                && !request.headers().get(HeaderNames.CONTENT_ENCODING).get().equalsIgnoreCase("identity");
    }

    /// The error of a body that is too large: status 413.
    static ServeException tooLarge(HttpLimits limits) {
        return new ServeException(413, "invalid_request_error", "", "the body is too large: expected at most "
                + limits.bodyBytes() + " bytes; the server's option --max-body raises the limit");
    }
}
