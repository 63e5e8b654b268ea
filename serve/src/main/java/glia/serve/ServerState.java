package glia.serve;

import static glia.serve.http.Json.object;

import glia.serve.http.Exchange;
import glia.serve.http.Gate;
import glia.serve.http.Routes;
import glia.serve.metrics.ServerMetrics;
import java.nio.charset.StandardCharsets;

/// Routes about the server itself: whether it lives, whether it takes requests, its metrics.
final class ServerState {
    private final Gate gate;
    private final ServerMetrics metrics;

    ServerState(Gate gate, ServerMetrics metrics) {
        this.gate = gate;
        this.metrics = metrics;
    }

    void addRoutes(Routes routes) {
        routes.open("/health", exchange -> exchange.json(object("status", "ok"))).probe("/ready", this::ready)
                .probe("/metrics", this::metrics);
    }

    private void metrics(Exchange exchange) {
        String type = ServerMetrics.contentType(exchange.header("Accept").orElse(""));
        exchange.setHeader("Vary", "Accept");
        exchange.send(200, type, metrics.text(type).getBytes(StandardCharsets.UTF_8));
    }

    private void ready(Exchange exchange) {
        String state = gate.isDraining() ? "draining" : "ready";
        exchange.json(state.equals("ready") ? 200 : 503, object("status", state));
    }
}
