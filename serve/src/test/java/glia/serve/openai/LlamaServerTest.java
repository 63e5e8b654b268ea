package glia.serve.openai;

import static glia.serve.TestServer.at;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.io.json.JsonValues;
import glia.serve.TestServer;
import glia.serve.http.Json;
import glia.text.tokenizer.FillInMiddle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The routes of llama-server, against those of OpenAI's API.
class LlamaServerTest {
    private static final String PROMPT = "\"prompt\":\"Solve x^2 - 5x + 6 = 0.\"";
    private static final String CHAT = "{\"temperature\":0,\"max_tokens\":9,\"messages\":[{\"role\":\"user\","
            + "\"content\":\"2+2\"}]%s}";

    @TempDir
    private Path folder;
    @AutoClose
    private static TestServer server;

    @BeforeAll
    static void start() throws Exception {
        server = TestServer.start();
    }

    private static Object post(String path, String body) throws Exception {
        var reply = server.post(path, body);
        assertEquals(200, reply.status(), reply::text);
        return JsonValues.parse(reply.text());
    }

    @Test
    void completionsAreThoseOfOpenAi() throws Exception {
        String fields = PROMPT + ",\"temperature\":0";
        Object known = post("/v1/completions", "{" + fields + ",\"max_tokens\":8}");
        Object whole = post("/completion", "{" + fields + ",\"n_predict\":8,\"n_probs\":2,\"cache_prompt\":true}");
        assertEquals(at(known, "choices", 0, "text"), at(whole, "content"));
        assertEquals(8, at(whole, "tokens_predicted"));
        assertEquals("limit", at(whole, "stop_type"));
        assertEquals(true, at(whole, "stop"));
        assertEquals(2, ((List<?>) at(whole, "completion_probabilities", 7, "top_logprobs")).size());
        assertEquals(8, at(whole, "timings", "predicted_n"));
        Object word = post("/completions", "{" + fields + ",\"stop\":[\"x\"]}");
        assertTrue(List.of("word", "eos").contains(at(word, "stop_type")), word::toString);
        Object several = post("/completion", "{\"temperature\":0,\"n_predict\":3,\"prompt\":[\"2+2\",[1,5]]}");
        assertEquals(1, at(several, 1, "index"));
        Object read = post("/completion", "{" + fields + ",\"n_predict\":0}");
        assertEquals("", at(read, "content"));
        assertEquals(0, at(read, "tokens_predicted"));
    }

    @Test
    void streamsHaveThePiecesAndTheEnd() throws Exception {
        String fields = "{" + PROMPT + ",\"temperature\":0,\"n_predict\":8";
        List<Object> events = server.post("/completion", fields + ",\"stream\":true}").events().stream()
                .map(JsonValues::parse).toList();
        StringBuilder text = new StringBuilder();
        events.forEach(event -> text.append(at(event, "content")));
        assertEquals(at(post("/completion", fields + "}"), "content"), text.toString());
        assertEquals(true, at(events.getLast(), "stop"));
        assertEquals(8, at(events.getLast(), "timings", "predicted_n"));
    }

    @Test
    void objectsMayHaveASchema() throws Exception {
        Object json = post("/chat/completions", CHAT.replace("9", "60").formatted(",\"reasoning_effort\":\"none\","
                + "\"response_format\":{\"type\":\"json_object\",\"schema\":{\"enum\":[{\"a\":\"x\"}]}}"));
        assertEquals(Map.of("a", "x"), JsonValues.parse((String) at(json, "choices", 0, "message", "content")));
    }

    @Test
    void biasesMayBePairs() throws Exception {
        String fields = "{" + PROMPT + ",\"temperature\":0,\"n_predict\":1,\"return_tokens\":true";
        Object first = at(post("/completion", fields + "}"), "tokens", 0);
        Object other = at(post("/completion", fields + ",\"logit_bias\":[[" + first + ",false]]}"), "tokens", 0);
        assertTrue(!first.equals(other), other + " was banned");
        var wrong = server.post("/completion", fields + ",\"logit_bias\":[[-1,1]]}");
        assertTrue(wrong.text().contains("logit_bias: found"), wrong::text);
    }

