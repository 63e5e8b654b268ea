package glia.serve.embedding;

import static glia.serve.TestServer.at;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.engine.embedding.RelevanceJudge;
import glia.engine.pass.Engine;
import glia.io.json.JsonValues;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.model.block.Pass.Outputs;
import glia.model.block.Pass;
import glia.serve.TestServer;
import glia.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Token vectors, sparse vectors and rerankers over HTTP, on texts that have the ids of the goldens.
class FurtherEmbeddingsTest {
    private static final double TOLERANCE = 1e-4;

    @TempDir
    private Path folder;

    /// The ids of a row without padding, which is 0.
    private static int[] row(SafetensorsCheckpoint file, String name, int row) throws Exception {
        return Arrays.stream(file.ids(name)[row]).filter(id -> id != 0).toArray();
    }

    private static String strings(List<String> texts) {
        return texts.stream().map(t -> '"' + t + '"').collect(Collectors.joining(",", "[", "]"));
    }

    @Test
    void colbertGivesTheVectorsAndScoresOfTheReference() throws Exception {
        LetterModel.write("colbert", folder, 64, true);
        Files.writeString(folder.resolve("artifact.metadata"), "{\"query_maxlen\": 9, \"doc_maxlen\": 20}");
        try (TestServer server = TestServer.start("colbert", LanguageModel.load(folder));
                SafetensorsCheckpoint file = SafetensorsCheckpoint.open(
                        LetterModel.golden("colbert").resolve("expected.safetensors"))) {
            int[] query = file.ids("query_input_ids")[0];
            String text = LetterModel.text(query, 2, 5);
            List<String> documents = new ArrayList<>();
            for (int d = 0; d < 3; d++) {
                int[] ids = row(file, "doc_input_ids", d);
                documents.add(LetterModel.text(ids, 2, ids.length - 1));
            }
            var vectors = server.post("/v1/multi-vector", "{\"model\":\"colbert\",\"input_type\":\"query\","
                    + "\"input\":[{\"text\":\"" + text + "\"}]}");
            assertEquals(200, vectors.status(), vectors::text);
            Tensor wanted = file.tensor("query_embeddings");
            for (int i = 0; i < 9 * 12; i++) {
                assertEquals(wanted.get(i), ((Number) at(vectors.json(), "data", 0, "embeddings", i / 12, i % 12))
                        .doubleValue(), TOLERANCE);
            }
            // The second document has 11 tokens, of which two are punctuation.
            var pooled = server.post("/pooling", "{\"model\":\"colbert\",\"input\":" + strings(documents) + "}");
            assertEquals(9, ((List<?>) at(pooled.json(), "data", 1, "data")).size(), pooled::text);
            var reply = server.post("/v1/rerank", "{\"model\":\"colbert\",\"query\":\"" + text
                    + "\",\"documents\":" + strings(documents) + "}");
            Tensor scores = file.tensor("scores");
            for (int i = 0; i < 3; i++) {
                int document = (int) at(reply.json(), "results", i, "index");
                assertEquals(scores.get(document), (double) at(reply.json(), "results", i, "relevance_score"),
                        TOLERANCE, reply::text);
            }
            refused(server, "/embed_sparse", "\"model\":\"colbert\",\"inputs\":\"a\"", "masked language model");
        }
    }

    @Test
    void spladeGivesTheWeightsAndScoresOfTheReference() throws Exception {
        LetterModel.write("splade", folder, 64, false);
        try (TestServer server = TestServer.start("splade", LanguageModel.load(folder));
                SafetensorsCheckpoint file = SafetensorsCheckpoint.open(
                        LetterModel.golden("splade").resolve("expected.safetensors"))) {
            int[] ids = row(file, "query_input_ids", 0);
            String query = LetterModel.text(ids, 0, ids.length);
            var reply = server.post("/embed_sparse", "{\"model\":\"splade\",\"inputs\":\"" + query + "\"}");
            assertEquals(200, reply.status(), reply::text);
            Object json = JsonValues.parse(reply.text());
            Tensor wanted = file.tensor("query_reps");
            int found = 0;
            for (int token = 0; token < 64; token++) {
                if (wanted.get(token) > 0) {
                    assertEquals(token, at(json, 0, found, "index"));
                    assertEquals(wanted.get(token), ((Number) at(json, 0, found, "value")).doubleValue(),
                            TOLERANCE);
                    found++;
                }
            }
            assertEquals(found, ((List<?>) at(json, 0)).size());
            int[] document = row(file, "doc_input_ids", 1);
            var ranked = server.post("/v1/rerank", "{\"model\":\"splade\",\"query\":\"" + query + "\",\"documents\":[\""
                    + LetterModel.text(document, 0, document.length) + "\"]}");
            assertEquals(file.tensor("scores").get(1), (double) at(ranked.json(), "results", 0, "relevance_score"),
                    1e-3, ranked::text);
            refused(server, "/v1/embeddings", "\"model\":\"splade\",\"input\":\"a\"", "sparse vectors (SPLADE)");
            refused(server, "/v1/multi-vector", "\"model\":\"splade\",\"input\":\"a\"", "no vectors of tokens");
        }
    }

    private static void refused(TestServer server, String path, String body, String words) throws Exception {
        var reply = server.post(path, "{" + body + "}");
        assertTrue(reply.status() >= 400, reply::text);
        assertTrue(reply.text().contains(words), reply::text);
    }

    /// Of a language model without a pooling the answer counts: "yes" against "no".
    @Test
    void aLanguageModelJudgesByItsAnswer() throws Exception {
        LetterModel.write("qwen3_rerank", folder, 72, false, "yes", "no");
        LanguageModel model = LanguageModel.load(folder);
        RelevanceJudge judge = RelevanceJudge.of(model).orElseThrow();
        int[] question = judge.question("a b", "c");
        double expected;
        try (TestServer server = TestServer.start("judge", model)) {
            Engine engine = model.engine();
            Pass pass = new Pass().add(question, 0, question.length, 0, Outputs.LAST);
            float[] logits = model.scheduler().inTurn("", () -> engine.read(pass, Tensor::toArray));
            expected = 1 / (1 + Math.exp((double) logits[71] - logits[70]));
            var reply = server.post("/rerank", "{\"model\":\"judge\",\"query\":\"a b\","
                    + "\"documents\":[\"c\",\"d d d\"]}");
            assertEquals(200, reply.status(), reply::text);
            int place = at(reply.json(), "results", 0, "index").equals(0) ? 0 : 1;
            assertEquals(expected, (double) at(reply.json(), "results", place, "relevance_score"), TOLERANCE,
                    reply::text);
        }
    }
}
