package glia.serve.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.AnyReasoner;
import glia.engine.LanguageModel;
import glia.engine.load.LoadOptions;
import glia.io.json.JsonValues;
import glia.serve.Server;
import glia.serve.ServerOptions;
import glia.serve.TestServer;
import glia.serve.load.LoadPrompts.Prompt;
import glia.serve.pool.ModelCatalogue.ServedModel;
import glia.serve.pool.ModelPool;
import glia.serve.request.HttpLimits;
import glia.serve.request.Timeouts;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// A server under normal, slow, vanishing and hostile clients together: every answer is that of the same request alone,
/// every error has a type, and the memory stays what it was.
class SoakTest {
    /// Rounds of load, in one of which at least the heap must stay what it was. What the JVM adds by itself, such as
    /// classes, it adds once; a leak grows in each round.
    private static final int MOST_ROUNDS = 3;
    private static final LoadPlan.Mix MIX = new LoadPlan.Mix(0.1, 0.15, 0.15);
    private static final int MAX_TOKENS = 40;
    private static final int PROMPTS = 16;
    private static final Duration LONG = Duration.ofMinutes(10);

    private final List<String> log = Collections.synchronizedList(new ArrayList<>());
    private LanguageModel model;
    private Server server;
    private LoadPlan plan;

    @BeforeEach
    void start() throws IOException {
        model = LanguageModel.load(AnyReasoner.path(), LoadOptions.defaults().withBatchInvariance());
        ModelPool models = new ModelPool();
        models.add(new ServedModel("reasoner", model, Instant.now()));
        // The clients share this process: on a busy machine it may stand still for longer than the usual limits.
        server = Server.start(models, ServerOptions.defaults().withPort(0).withLog(log::add)
                .withLimits(HttpLimits.defaults().withStreamsPerCaller(4096).withRequests(8192)
                        .withTimeouts(Timeouts.defaults().withHeaders(LONG).withIdle(LONG))));
        plan = LoadPlan.of(URI.create("http://127.0.0.1:" + server.port())).withModel("reasoner", Optional.empty())
                .withAnswers(MAX_TOKENS, 0, true, false);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private static String question(int i) {
        return i % 2 == 0 ? "Solve x^2 - " + (5 + i) + "x + " + (6 + i) + " = 0."
                : "Use " + (3 + i) + ", 7 and 11 to make " + (32 + i) + ".";
    }

    /// The answers of the questions one by one.
    private List<Prompt> answeredAlone() throws Exception {
        List<Prompt> prompts = new ArrayList<>();
        for (int i = 0; i < PROMPTS; i++) {
            prompts.add(new Prompt("", question(i), Optional.of(text(question(i)))));
        }
        assertTrue(prompts.stream().map(Prompt::expected).distinct().count() > PROMPTS / 2, "answers differ");
        return prompts;
    }

    private String text(String question) throws Exception {
        try (var client = HttpClient.newHttpClient()) {
            var request = HttpRequest.newBuilder(plan.server().resolve("/v1/chat/completions"))
                    .POST(HttpRequest.BodyPublishers.ofString("{\"model\":\"reasoner\",\"temperature\":0,"
                            + "\"max_tokens\":" + MAX_TOKENS + ",\"messages\":[{\"role\":\"user\",\"content\":\""
                            + question + "\"}]}")).build();
            var message = (Map<?, ?>) TestServer.at(JsonValues.parse(client.send(
                    request, HttpResponse.BodyHandlers.ofByteArray()).body()), "choices", 0, "message");
            Object thinking = message.get("reasoning_content");
            Object content = message.get("content");
            return (thinking == null ? "" : thinking.toString()) + (content == null ? "" : content);
        }
    }

    private static long heapAfterGc() throws InterruptedException {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 5; i++) {
            System.gc();
            Thread.sleep(100);
            least = Math.min(least, ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
        }
        return least;
    }

    /// Bytes of the KV cache, those of cached prefixes included.
    private long stateBytes() {
        return model.scheduler().whilePaused(() -> model.engine().pool().usedBytes()
                + model.engine().pool().cachedBytes());
    }

    private void soak(int clients, Duration warmUp, Duration time) throws Exception {
        List<Prompt> prompts = answeredAlone();
        LoadPrompts any = random -> prompts.get(random.nextInt(prompts.size()));
        LoadResult first = new LoadGenerator(plan.withClients(clients, 0).withMix(MIX, 1)
                .withEnd(warmUp, Long.MAX_VALUE), any).run(_ -> { });
        assertEquals(Map.of(), first.errors(), () -> first.messages() + " " + log);
        awaitIdle();
        long heap;
        long after = heapAfterGc();
        int rounds = 0;
        do {
            heap = after;
            round(clients, time, any);
            after = heapAfterGc();
        } while (++rounds < MOST_ROUNDS && !isFlat(heap, after));
        assertFlat("bytes of the heap after a collection", heap, after);
        assertEquals(List.of(), log);
    }

    private void round(int clients, Duration time, LoadPrompts prompts) throws Exception {
        long state = stateBytes();
        LoadResult result = new LoadGenerator(plan.withClients(clients, 0).withMix(MIX, 2)
                .withEnd(time, Long.MAX_VALUE), prompts).run(_ -> { });
        assertEquals(Map.of(), result.errors(), () -> result.messages() + " " + log);
        assertTrue(result.complete() > clients && result.left() > 0 && result.refused() > 0, result::toString);
        awaitIdle();
        assertFlat("bytes of the KV cache", state, stateBytes());
        System.out.printf("%d clients, %.0f s: %d answers, %d left, %d refused, %.0f tokens/s, first token p95 %.2f s, "
                + "heap %d bytes%n", clients, result.seconds(), result.complete(), result.left(), result.refused(),
                result.tokensPerSecond(), result.firstToken().p95(), heapAfterGc());
    }

    private static boolean isFlat(long before, long after) {
        return after <= before * 1.02;
    }

    private static void assertFlat(String what, long before, long after) {
        assertTrue(isFlat(before, after), what + ": found " + after + ", expected at most 2 % more than " + before);
    }

    private void awaitIdle() throws InterruptedException {
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (model.scheduler().load().numRunning() + model.scheduler().load().numWaiting() > 0) {
            assertTrue(System.nanoTime() < end, "the server never became idle");
            Thread.sleep(20);
        }
        assertEquals(0, model.scheduler().load().usedBytes(), "blocks of sequences that have ended");
    }

    @Test
    void twoHundredClientsOfAllKinds() throws Exception {
        soak(200, Duration.ofSeconds(5), Duration.ofSeconds(10));
    }

    @Test
    @Tag("slow")
    void aThousandClientsForHalfAnHour() throws Exception {
        soak(1000, Duration.ofMinutes(2), Duration.ofMinutes(30));
    }
}
