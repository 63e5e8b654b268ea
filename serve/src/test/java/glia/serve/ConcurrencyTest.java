package glia.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.engine.LoadOptions;
import glia.engine.RandomAdapters;
import glia.engine.schedule.Scheduler;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import glia.io.json.JsonValues;
import glia.model.adapter.AdapterConfig;
import glia.serve.pool.FileSource;
import glia.serve.pool.ModelPool;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// **Invariant.** In batch-invariant mode concurrent requests have exactly the tokens and log-probabilities of the same
/// requests alone: of the base model and two adapters, with shared prefixes, several samples, random sampling and
/// masks, and with so little memory that requests are preempted.
class ConcurrencyTest {
    private static final List<String> MODELS = List.of("m", "m:calm", "m:wild");
    private static final int REQUESTS = 24;
    private static final long FEW_BYTES = 5L << 20;

    @TempDir
    private Path folder;

    private static Path path() throws Exception {
        return new ModelLocator(HubSettings.fromEnvironment()).locate("reasoner", Progress.NONE).path();
    }

    private ModelPool pool() throws Exception {
        Map<String, Path> adapters = new LinkedHashMap<>();
        try (LanguageModel base = LanguageModel.load(path())) {
            adapters.put("calm", RandomAdapters.write(base.model(), AdapterConfig.Variant.LORA,
                    folder.resolve("calm"), 1, 0.01f));
            adapters.put("wild", RandomAdapters.write(base.model(), AdapterConfig.Variant.DORA,
                    folder.resolve("wild"), 2, 0.03f));
        }
        ModelPool pool = new ModelPool();
        pool.add("m", new FileSource(path(), LoadOptions.defaults().withBatchInvariance(), adapters, Progress.NONE));
        return pool;
    }

    /// Requests of three models, four beginnings and several kinds of sampling.
    private static String body(int i) {
        String start = "Solve x^2 - " + (5 + i % 4) + "x + 6 = 0. ".repeat(1 + i % 4);
        String kind = switch (i % 5) {
            case 0 -> ",\"temperature\":0";
            case 1 -> ",\"temperature\":0,\"n\":3";
            case 2 -> ",\"temperature\":1,\"seed\":" + i;
            case 3 -> ",\"temperature\":0,\"frequency_penalty\":1.5,\"thinking_budget\":20";
            default -> ",\"temperature\":0.7,\"seed\":7,\"n\":2,\"reasoning_effort\":\"none\"";
        };
        return "{\"model\":\"" + MODELS.get(i % MODELS.size()) + "\",\"max_tokens\":" + (130 + i)
                + ",\"logprobs\":true,\"ignore_eos\":true,\"messages\":[{\"role\":\"user\",\"content\":\""
                + start + "\"}]" + kind + "}";
    }

    /// The choices of an answer: texts, tokens and log-probabilities.
    private static Object choices(HttpResponse<byte[]> response) {
        assertEquals(200, response.statusCode(), () -> new String(response.body(),
                StandardCharsets.UTF_8));
        return TestServer.at(JsonValues.parse(response.body()), "choices");
    }

    @Test
    void requestsTogetherAreAnsweredAsAlone() throws Exception {
        ModelPool pool = pool();
        try (Server server = Server.start(pool, ServerOptions.defaults().withPort(0));
                HttpClient client = HttpClient.newHttpClient()) {
            URI uri = URI.create("http://127.0.0.1:" + server.port() + "/v1/chat/completions");
            List<HttpRequest> requests = new ArrayList<>();
            List<Object> alone = new ArrayList<>();
            for (int i = 0; i < REQUESTS; i++) {
                requests.add(HttpRequest.newBuilder(uri).POST(HttpRequest.BodyPublishers.ofString(body(i))).build());
                alone.add(choices(client.send(requests.getLast(), HttpResponse.BodyHandlers.ofByteArray())));
            }
            assertTrue(alone.stream().distinct().count() > REQUESTS / 2, "answers differ from one another");
            for (long bytes : new long[] {1L << 30, FEW_BYTES}) {
                try (var lease = pool.lease("m")) {
                    Scheduler scheduler = lease.served().model().scheduler();
                    long before = scheduler.load().numPreemptions();
                    lease.served().model().limitState(bytes);
                    List<CompletableFuture<HttpResponse<byte[]>>> running = requests.stream()
                            .map(r -> client.sendAsync(r, HttpResponse.BodyHandlers.ofByteArray())).toList();
                    for (int i = 0; i < REQUESTS; i++) {
                        int request = i;
                        assertEquals(alone.get(i), choices(running.get(i).get()), () -> body(request));
                    }
                    assertEquals(bytes == FEW_BYTES, scheduler.load().numPreemptions() > before, "preemptions");
                }
            }
        }
    }
}
