package glia.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.schedule.Scheduler;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A client that goes frees what its answer takes: its place in the batch or the queue and its blocks of the KV cache.
class DisconnectTest {
    /// Much longer than the time until the end of a connection is seen.
    private static final String LONG = "{\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}],\"ignore_eos\":true,"
            + "\"n\":16,\"stream\":%s}";
    private static final int CONTEXT = 512;

    @AutoClose
    private static TestServer server;

    @BeforeAll
    static void start() throws Exception {
        server = TestServer.start();
    }

    private static RawClient send(String content, boolean streams) throws Exception {
        return new RawClient(server.server().port())
                .send(RawClient.post("/v1/chat/completions", LONG.formatted(content, streams)));
    }

    private static double metric(String name) throws Exception {
        return server.get("/metrics").text().lines().filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1))).sum();
    }

    /// Waits until nothing runs or waits, then drops the prefix cache: whatever is in use belongs to a sequence.
    private static void assertAllIsFreed() throws Exception {
        Scheduler scheduler = server.scheduler();
        while (scheduler.load().numRunning() + scheduler.load().numWaiting() > 0) {
            Thread.sleep(10);
        }
        scheduler.betweenSteps(() -> { });
        assertEquals(0, scheduler.load().usedBytes());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whileTokensAreGenerated(boolean streams) throws Exception {
        double before = metric("glia_generated_tokens_total");
        RawClient client = send("x", streams);
        while (server.scheduler().load().numRunning() == 0) {
            Thread.sleep(5);
        }
        client.close();
        assertAllIsFreed();
        double generated = metric("glia_generated_tokens_total") - before;
        assertTrue(generated < 16 * (CONTEXT - 50), "all answers were generated to their end: " + generated);
    }

    @Test
    void whileThePromptIsComputedOrWaits() throws Exception {
        // 16 samples each: four requests fill the batch of 64, the others wait.
        List<RawClient> clients = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            clients.add(send("x".repeat(400) + i, i % 2 == 0));
        }
        while (server.scheduler().load().numWaiting() == 0) {
            Thread.sleep(5);
        }
        for (RawClient client : clients) {
            client.close();
        }
        assertAllIsFreed();
    }

    @Test
    void afterThatRequestsAreAnswered() throws Exception {
        send("x", true).close();
        assertEquals(200, server.post("/v1/chat/completions",
                "{\"messages\":[{\"role\":\"user\",\"content\":\"Solve x^2 = 4.\"}]}").status());
        assertAllIsFreed();
    }
}