    @Test
    void routesNeedNoVersion() throws Exception {
        Object known = post("/v1/chat/completions", CHAT.formatted(""));
        Object other = post("/chat/completions", CHAT.formatted(",\"timings_per_token\":true"));
        assertEquals(at(known, "choices"), at(other, "choices"));
        assertEquals(at(other, "usage", "completion_tokens"), at(other, "timings", "predicted_n"));
        List<String> chunks = server.post("/chat/completions", CHAT.formatted(",\"stream\":true")).events();
        assertTrue(chunks.get(chunks.size() - 2).contains("\"timings\":{"), chunks::toString);
        assertEquals(server.get("/v1/models").text(), server.get("/models").text());
        assertEquals(200, server.post("/responses", "{\"input\":\"2+2\"}").status());
        assertEquals(512, at(server.get("/props").json(), "default_generation_settings", "n_ctx"));
        Object slots = JsonValues.parse(server.get("/slots").text());
        assertEquals(at(server.get("/props").json(), "total_slots"), ((List<?>) slots).size());
    }

    @Test
    void embeddingsHaveTheFormOfTheField() throws Exception {
        Object known = at(post("/v1/embeddings", "{\"input\":\"2+2\"}"), "data", 0, "embedding");
        assertEquals(known, at(post("/embedding", "{\"content\":\"2+2\"}"), 0, "embedding", 0));
        assertEquals(known, at(post("/embeddings", "{\"content\":[\"1\",\"2+2\"]}"), 1, "embedding", 0));
        assertEquals(known, at(post("/embeddings", "{\"input\":\"2+2\"}"), "data", 0, "embedding"));
    }

    @Test
    void gapsAreFilledByModelsWithTokensForIt() throws Exception {
        var reply = server.post("/infill", "{\"input_prefix\":\"a\",\"input_suffix\":\"b\"}");
        assertEquals(501, reply.status(), reply::text);
        assertEquals(400, server.post("/v1/completions", "{\"prompt\":\"a\",\"suffix\":\"b\"}").status());
        assertEquals(400, server.post("/api/generate", "{\"prompt\":\"a\",\"suffix\":\"b\"}").status());
        try (LanguageModel model = LanguageModel.load(coder()); TestServer coder = TestServer.of("coder", model)) {
            FillInMiddle form = FillInMiddle.of(model.tokenizer()).orElseThrow();
            String ids = Arrays.toString(form.prompt("Once upon", "there was a girl."));
            String fields = ",\"temperature\":0,\"max_tokens\":6,\"stop_token_ids\":"
                    + form.ends().stream().sorted().toList() + "}";
            Object plain = at(JsonValues.parse(coder.post("/v1/completions", "{\"prompt\":" + ids + fields).text()),
                    "choices", 0, "text");
            var filled = coder.post("/v1/completions", "{\"prompt\":\"Once upon\",\"suffix\":\"there was a girl.\""
                    + fields);
            assertEquals(plain, at(JsonValues.parse(filled.text()), "choices", 0, "text"), filled::text);
            var infill = coder.post("/infill", "{\"input_prefix\":\"Once\",\"prompt\":\" upon\",\"temperature\":0,"
                    + "\"input_suffix\":\"there was a girl.\",\"n_predict\":6}");
            assertEquals(plain, at(JsonValues.parse(infill.text()), "content"), infill::text);
            var ollama = coder.post("/api/generate", "{\"model\":\"coder\",\"prompt\":\"Once upon\",\"suffix\":"
                    + "\"there was a girl.\",\"stream\":false,\"options\":{\"temperature\":0,\"num_predict\":6}}");
            assertEquals(plain, at(JsonValues.parse(ollama.text()), "response"), ollama::text);
            assertEquals(400, coder.post("/v1/completions", "{\"prompt\":[\"a\",\"b\"],\"suffix\":\"c\"}").status());
        }
    }

    /// stories260K with the markers of StarCoder in place of bytes that no UTF-8 text has.
    private Path coder() throws Exception {
        try (LanguageModel plain = LanguageModel.load("stories260K"); Stream<Path> files = Files.list(plain.path())) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        Path file = folder.resolve("tokenizer.json");
        @SuppressWarnings("unchecked")
        Map<String, Object> json = (Map<String, Object>) JsonValues.parse(Files.readString(file));
        @SuppressWarnings("unchecked")
        List<Object> added = new ArrayList<>((List<Object>) json.get("added_tokens"));
        @SuppressWarnings("unchecked")
        Map<String, Object> vocabulary = (Map<String, Object>) ((Map<String, Object>) json.get("model")).get("vocab");
        for (String[] pair : new String[][] {{"<0xFD>", "prefix"}, {"<0xFE>", "suffix"}, {"<0xFF>", "middle"}}) {
            Object id = vocabulary.remove(pair[0]);
            vocabulary.put("<fim_" + pair[1] + ">", id);
            added.add(Map.of("id", id, "content", "<fim_" + pair[1] + ">", "special", true, "single_word", false,
                    "lstrip", false, "rstrip", false, "normalized", false));
        }
        json.put("added_tokens", added);
        Files.writeString(file, Json.text(json));
        return folder;
    }
}
