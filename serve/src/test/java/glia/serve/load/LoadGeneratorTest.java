package glia.serve.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import glia.io.json.JsonValues;
import glia.serve.TestServer;
import glia.serve.load.LoadGenerator.LoadException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What the load generator sends and how it judges answers, with a server whose every answer is written here.
class LoadGeneratorTest {
    private static final String CHUNK = "data: {\"choices\":[{\"delta\":{\"%s\":\"%s\"}}]}\n\n";
    private static final String USAGE = "data: {\"choices\":[],\"usage\":{\"completion_tokens\":7}}\n\n";
    private static final String DONE = "data: [DONE]\n\n";

    private final List<Map<?, ?>> bodies = Collections.synchronizedList(new ArrayList<>());
    private final List<String> keys = Collections.synchronizedList(new ArrayList<>());
    private HttpServer server;

    /// Answers a request.
    private interface Answer {
        void write(HttpExchange exchange) throws IOException;
    }

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        answer("/v1/models", exchange -> send(exchange, 200, "{\"data\":[{\"id\":\"first\"},{\"id\":\"second\"}]}"));
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private void answer(String path, Answer answer) {
        server.createContext(path, exchange -> {
            try (exchange) {
                answer.write(exchange);
            }
        });
    }

    /// Answers chat completions, after it has noted their bodies.
    private void answerChats(Answer answer) {
        answer("/v1/chat/completions", exchange -> {
            keys.add(exchange.getRequestHeaders().getFirst("Authorization"));
            byte[] body = exchange.getRequestBody().readAllBytes();
            try {
                if (JsonValues.parse(body) instanceof Map<?, ?> map) {
                    bodies.add(map);
                }
            } catch (RuntimeException e) {
                bodies.add(Map.of());
            }
            answer.write(exchange);
        });
    }

    private static void send(HttpExchange exchange, int status, String... pieces) throws IOException {
        exchange.sendResponseHeaders(status, 0);
        try (OutputStream out = exchange.getResponseBody()) {
            for (String piece : pieces) {
                out.write(piece.getBytes(StandardCharsets.UTF_8));
                out.flush();
            }
        }
    }

    private LoadPlan plan(long requests) {
        return LoadPlan.of(URI.create("http://127.0.0.1:" + server.getAddress().getPort()))
                .withClients(4, 0).withEnd(Duration.ofMinutes(1), requests);
    }

    private static LoadResult run(LoadPlan plan, LoadPrompts prompts) throws Exception {
        return new LoadGenerator(plan, prompts).run(_ -> { });
    }

    private static LoadResult run(LoadPlan plan) throws Exception {
        return run(plan, LoadPrompts.words(0, 5));
    }

    /// The path of a proxy's prefix is part of each address, and clients of OpenAI have base URLs that end in `/v1`.
    @Test
    void thePathOfTheServerIsKept() throws Exception {
        List<String> paths = Collections.synchronizedList(new ArrayList<>());
        answerChats(exchange -> send(exchange, 404, "{}"));
        for (String prefix : List.of("/llm", "/a/v1/b")) {
            answer(prefix + "/v1/models", exchange -> send(exchange, 200, "{\"data\":[{\"id\":\"m\"}]}"));
            answer(prefix + "/v1/chat/completions", exchange -> {
                paths.add(exchange.getRequestURI().toString());
                send(exchange, 200, CHUNK.formatted("content", "a"), DONE);
            });
            for (String end : List.of("", "/", "/v1", "/v1/")) {
                String address = "http://127.0.0.1:" + server.getAddress().getPort() + prefix + end;
                assertEquals(1, run(LoadPlan.of(URI.create(address)).withClients(1, 0)
                        .withEnd(Duration.ofMinutes(1), 1)).complete(), address);
                assertEquals(prefix + "/v1/chat/completions", paths.removeFirst(), address);
            }
        }
    }

    @Test
    void aServerThatDoesNotAnswerIsNamed() {
        answer("/html/v1/models", exchange -> send(exchange, 200, "<html>"));
        Map<String, String> wrong = Map.of("http://127.0.0.1:1", "http://127.0.0.1:1/v1/models: no answer (",
                "http://no-such-host.invalid", "no such host",
                "http://127.0.0.1:" + server.getAddress().getPort() + "/html", "/html/v1/models: found status 200 and "
                + "no model", "http://127.0.0.1:" + server.getAddress().getPort() + "/x", "found status 404");
        wrong.forEach((address, expected) -> {
            var e = assertThrows(LoadException.class, () -> run(LoadPlan.of(URI.create(address))), address);
            assertTrue(e.getMessage().contains(expected), e.getMessage());
        });
    }

