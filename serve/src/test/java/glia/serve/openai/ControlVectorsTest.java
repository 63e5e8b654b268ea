package glia.serve.openai;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.AnyReasoner;
import glia.engine.LanguageModel;
import glia.engine.steer.ControlVector;
import glia.engine.steer.Steering;
import glia.serve.TestServer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Control vectors in requests: the scales of those that the server's owner gave.
class ControlVectorsTest {
    @AutoClose
    private static TestServer server;

    @BeforeAll
    static void start() throws Exception {
        LanguageModel model = AnyReasoner.load();
        server = TestServer.of("steered", model.withDefaults(model.options().withSteering(Steering.of(List.of(
                new Steering.Part(vector("one", model), 0), new Steering.Part(vector("two", model), 1)))),
                Optional.empty()));
    }

    private static ControlVector vector(String name, LanguageModel model) {
        float[] direction = new float[model.model().spec().hiddenSize()];
        Random random = new Random(name.hashCode());
        for (int i = 0; i < direction.length; i++) {
            direction[i] = (float) random.nextGaussian();
        }
        return new ControlVector(name, Map.of(1, direction));
    }

    private static String post(int status, String fields) throws Exception {
        var reply = server.post("/v1/completions", "{\"model\":\"steered\",\"prompt\":\"2+2 is a sum of two numbers\","
                + "\"max_tokens\":16,\"ignore_eos\":true,\"temperature\":0" + fields + "}");
        assertEquals(status, reply.status(), reply::text);
        return status == 200 ? (String) TestServer.at(reply.json(), "choices", 0, "text") : reply.text();
    }

    @Test
    void requestsScaleThoseOfTheServer() throws Exception {
        String usual = post(200, "");
        assertEquals(usual, post(200, ",\"control_vectors\":{\"two\":1}"));
        String none = post(200, ",\"control_vectors\":{}");
        assertNotEquals(usual, none);
        assertNotEquals(none, post(200, ",\"control_vectors\":{\"one\":-2}"));
        List<CompletableFuture<String>> together = List.of("", ",\"control_vectors\":{}", "").stream()
                .map(fields -> CompletableFuture.supplyAsync(() -> {
                    try {
                        return post(200, fields);
                    } catch (Exception e) {
                        throw new IllegalStateException(e);
                    }
                })).toList();
        assertEquals(List.of(usual, none, usual), together.stream().map(CompletableFuture::join).toList());
    }

    @Test
    void othersAreRefusedByName() throws Exception {
        String error = post(400, ",\"control_vectors\":{\"three\":1}");
        assertTrue(error.contains("control_vectors") && error.contains("there are one, two"), error);
        assertTrue(post(400, ",\"control_vectors\":{\"one\":\"much\"}").contains("control_vectors"));
        assertTrue(post(400, ",\"control_vectors\":{\"one\":5000}").contains("from -1000 to 1000"));
    }
}
