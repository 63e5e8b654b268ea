package glia.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.AnyReasoner;
import glia.engine.LanguageModel;
import glia.engine.RandomAdapters;
import glia.engine.draft.Drafting;
import glia.engine.load.LoadOptions;
import glia.engine.sampling.SamplingOptions;
import glia.engine.schedule.Completion;
import glia.engine.schedule.GenerationRequest;
import glia.engine.schedule.Scheduler;
import glia.io.hub.Progress;
import glia.io.json.JsonValues;
import glia.model.adapter.AdapterConfig;
import glia.serve.http.Json;
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
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// **Invariant.** In batch-invariant mode concurrent requests have exactly the tokens and log-probabilities of the same
/// requests alone: of the base model and two adapters, with shared prefixes, several samples, random sampling,
/// limits of thinking, and grammars, with so little memory that requests are preempted, and with speculative decoding
/// by n-grams and by a draft model. Alone, nothing is drafted.
class ConcurrencyTest {
    private static final List<String> MODELS = List.of("m", "m:calm", "m:wild");
    private static final int REQUESTS = 24;
    private static final long FEW_BYTES = 5L << 20;
    private static final long MANY_BYTES = 1L << 30;
    private static final int DRAFTS = 3;

    @TempDir
    private static Path folder;

    private static HttpClient client;
    private static Map<String, Path> adapters;
    private static List<Object> alone;

    private static Path path() throws Exception {
        return AnyReasoner.path();
    }

    @BeforeAll
    static void start() throws Exception {
        client = HttpClient.newHttpClient();
        adapters = new LinkedHashMap<>();
        try (LanguageModel base = LanguageModel.load(path())) {
            adapters.put("calm", RandomAdapters.write(base.model(), AdapterConfig.Variant.LORA,
                    folder.resolve("calm"), 1, 0.01f));
            adapters.put("wild", RandomAdapters.write(base.model(), AdapterConfig.Variant.DORA,
                    folder.resolve("wild"), 2, 0.03f));
        }
        alone = new ArrayList<>();
        try (Server server = Server.start(pool(Drafting.none()), ServerOptions.defaults().withPort(0))) {
            for (int i = 0; i < REQUESTS; i++) {
                alone.add(choices(client.send(request(server, i), HttpResponse.BodyHandlers.ofByteArray())));
            }
        }
        assertTrue(alone.stream().distinct().count() > REQUESTS / 2, "answers differ from one another");
    }

    @AfterAll
    static void stop() {
        client.close();
    }

    private static ModelPool pool(Drafting drafting) throws Exception {
        ModelPool pool = new ModelPool();
        LoadOptions options = LoadOptions.defaults().withBatchInvariance().withDrafting(drafting);
        pool.add("m", new FileSource(path(), options, adapters, Progress.NONE));
        return pool;
    }

    private static HttpRequest request(Server server, int i) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + "/v1/chat/completions"))
                .POST(HttpRequest.BodyPublishers.ofString(body(i))).build();
    }

    /// Requests of three models, four beginnings and several kinds of sampling and grammars.
    private static String body(int i) {
        String start = "Solve x^2 - " + (5 + i % 4) + "x + 6 = 0. ".repeat(1 + i % 4);
        String kind = switch (i / MODELS.size() % 7) {
            case 0 -> ",\"temperature\":0,\"ignore_eos\":true";
            case 1 -> ",\"temperature\":0,\"n\":3,\"ignore_eos\":true";
            case 2 -> ",\"temperature\":1,\"ignore_eos\":true,\"seed\":" + i;
            case 3 -> ",\"temperature\":0,\"ignore_eos\":true,\"frequency_penalty\":1.5,\"thinking_budget\":20";
            case 4 -> ",\"temperature\":0,\"thinking_budget\":20,\"guided_regex\":\"(x = [0-9]{1,3} or )*none\"";
            case 5 -> ",\"temperature\":0.9,\"seed\":3,\"n\":2,\"reasoning_effort\":\"none\",\"grammar\":"
                    + Json.text("root ::= pair+\npair ::= [0-9] [-+*] [0-9] \"=\" [0-9]{1,2} \" \"");
            default -> ",\"temperature\":0.7,\"seed\":7,\"n\":2,\"reasoning_effort\":\"none\",\"ignore_eos\":true";
        };
        return "{\"model\":\"" + MODELS.get(i % MODELS.size()) + "\",\"max_tokens\":" + (130 + i)
                + ",\"logprobs\":true,\"messages\":[{\"role\":\"user\",\"content\":\"" + start + "\"}]" + kind + "}";
    }

    /// The choices of an answer: texts, tokens and log-probabilities.
    private static Object choices(HttpResponse<byte[]> response) {
        assertEquals(200, response.statusCode(), () -> new String(response.body(),
                StandardCharsets.UTF_8));
        return TestServer.at(JsonValues.parse(response.body()), "choices");
    }

    private static void compare(Drafting drafting, long... memory) throws Exception {
        ModelPool pool = pool(drafting);
        try (Server server = Server.start(pool, ServerOptions.defaults().withPort(0))) {
            for (long bytes : memory) {
                try (var lease = pool.lease("m")) {
                    Scheduler scheduler = lease.served().model().scheduler();
                    long before = scheduler.load().numPreemptions();
                    lease.served().model().limitState(bytes);
                    List<CompletableFuture<HttpResponse<byte[]>>> running = IntStream.range(0, REQUESTS)
                            .mapToObj(i -> client.sendAsync(request(server, i),
                                    HttpResponse.BodyHandlers.ofByteArray())).toList();
                    for (int i = 0; i < REQUESTS; i++) {
                        int request = i;
                        assertEquals(alone.get(i), choices(running.get(i).get()), () -> body(request));
                    }
                    assertEquals(bytes == FEW_BYTES, scheduler.load().numPreemptions() > before, "preemptions");
                }
            }
            try (var lease = pool.lease("m")) {
                assertDrafts(lease.served().model(), drafting.isOn());
            }
        }
    }

    /// Whether the model drafts at all: in a text that repeats itself, n-grams find drafts too.
    private static void assertDrafts(LanguageModel model, boolean expected) throws Exception {
        int[] prompt = model.tokenizer().encode("1+1=2,1+1=2,1+1=2,1+1=", true);
        Completion made = model.scheduler().submit(GenerationRequest.of(prompt)
                .sampling(SamplingOptions.greedy()).maxTokens(20).stopTokens(Set.of()).build()).await().getFirst();
        assertEquals(expected, made.draftedTokens() > 0, "drafted tokens");
    }

    @Test
    void requestsTogetherAreAnsweredAsAlone() throws Exception {
        compare(Drafting.none(), MANY_BYTES, FEW_BYTES);
    }

    @Test
    void requestsTogetherWithDraftsOfNgramsAreAnsweredAsAlone() throws Exception {
        compare(Drafting.ofNgrams().withFixed(DRAFTS), FEW_BYTES);
    }

    /// The draft model is the base model: its drafts are right for the base, and often wrong for the adapters.
    @Test
    void requestsTogetherWithDraftsOfAModelAreAnsweredAsAlone() throws Exception {
        compare(Drafting.ofModel(path()).withFixed(DRAFTS), FEW_BYTES);
    }
}