    @Test
    void countsAnswersTokensAndTimesOfStreams() throws Exception {
        answerChats(exchange -> send(exchange, 200, CHUNK.formatted("reasoning_content", "a"),
                CHUNK.formatted("content", "b"), CHUNK.formatted("content", ""), CHUNK.formatted("content", "c"), USAGE,
                DONE));
        LoadResult result = run(plan(10).withAnswers(9, 0, true, true).withModel("", Optional.of("secret")));
        assertEquals(10, result.complete());
        assertEquals(10, result.requests());
        assertEquals(Map.of(), result.errors());
        assertEquals(70, result.tokens());
        assertEquals(10, result.firstToken().count());
        assertEquals(20, result.betweenTokens().count());
        Map<?, ?> body = bodies.getFirst();
        assertEquals("first", body.get("model"));
        assertEquals(9, body.get("max_tokens"));
        assertEquals(true, body.get("ignore_eos"));
        assertEquals(Map.of("include_usage", true), body.get("stream_options"));
        assertTrue(keys.stream().allMatch("Bearer secret"::equals), keys::toString);
    }

    @Test
    void withoutUsagePiecesCountAndWholeAnswersAreRead() throws Exception {
        answerChats(exchange -> send(exchange, 200, CHUNK.formatted("content", "b"), CHUNK.formatted("content", "c"),
                DONE));
        assertEquals(2 * 3, run(plan(3)).tokens());
        server.removeContext("/v1/chat/completions");
        answerChats(exchange -> send(exchange, 200,
                "{\"choices\":[{\"message\":{\"content\":\"x\"}}],\"usage\":{\"completion_tokens\":5}}"));
        LoadResult whole = run(plan(3).withAnswers(5, 0, false, false));
        assertEquals(15, whole.tokens());
        assertEquals(3, whole.complete());
        assertEquals(null, bodies.getLast().get("stream"));
        assertEquals(null, bodies.getLast().get("ignore_eos"));
    }

    @Test
    void theFirstMessageOfAKindIsKeptInALine() throws Exception {
        AtomicInteger next = new AtomicInteger();
        answerChats(exchange -> send(exchange, 400, "{\"error\":{\"message\":\"number " + next.incrementAndGet()
                + "\\nis " + "long ".repeat(100) + "\",\"type\":\"t\"}}"));
        LoadResult result = run(plan(3).withClients(1, 0));
        assertEquals(Map.of("status 400", 3L), result.errors());
        String message = result.messages().get("status 400");
        assertTrue(message.startsWith("number 1 is long long") && message.length() == 301, message);
    }

    @Test
    void usualPromptsFitTheContextOfASmallModel() throws Exception {
        try (TestServer small = TestServer.start()) {
            LoadPlan plan = LoadPlan.of(small.uri("/")).withClients(2, 0).withEnd(Duration.ofMinutes(1), 6);
            LoadResult result = run(plan, LoadPrompts.fitting(0));
            assertEquals(Map.of(), result.messages());
            assertEquals(6, result.complete());
            assertEquals(6 * 64, result.tokens());
            // The context leaves no room for the prompts of larger models.
            assertEquals(Set.of("status 400"), run(plan, LoadPrompts.words(0, 200)).errors().keySet());
        }
        assertEquals(LoadPrompts.USUAL_WORDS, words(LoadPrompts.fitting(0)));
        assertEquals(LoadPrompts.USUAL_WORDS, words(LoadPrompts.fitting(0).within(OptionalInt.of(8192), 64)));
        assertEquals(1, words(LoadPrompts.fitting(50).within(OptionalInt.of(200), 64)));
    }

    private static int words(LoadPrompts prompts) {
        return prompts.next(new SplittableRandom(1)).user().split(" ").length;
    }

