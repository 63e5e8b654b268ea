package glia.serve.embedding;

import static glia.serve.TestServer.at;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.io.json.JsonValues;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.NewHead;
import glia.model.write.ModelWriter;
import glia.serve.TestServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Reranking by a BERT with a classification head of one label, against the formulas of BERT written out in F64.
class CrossEncoderTest {
    private static final Path GOLDEN = Path.of("../engine/src/test/resources/golden/bert");
    private static final String[] SPECIAL = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
    private static final int CLS = 2;
    private static final int SEP = 3;
    private static final int CONTEXT = 64;
    private static final List<String> DOCUMENTS = List.of("c a b", "b", "a b c", "z z z z z z", "x y");

    @TempDir
    private static Path folder;

    private static BertByHand bert;
    @AutoClose
    private static TestServer server;

    @BeforeAll
    static void start() throws Exception {
        try (Model model = ModelLoader.load(GOLDEN, new NewHead(List.of("relevance"), 3), _ -> false)) {
            ModelWriter.write(model, folder);
        }
        Files.writeString(folder.resolve("tokenizer.json"), tokenizer());
        bert = new BertByHand(folder);
        server = TestServer.start("cross", LanguageModel.load(folder));
    }

    /// Letters are tokens; a text is between `[CLS]` and `[SEP]`.
    private static String tokenizer() {
        StringBuilder vocabulary = new StringBuilder();
        StringBuilder special = new StringBuilder();
        for (int i = 0; i < SPECIAL.length; i++) {
            vocabulary.append('"').append(SPECIAL[i]).append("\":").append(i).append(',');
            special.append(i == 0 ? "" : ",").append("{\"id\":").append(i).append(",\"content\":\"").append(SPECIAL[i])
                    .append("\",\"special\":true}");
        }
        for (char c = 'a'; c <= 'z'; c++) {
            vocabulary.append(c == 'a' ? "" : ",").append('"').append(c).append("\":").append(SPECIAL.length + c - 'a');
        }
        return """
                {"version": "1.0", "added_tokens": [%s], "pre_tokenizer": {"type": "BertPreTokenizer"},
                "post_processor": {"type": "TemplateProcessing",
                "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
                "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
                "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}},
                "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
                "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 9, "vocab": {%s}}}""".formatted(special, vocabulary);
    }

    /// `[CLS] query [SEP] document [SEP]`, of which the context holds no more than fits.
    private static int[] pair(String query, String document) {
        List<Integer> ids = new ArrayList<>(List.of(CLS));
        query.chars().filter(c -> c != ' ').forEach(c -> ids.add(SPECIAL.length + c - 'a'));
        ids.add(SEP);
        document.chars().filter(c -> c != ' ').forEach(c -> ids.add(SPECIAL.length + c - 'a'));
        while (ids.size() > CONTEXT - 1) {
            ids.removeLast();
        }
        ids.add(SEP);
        return ids.stream().mapToInt(i -> i).toArray();
    }

    private static double expected(String query, String document) {
        int second = 2 + query.replace(" ", "").length();
        return 1 / (1 + Math.exp(-bert.score(pair(query, document), second)));
    }

    private static TestServer.Reply rerank(String query, List<String> documents) throws Exception {
        return server.post("/v1/rerank", "{\"model\":\"cross\",\"query\":\"" + query + "\",\"documents\":[\""
                + String.join("\",\"", documents) + "\"]}");
    }

    @Test
    void documentsAreSortedByTheSigmoidOfTheScore() throws Exception {
        var reply = rerank("a b", DOCUMENTS);
        assertEquals(200, reply.status(), reply::text);
        double last = 1;
        int tokens = 0;
        for (int i = 0; i < DOCUMENTS.size(); i++) {
            String document = DOCUMENTS.get((int) at(reply.json(), "results", i, "index"));
            double score = (double) at(reply.json(), "results", i, "relevance_score");
            assertEquals(expected("a b", document), score, 1e-5, document);
            assertTrue(score <= last, reply::text);
            last = score;
            tokens += pair("a b", document).length;
        }
        assertEquals(tokens, at(reply.json(), "usage", "total_tokens"));
    }

    /// Which text is the query matters: the segments differ.
    @Test
    void aPairIsNotSymmetric() throws Exception {
        double forth = (double) at(rerank("a b", List.of("c d")).json(), "results", 0, "relevance_score");
        double back = (double) at(rerank("c d", List.of("a b")).json(), "results", 0, "relevance_score");
        assertNotEquals(forth, back);
        assertEquals(expected("a b", "c d"), forth, 1e-5);
        assertEquals(expected("c d", "a b"), back, 1e-5);
    }

    @Test
    void longDocumentsAreTruncatedAndLongQueriesRefused() throws Exception {
        String longest = "q r s ".repeat(40).strip();
        double score = (double) at(rerank("a", List.of(longest, "b")).json(), "results",
                expected("a", longest) > expected("a", "b") ? 0 : 1, "relevance_score");
        assertEquals(expected("a", longest), score, 1e-5);
        var refused = rerank(longest, List.of("a"));
        assertEquals(400, refused.status(), refused::text);
        assertTrue(refused.text().contains("query: found 122 tokens"), refused::text);
    }

    @Test
    void emptyTextsHaveScoresToo() throws Exception {
        var reply = server.post("/v2/rerank", "{\"model\":\"cross\",\"query\":\"\",\"documents\":[\"\",\"a\"],"
                + "\"top_n\":1,\"return_documents\":true}");
        assertEquals(200, reply.status(), reply::text);
        String best = (String) at(reply.json(), "results", 0, "document", "text");
        assertEquals(Math.max(expected("", ""), expected("", "a")),
                (double) at(JsonValues.parse(reply.text()), "results", 0, "relevance_score"), 1e-5, best);
    }
}
