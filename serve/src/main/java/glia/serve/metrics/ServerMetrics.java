package glia.serve.metrics;

import glia.engine.call.CallObserver;
import glia.engine.schedule.Scheduler;
import glia.serve.http.RequestListener.RequestSummary;
import glia.serve.http.RequestListener;
import io.micrometer.common.util.internal.logging.InternalLoggerFactory;
import io.micrometer.common.util.internal.logging.JdkLoggerFactory;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/// Metrics for Prometheus. Labels have few values: patterns of routes, methods, statuses, never what a client sent.
public final class ServerMetrics implements RequestListener, CallObserver {
    private static final String OPEN_METRICS = "application/openmetrics-text";

    static {
        // There is SLF4J for other libraries, with no log behind it, and it says so.
        InternalLoggerFactory.setDefaultFactory(JdkLoggerFactory.INSTANCE);
    }

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Counter promptTokens = counter("glia.prompt.tokens", "Tokens of prompts");
    private final Counter reusedTokens = counter("glia.prefix.cache.tokens", "Tokens of prompts that the prefix cache "
            + "held");
    private final Counter hits = counter("glia.prefix.cache.hits", "Prompts of which the prefix cache held a part");
    private final Counter answers = counter("glia.answers", "Answers that have ended");
    private final Counter generatedTokens = counter("glia.generated.tokens", "Tokens of answers");
    /// Kept, since counters of functions keep their object weakly.
    private Supplier<Number> numModelLoads;
    private final Timer firstToken = timer("glia.time.to.first.token", "From submission to the first token",
            0.001, 120);
    private final Timer betweenTokens = timer("glia.inter.token", "From a token of an answer to the next", 0.0005, 10);

    private Counter counter(String name, String description) {
        return Counter.builder(name).description(description).register(registry);
    }

    private Timer timer(String name, String description, double least, double most) {
        return Timer.builder(name).description(description).serviceLevelObjectives(buckets(least, most))
                .register(registry);
    }

    /// Three buckets for each factor of ten: 1, 2 and 5.
    private static Duration[] buckets(double least, double most) {
        List<Duration> buckets = new ArrayList<>();
        for (double ten = 1e-4; ten <= most; ten *= 10) {
            for (double step : new double[] {1, 2, 5}) {
                if (ten * step >= least * 0.999 && ten * step <= most) {
                    buckets.add(Duration.ofNanos(Math.round(ten * step * 1e9)));
                }
            }
        }
        return buckets.toArray(Duration[]::new);
    }

    /// Adds gauges of the load of all models.
    ///
    /// @param loads the loads of the schedulers, when metrics are read
    /// @param numLoads models that were loaded so far
    /// @param numRequests requests that run or wait
    /// @param numConnections open connections
    public void watch(Supplier<List<Scheduler.Load>> loads, Supplier<Number> numLoads, Supplier<Number> numRequests,
            Supplier<Number> numConnections) {
        gauge("glia.sequences.running", "Sequences that run", loads, Scheduler.Load::numRunning);
        gauge("glia.sequences.waiting", "Sequences that have not started", loads, Scheduler.Load::numWaiting);
        gauge("glia.preemptions", "Preemptions since the models were loaded", loads, Scheduler.Load::numPreemptions);
        gauge("glia.kv.cache.bytes", "Memory of the KV caches, in bytes", loads, Scheduler.Load::usedBytes);
        Gauge.builder("glia.models", loads, all -> all.get().size()).description("Models that are loaded")
                .strongReference(true).register(registry);
        numModelLoads = numLoads;
        FunctionCounter.builder("glia.model.loads", numModelLoads, all -> all.get().doubleValue())
                .description("Models that were loaded on demand").register(registry);
        Gauge.builder("glia.requests", numRequests).description("Requests that run or wait").register(registry);
        Gauge.builder("glia.connections", numConnections).description("Open connections").register(registry);
    }

    private void gauge(String name, String description, Supplier<List<Scheduler.Load>> loads,
            ToDoubleFunction<Scheduler.Load> value) {
        Gauge.builder(name, loads, all -> all.get().stream().mapToDouble(value).sum()).description(description)
                .strongReference(true).register(registry);
    }

    @Override
    public void ended(RequestSummary request) {
        Timer.builder("glia.http.requests").description("Requests by route and status")
                .tags("method", request.method(), "route", request.route(), "status",
                        Integer.toString(request.status())).register(registry)
                .record(request.nanos(), TimeUnit.NANOSECONDS);
    }

    @Override
    public void token(long nanos) {
        betweenTokens.record(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void ended(int prompt, int reused, int tokens, long firstTokenNanos) {
        answers.increment();
        promptTokens.increment(prompt);
        reusedTokens.increment(reused);
        hits.increment(reused > 0 ? 1 : 0);
        generatedTokens.increment(tokens);
        if (firstTokenNanos > 0) {
            firstToken.record(firstTokenNanos, TimeUnit.NANOSECONDS);
        }
    }

    /// The format for a client: OpenMetrics where it reads that, else Prometheus' text.
    ///
    /// @param accept the header `Accept`; empty if there is none
    public static String contentType(String accept) {
        return accept.contains(OPEN_METRICS) ? OPEN_METRICS + "; version=1.0.0; charset=utf-8"
                : "text/plain; version=0.0.4; charset=utf-8";
    }

    /// All metrics in a format.
    public String text(String contentType) {
        return registry.scrape(contentType);
    }
}