    @Test
    void everyFailureIsAnErrorOfItsKind() throws Exception {
        AtomicInteger next = new AtomicInteger();
        List<Answer> answers = List.of(
                exchange -> send(exchange, 429, "{\"error\":{\"message\":\"m\",\"type\":\"t\"}}"),
                exchange -> send(exchange, 500, "<html>oops</html>"),
                exchange -> send(exchange, 200, CHUNK.formatted("content", "b")),
                exchange -> send(exchange, 200, CHUNK.formatted("content", "b"), "data: {\"error\":{}}\n\n"),
                exchange -> send(exchange, 200, "data: {broken\n\n"),
                exchange -> send(exchange, 200, CHUNK.formatted("content", "other"), DONE),
                exchange -> send(exchange, 200, CHUNK.formatted("content", "right"), DONE),
                exchange -> {
                    exchange.sendResponseHeaders(200, 100);
                    exchange.getResponseBody().write("data: ".getBytes(StandardCharsets.UTF_8));
                    exchange.getResponseBody().flush();
                });
        answerChats(exchange -> answers.get(next.getAndIncrement()).write(exchange));
        LoadResult result = run(plan(answers.size()).withClients(1, 0),
                _ -> new LoadPrompts.Prompt("s", "u", Optional.of("right")));
        assertEquals(Map.of("status 429", 1L, "untyped error, status 500", 1L, "stream without an end", 1L,
                "error in a stream", 1L, "malformed answer (StreamReadException)", 1L,
                "another answer than expected", 1L, "connection lost", 1L), result.errors());
        assertEquals("m", result.messages().get("status 429"));
        assertEquals("<html>oops</html>", result.messages().get("untyped error, status 500"));
        assertEquals("{\"error\":{}}", result.messages().get("error in a stream"));
        assertEquals(1, result.complete());
        assertEquals(7, result.numErrors());
        assertEquals(List.of(Map.of("role", "system", "content", "s"), Map.of("role", "user", "content", "u")),
                bodies.getFirst().get("messages"));
    }

    @Test
    void hostileAndVanishingClientsAreCountedOnTheirOwn() throws Exception {
        answerChats(exchange -> send(exchange, 400, "{\"error\":{\"message\":\"m\",\"type\":\"t\"}}"));
        LoadResult refused = run(plan(20).withMix(new LoadPlan.Mix(0, 0, 1), 3));
        assertEquals(20, refused.refused());
        assertEquals(Map.of(), refused.errors());
        server.removeContext("/v1/chat/completions");
        answerChats(exchange -> send(exchange, 200, "{}"));
        assertEquals(Map.of("hostile request: status 200", 20L),
                run(plan(20).withMix(new LoadPlan.Mix(0, 0, 1), 3)).errors());
        server.removeContext("/v1/chat/completions");
        answerChats(exchange -> send(exchange, 200, CHUNK.formatted("content", "b").repeat(100), DONE));
        LoadResult left = run(plan(20).withMix(new LoadPlan.Mix(0, 1, 0), 3));
        assertEquals(Map.of(), left.messages());
        assertEquals(20, left.left());
        assertEquals(0, left.complete());
    }

    @Test
    void anOpenLoopSendsWhatIsDueAndNotesWhatItCannotSend() throws Exception {
        answerChats(exchange -> send(exchange, 200, CHUNK.formatted("content", "b"), DONE));
        LoadResult result = run(plan(200).withClients(500, 2000));
        assertEquals(200, result.complete());
        server.removeContext("/v1/chat/completions");
        answerChats(exchange -> {
            try {
                Thread.sleep(500);
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            send(exchange, 200, CHUNK.formatted("content", "b"), DONE);
        });
        LoadResult full = run(plan(50).withClients(1, 1000));
        assertTrue(full.complete() >= 1 && full.complete() < 50, "complete " + full.complete());
        assertEquals(50 - full.complete(), full.errors().get("not sent: 1 requests at a time"));
    }

    @Test
    void aServerThatIsNoneIsSaidAtOnce() {
        LoadPlan plan = plan(1);
        server.removeContext("/v1/models");
        var e = assertThrows(IOException.class, () -> run(plan));
        assertTrue(e.getMessage().contains("found status 404"), e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> new LoadPlan.Mix(0.5, 0.6, 0));
        assertThrows(IllegalArgumentException.class, () -> new LoadGenerator(plan(0), LoadPrompts.words(0, 1)));
    }

    @Test
    void sharedWordsAreTheSameInAllPromptsAndOwnWordsDiffer() {
        LoadPrompts prompts = LoadPrompts.words(30, 8);
        var a = prompts.next(new SplittableRandom(1));
        var b = prompts.next(new SplittableRandom(2));
        assertEquals(a.system(), b.system());
        assertEquals(30, a.system().split(" ").length);
        assertEquals(8, a.user().split(" ").length);
        assertTrue(!a.user().equals(b.user()));
    }
}
