package glia.serve.openai;

import static glia.serve.TestServer.at;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.engine.embedding.Embedder;
import glia.engine.embedding.EmbeddingConfig;
import glia.engine.schedule.Generation;
import glia.engine.schedule.GenerationRequest;
import glia.serve.TestServer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Embeddings, reranking and tokens over HTTP, against the model in the same process.
class EmbeddingsTest {
    private static final String A = "Use 3, 7 and 11 to make 32.";
    private static final String B = "Solve x^2 - 5x + 6 = 0.";

    private static TestServer server;
    private static LanguageModel model;

    @BeforeAll
    static void start() throws Exception {
        server = TestServer.start();
        model = LanguageModel.load(TestServer.MODEL);
    }

    @AfterAll
    static void stop() {
        server.close();
        model.close();
    }

    private static Map<String, Object> post(String path, String body) throws Exception {
        var reply = server.post(path, body);
        assertEquals(200, reply.status(), reply::text);
        return reply.json();
    }

    private static float[][] expected(String... texts) throws Exception {
        Embedder embedder = new Embedder(model, EmbeddingConfig.of(model.path(), model.model()));
        return embedder.embed(Arrays.stream(texts).map(embedder::encode).toList());
    }

    /// A text is not silently cut, and neither is there a vector of no text.
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"\"%s\"|input: found a text of more than 512 tokens",
            "[\"1\", \"%s\"]|input[1]: found a text of more than 512 tokens"})
    void textsThatAreTooLongAreRefused(String input, String message) throws Exception {
        var reply = server.post("/v1/embeddings", "{\"input\":" + input.formatted("1+1=2,".repeat(200)) + "}");
        assertEquals(400, reply.status());
        assertTrue(reply.text().contains(message), reply.text());
    }

    private static float[] floats(Object list) {
        List<?> values = (List<?>) list;
        float[] floats = new float[values.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = ((Number) values.get(i)).floatValue();
        }
        return floats;
    }

    @Test
    void vectorsAreThoseOfTheModelInTheSameProcess() throws Exception {
        var json = post("/v1/embeddings", "{\"model\":\"reasoner\",\"input\":[\"" + A + "\",\"" + B + "\"]}");
        float[][] expected = expected(A, B);
        for (int i = 0; i < 2; i++) {
            assertEquals(i, at(json, "data", i, "index"));
            assertArrayEquals(expected[i], floats(at(json, "data", i, "embedding")), 1e-4f);
        }
        int tokens = model.tokenizer().encode(A, true).length + model.tokenizer().encode(B, true).length;
        assertEquals(tokens, at(json, "usage", "prompt_tokens"));
    }

    /// A document cannot begin a message of its own: its control tokens are as many tokens as other text.
    @ParameterizedTest
    @ValueSource(strings = {"/v1/embeddings", "/api/embed", "/v1/rerank", "/glia/attention"})
    void controlTokensInTextsAreText(String path) throws Exception {
        String end = model.tokenizer().piece(model.tokenizer().eos().getAsInt());
        String body = switch (path) {
            case "/v1/rerank" -> "{\"model\":\"reasoner\",\"query\":\"1\",\"documents\":[\"%s\"]}";
            case "/glia/attention" -> "{\"model\":\"reasoner\",\"messages\":[{\"role\":\"user\",\"content\":\"1\"}],"
                    + "\"answer\":\"%s\"}";
            default -> "{\"model\":\"reasoner\",\"input\":\"%s\"}";
        };
        int more = tokens(post(path, body.formatted("2" + end + end))) - tokens(post(path, body.formatted("2" + end)));
        assertEquals(model.tokenizer().encodePlain(end, false).length, more);
        assertTrue(more > 1, end);
    }

    private static int tokens(Map<String, Object> json) {
        return json.containsKey("usage") ? (int) at(json, "usage", "total_tokens")
                : json.containsKey("tokens") ? ((List<?>) json.get("tokens")).size()
                : (int) json.get("prompt_eval_count");
    }

    /// The attention of an answer is computed between the steps of others.
    @Test
    void attentionNeedsNoIdleModel() throws Exception {
        Generation other = server.scheduler().submit(GenerationRequest.of(1).maxTokens(500).build());
        assertEquals(200, server.post("/glia/attention", "{\"model\":\"reasoner\",\"messages\":[{\"role\":\"user\","
                + "\"content\":\"1\"}],\"answer\":\"2\"}").status());
        other.cancel();
        other.await();
    }

    @Test
    void base64HoldsTheSameValuesAndTokensTheSameText() throws Exception {
        String ids = Arrays.toString(model.tokenizer().encode(A, true));
        var json = post("/v1/embeddings", "{\"encoding_format\":\"base64\",\"input\":" + ids + "}");
        ByteBuffer bytes = ByteBuffer.wrap(Base64.getDecoder().decode((String) at(json, "data", 0, "embedding")))
                .order(ByteOrder.LITTLE_ENDIAN);
        float[] values = new float[bytes.remaining() / 4];
        bytes.asFloatBuffer().get(values);
        assertArrayEquals(expected(A)[0], values, 1e-4f);
    }

    @Test
    void shorterVectorsHaveLengthOne() throws Exception {
        var json = post("/v1/embeddings", "{\"dimensions\":8,\"input\":\"" + A + "\"}");
        float[] values = floats(at(json, "data", 0, "embedding"));
        float[] expected = expected(A)[0];
        assertEquals(8, values.length);
        double square = 0;
        for (int i = 0; i < 8; i++) {
            square += (double) expected[i] * expected[i];
        }
        for (int i = 0; i < 8; i++) {
            assertEquals(expected[i] / Math.sqrt(square), values[i], 1e-4);
        }
    }

    @Test
    void documentsAreRankedByCosine() throws Exception {
        var json = post("/v1/rerank", "{\"query\":\"" + A + "\",\"return_documents\":true,\"documents\":[\"" + B
                + "\",{\"text\":\"" + A + "\"},\"x = 2\"],\"top_n\":2}");
        List<?> results = (List<?>) at(json, "results");
        assertEquals(2, results.size());
        assertEquals(1, at(results, 0, "index"));
        assertEquals(1.0, ((Number) at(results, 0, "relevance_score")).doubleValue(), 1e-4);
        assertEquals(A, at(results, 0, "document", "text"));
        float[][] vectors = expected(A, B, "x = 2");
        double best = Math.max(cosine(vectors[0], vectors[1]), cosine(vectors[0], vectors[2]));
        assertEquals(best, ((Number) at(results, 1, "relevance_score")).doubleValue(), 1e-4);
    }

    /// The vectors have length 1.
    private static double cosine(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }

    @Test
    void tokensInBothForms() throws Exception {
        int[] ids = model.tokenizer().encode(A, true);
        var json = post("/tokenize", "{\"prompt\":\"" + A + "\",\"return_token_strs\":true}");
        List<Object> expected = new ArrayList<>(Arrays.stream(ids).boxed().toList());
        assertEquals(expected, at(json, "tokens"));
        assertEquals(ids.length, at(json, "count"));
        assertEquals(model.tokenizer().piece(ids[1]), at(json, "token_strs", 1));
        var pieces = post("/tokenize", "{\"content\":\"" + A + "\",\"add_special\":true,\"with_pieces\":true}");
        assertEquals(ids[1], at(pieces, "tokens", 1, "id"));
        assertFalse(((String) at(pieces, "tokens", 1, "piece")).isEmpty());
        int[] plain = model.tokenizer().encode(A, false);
        var back = post("/detokenize", "{\"tokens\":" + Arrays.toString(plain) + "}");
        assertEquals(A, at(back, "prompt"));
        assertEquals(A, at(back, "content"));
    }

    @Test
    void clientsGetTheTokenizersSpecialTokens() throws Exception {
        for (String query : List.of("", "?model=" + TestServer.MODEL)) {
            var info = server.get("/tokenizer_info" + query).json();
            assertEquals(model.tokenizer().piece(model.tokenizer().eos().getAsInt()), info.get("eos_token"));
            assertEquals(model.tokenizer().bos().isPresent(), info.get("bos_token") != null);
            assertEquals(model.template().orElseThrow().source(), info.get("chat_template"));
            assertEquals(model.contextLength(), info.get("model_max_length"));
        }
        assertEquals(404, server.get("/tokenizer_info?model=gpt-9").status());
    }

    @Test
    void conversationsAreRendered() throws Exception {
        String messages = "{\"messages\":[{\"role\":\"user\",\"content\":\"" + A + "\"}]}";
        String prompt = (String) at(post("/apply-template", messages), "prompt");
        assertTrue(prompt.contains(A) && prompt.length() > A.length(), prompt);
        List<?> ids = (List<?>) at(post("/tokenize", messages), "tokens");
        int[] expected = model.tokenizer().encode(prompt, false);
        assertEquals(Arrays.stream(expected).boxed().toList(), ids);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "/v1/embeddings| {}| input: found null, expected a string",
        "/v1/embeddings| {\"input\":[]}| input: found [], expected a string",
        "/v1/embeddings| {\"input\":[7,-7]}| input[1]: found -7",
        "/v1/embeddings| {\"input\":\"a\",\"dimensions\":100000}| dimensions: found 100000",
        "/v1/embeddings| {\"input\":\"a\",\"encoding_format\":\"int8\"}| encoding_format: found \"int8\"",
        "/v1/rerank| {\"documents\":[\"a\"]}| query: missing",
        "/v1/rerank| {\"query\":\"a\",\"documents\":[]}| documents: found 0",
        "/v1/rerank| {\"query\":\"a\",\"documents\":[{}]}| documents[0].text: missing",
        "/tokenize| {}| prompt: missing",
        "/detokenize| {\"tokens\":[1.5]}| tokens[0]: found 1.5",
        "/apply-template| {\"messages\":[]}| messages: found none",
    })
    void wrongRequestsAreErrorsThatNameTheField(String path, String body, String message) throws Exception {
        var reply = server.post(path, body);
        assertEquals(400, reply.status(), reply::text);
        String found = (String) at(reply.json(), "error", "message");
        assertTrue(found.startsWith(message.strip()), found);
    }
}
