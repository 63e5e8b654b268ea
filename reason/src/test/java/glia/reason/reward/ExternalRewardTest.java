package glia.reason.reward;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Rewards that programs and HTTP servers compute.
class ExternalRewardTest {
    private static List<Sample> samples(int count) {
        return IntStream.range(0, count).mapToObj(i -> new Sample("2 + 3 = ", "x".repeat(i), 3, true,
                Map.of("answer", "5"))).toList();
    }

    private static Reward command(String script, Object... more) {
        return Rewards.named("command", Map.of("command", List.of("/bin/sh", "-c", script), "batch", 2,
                "seconds", more.length == 0 ? 30 : more[0]));
    }

    /// Batches of two, several at a time, with prompt, completion and fields; each answer belongs to its completion.
    @Test
    void aProgramScoresBatches() {
        String script = "grep -c '' >/dev/null <<X\nX\nwhile read -r line; do case \"$line\" in "
                + "*'\"completion\":\"\"'*) echo null;; *'\"prompt\":\"2 + 3 = \"'*'\"fields\":{\"answer\":\"5\"}'*) "
                + "x=${line#*completion\\\":\\\"}; x=${x%%\\\"*}; echo \"{\\\"score\\\": ${#x}}\";; esac; done";
        try (ContainedReward reward = new ContainedReward(command(script))) {
            List<OptionalDouble> scores = reward.scores(samples(5));
            assertEquals(List.of(OptionalDouble.empty(), OptionalDouble.of(1), OptionalDouble.of(2),
                    OptionalDouble.of(3), OptionalDouble.of(4)), scores, reward.lastFailure().toString());
            assertEquals(0, reward.failures());
            assertEquals(OptionalDouble.of(2), reward.score(samples(3).getLast()));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "echo no model >&2; exit 3 | exit code 3: no model",
        "cat >/dev/null; echo 1 | found 1 lines as an answer to 2 completions",
        "while read -r x; do echo good; done | line 1 of the answer: found 'good', expected a number",
        "sleep 20 | did not end within 0.2 s"})
    void whatAProgramDoesWrongIsSaid(String script, String message) {
        try (ContainedReward reward = new ContainedReward(command(script, message.contains("within") ? 0.2 : 30))) {
            assertEquals(List.of(OptionalDouble.empty(), OptionalDouble.empty()), reward.scores(samples(2)));
            assertEquals(2, reward.failures());
            assertTrue(reward.firstFailure().orElseThrow().contains(message), reward.firstFailure().toString());
        }
    }

    @Test
    void aServerScoresBatches() throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        AtomicInteger requests = new AtomicInteger();
        server.createContext("/score", exchange -> {
            List<String> lines = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8).lines()
                    .toList();
            byte[] body = lines.stream().map(line -> line.contains("\"completion\":\"x\"") ? "1" : "0.5")
                    .reduce("", (a, b) -> a + b + "\n").getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(requests.incrementAndGet() > 2 ? 500 : 200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        String url = "http://localhost:" + server.getAddress().getPort() + "/score";
        try (ContainedReward reward = new ContainedReward(Rewards.named("http", Map.of("url", url, "batch", 2,
                "parallel", 1)))) {
            assertEquals(List.of(OptionalDouble.of(0.5), OptionalDouble.of(1), OptionalDouble.of(0.5),
                    OptionalDouble.of(0.5)), reward.scores(samples(4)));
            assertEquals(OptionalDouble.empty(), reward.score(samples(1).getFirst()));
            assertTrue(reward.firstFailure().orElseThrow().contains("status 500"), reward.firstFailure().toString());
        } finally {
            server.stop(0);
        }
    }

    /// Headers at once, then a body that does not end.
    @Test
    void anAnswerWithoutEndIsAnError() throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/score", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            byte[] zeros = new byte[1 << 20];
            while (true) {
                exchange.getResponseBody().write(zeros);
            }
        });
        server.createContext("/slow", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write('1');
            exchange.getResponseBody().flush();
        });
        server.start();
        String host = "http://localhost:" + server.getAddress().getPort();
        for (Map<String, Object> options : List.of(Map.<String, Object>of("url", host + "/score"),
                Map.<String, Object>of("url", host + "/slow", "seconds", 1))) {
            try (ContainedReward reward = new ContainedReward(Rewards.named("http", options))) {
                assertEquals(OptionalDouble.empty(), reward.score(samples(1).getFirst()));
                assertTrue(reward.firstFailure().orElseThrow().contains(host), reward.firstFailure().toString());
            }
        }
        server.stop(0);
    }

    /// The answers of GSM8K end with `#### 72`.
    @Test
    void theExpectedNumberMayFollowHashes() {
        Sample sample = new Sample("", "So it is 1,072.", 3, true, Map.of("answer", "48/2 = 24\n#### 1,072"));
        assertEquals(OptionalDouble.of(1), Rewards.named("numeric", Map.of("expected", "hashes")).score(sample));
        try (ContainedReward plain = new ContainedReward(Rewards.named("numeric"))) {
            assertEquals(OptionalDouble.empty(), plain.score(sample));
            String failure = plain.firstFailure().orElseThrow();
            assertTrue(failure.contains("expected: hashes"), failure);
        }
    }
}
