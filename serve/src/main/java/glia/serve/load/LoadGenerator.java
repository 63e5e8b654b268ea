package glia.serve.load;

import glia.io.json.JsonValues;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import tools.jackson.core.JacksonException;

/// Generates load on a server with OpenAI's chat completions. In a closed loop each client waits for its answer before
/// it sends the next request, so a slow server gets fewer requests. In an open loop requests arrive at random times
/// whatever the server does, and times count from when a request was due (no coordinated omission).
public final class LoadGenerator {
    private static final Duration REPORT = Duration.ofSeconds(1);

    private final LoadPlan plan;
    private final LoadPrompts prompts;

    /// @throws IllegalArgumentException if the plan has no client
    public LoadGenerator(LoadPlan plan, LoadPrompts prompts) {
        if (plan.clients() < 1 || plan.requests() < 1 || plan.maxTokens() < 1) {
            throw new IllegalArgumentException("found " + plan.clients() + " clients, " + plan.requests()
                    + " requests and " + plan.maxTokens() + " tokens, expected at least 1 each");
        }
        this.plan = plan;
        this.prompts = prompts;
    }

    /// Runs the plan.
    ///
    /// @param progress receives the results so far, each second
    /// @throws LoadException if the server cannot be reached or serves no model
    /// @throws InterruptedException if the thread is interrupted; requests are abandoned then
    public LoadResult run(Consumer<LoadResult> progress) throws IOException, InterruptedException {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
                HttpClient http = LoadClient.connections(threads)) {
            Map<?, ?> model = model(http);
            LoadPlan named = plan.withModel((String) model.get("id"), plan.key());
            LoadPrompts fitting = prompts.within(model.get("max_model_len") instanceof Integer length
                    ? OptionalInt.of(length) : OptionalInt.empty(), plan.maxTokens());
            LoadRecorder recorder = new LoadRecorder();
            Thread reporter = Thread.startVirtualThread(() -> report(recorder, progress));
            try {
                if (plan.rate() > 0) {
                    open(http, named, fitting, recorder, threads);
                } else {
                    closed(http, named, fitting, recorder, threads);
                }
            } catch (InterruptedException e) {
                http.shutdownNow();
                throw e;
            } finally {
                reporter.interrupt();
            }
            return recorder.result();
        }
    }

    /// What the server lists of the model.
    private Map<?, ?> model(HttpClient http) throws IOException, InterruptedException {
        URI address = plan.address("models");
        HttpRequest.Builder request = HttpRequest.newBuilder(address);
        plan.key().ifPresent(key -> request.header("Authorization", "Bearer " + key));
        HttpResponse<byte[]> response;
        try {
            response = http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
        } catch (IOException e) {
            throw new LoadException(address + ": no answer (" + reason(e) + "); is the server running, and is this its "
                    + "address?", e);
        }
        for (Object entry : response.statusCode() == 200 ? listed(response.body()) : List.of()) {
            if (entry instanceof Map<?, ?> model && model.get("id") instanceof String id
                    && (plan.model().isEmpty() || plan.model().equals(id))) {
                return model;
            }
        }
        if (!plan.model().isEmpty()) {
            // Some servers list no adapters, or take any name.
            return Map.of("id", plan.model());
        }
        throw new LoadException(address + ": found status " + response.statusCode()
                + (response.statusCode() == 200 ? " and no model" : "") + ", expected a list of models; is it an "
                + "OpenAI-compatible server, and does it need --key?", null);
    }

    private static List<?> listed(byte[] body) {
        try {
            return JsonValues.parse(body) instanceof Map<?, ?> list && list.get("data") instanceof List<?> data ? data
                    : List.of();
        } catch (JacksonException e) {
            return List.of();
        }
    }

    /// Why there is no connection: errors of the client itself have no message.
    private static String reason(Throwable e) {
        Throwable cause = e;
        while (cause.getMessage() == null && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause instanceof UnresolvedAddressException ? "no such host"
                : cause instanceof ClosedChannelException || cause instanceof ConnectException
                        && cause.getMessage() == null ? "connection refused"
                : cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    }

    private static void report(LoadRecorder recorder, Consumer<LoadResult> progress) {
        try {
            while (true) {
                Thread.sleep(REPORT);
                progress.accept(recorder.result());
            }
        } catch (InterruptedException e) {
            return;
        }
    }

    private void closed(HttpClient http, LoadPlan named, LoadPrompts fitting, LoadRecorder recorder,
            ExecutorService threads) throws InterruptedException {
        long end = System.nanoTime() + plan.duration().toNanos();
        AtomicLong left = new AtomicLong(plan.requests());
        SplittableRandom seeds = new SplittableRandom(plan.seed());
        List<Future<?>> clients = new ArrayList<>();
        for (int i = 0; i < plan.clients(); i++) {
            LoadClient client = new LoadClient(http, named, fitting, recorder, seeds.split());
            clients.add(threads.submit(() -> {
                while (System.nanoTime() < end && left.getAndDecrement() > 0 && !Thread.interrupted()) {
                    client.run(System.nanoTime());
                }
            }));
        }
        await(clients);
    }

    private void open(HttpClient http, LoadPlan named, LoadPrompts fitting, LoadRecorder recorder,
            ExecutorService threads) throws InterruptedException {
        long start = System.nanoTime();
        SplittableRandom seeds = new SplittableRandom(plan.seed());
        RandomGenerator gaps = seeds.split();
        Semaphore places = new Semaphore(plan.clients());
        double due = 0;
        for (long i = 0; i < plan.requests(); i++) {
            due += -Math.log(1 - gaps.nextDouble()) / plan.rate();
            if (due > plan.duration().toNanos() / 1e9) {
                break;
            }
            long at = start + (long) (due * 1e9);
            Thread.sleep(Duration.ofNanos(Math.max(0, at - System.nanoTime())));
            LoadClient client = new LoadClient(http, named, fitting, recorder, seeds.split());
            if (places.tryAcquire()) {
                threads.execute(() -> {
                    try {
                        client.run(at);
                    } finally {
                        places.release();
                    }
                });
            } else {
                recorder.error("not sent: " + plan.clients() + " requests at a time");
            }
        }
        places.acquire(plan.clients());
    }

    private static void await(List<Future<?>> clients) throws InterruptedException {
        for (Future<?> client : clients) {
            try {
                client.get();
            } catch (ExecutionException e) {
                throw new IllegalStateException("a client failed", e.getCause());
            }
        }
    }

    /// A server could not be reached, or does not serve a model by OpenAI's API.
    public static final class LoadException extends IOException {
        private static final long serialVersionUID = 1;

        LoadException(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
