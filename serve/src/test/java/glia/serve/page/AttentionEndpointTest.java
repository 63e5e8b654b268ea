package glia.serve.page;

import static glia.serve.TestServer.at;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.lab.attention.AttentionMaps;
import glia.serve.TestServer;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// `POST /glia/attention` and `GET /glia/status`.
class AttentionEndpointTest {
    private static final String PATH = "/glia/attention";
    private static final String BODY = "{\"model\":\"reasoner\",\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}],"
            + "\"answer\":\"%s\"}";

    @AutoClose
    private static TestServer server;

    @BeforeAll
    static void start() throws Exception {
        server = TestServer.start();
    }

    @Test
    void weightsAreTheMeanOfAllMaps() throws Exception {
        var reply = server.post(PATH, BODY.formatted("Use 3, 7 and 11 to make 32.", "3*7+11"));
        assertEquals(200, reply.status(), reply::text);
        List<?> tokens = (List<?>) at(reply.json(), "tokens");
        List<?> weights = (List<?>) at(reply.json(), "weights");
        int first = (int) at(reply.json(), "first");
        String text = String.join("", tokens.stream().map(String.class::cast).toList());
        assertTrue(text.contains("Use 3, 7 and 11 to make 32.") && text.endsWith("3*7+11"), text);
        assertEquals(tokens.size() - first, weights.size());
        try (LanguageModel model = LanguageModel.load(TestServer.MODEL)) {
            int[] ids = model.tokenizer().encode(text, false);
            assertEquals(tokens.size(), ids.length);
            List<AttentionMaps.Map> maps = AttentionMaps.of(model.engine(), ids);
            assertEquals(maps.size(), at(reply.json(), "layers"));
            for (int t = first; t < ids.length; t++) {
                List<?> row = (List<?>) weights.get(t - first);
                assertEquals(t + 1, row.size());
                double sum = 0;
                for (int s = 0; s <= t; s++) {
                    double mean = 0;
                    int count = 0;
                    for (AttentionMaps.Map map : maps) {
                        for (float[][] head : map.weights()) {
                            mean += head[t][s];
                            count++;
                        }
                    }
                    assertEquals(mean / count, ((Number) row.get(s)).doubleValue(), 6e-5);
                    sum += ((Number) row.get(s)).doubleValue();
                }
                assertEquals(1, sum, 1e-2);
            }
        }
    }

    @Test
    void longTextsAndWrongFieldsAreRefused() throws Exception {
        var longer = server.post(PATH, BODY.formatted("1+1", "1 + ".repeat(400)));
        assertEquals(400, longer.status());
        String message = (String) at(longer.json(), "error", "message");
        assertTrue(message.contains("expected at most 512"), message);
        assertEquals("answer", at(longer.json(), "error", "param"));
        assertEquals(400, server.post(PATH, "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}").status());
        assertEquals(400, server.post(PATH, BODY.formatted("1", "2").replace("answer", "reply")).status());
        assertEquals(404, server.post(PATH, BODY.formatted("1", "2").replace("reasoner", "none")).status());
    }

    @Test
    void statusNamesWhatModelsCanDo() throws Exception {
        Object model = at(server.get("/glia/status").json(), "models", 0);
        assertEquals("reasoner", at(model, "id"));
        assertEquals(true, at(model, "thinks"));
        assertEquals(true, at(model, "chats"));
        assertEquals(List.of("text"), at(model, "input_modalities"));
        assertEquals(0, at(model, "waiting"));
    }
}
