package glia.serve.openai;

import static glia.serve.TestServer.at;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.sampling.SamplingOptions;
import glia.engine.score.PromptScorer;
import glia.io.json.JsonValues;
import glia.serve.TestServer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Completions over HTTP, against the model in the same process.
class CompletionsTest {
    private static final String PATH = "/v1/completions";
    private static final String PROMPT = "Use 3, 7 and 11 to make 32.";
    private static final String OTHER = "Solve x^2 - 5x + 6 = 0.";

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

    private static TestServer.Reply post(String fields) throws Exception {
        var reply = server.post(PATH, "{\"model\":\"reasoner\",\"temperature\":0," + fields + "}");
        assertEquals(200, reply.status(), reply::text);
        return reply;
    }

    private static String generated(String prompt, int tokens) {
        try (var generator = model.generator()) {
            return generator.generate(model.tokenizer().encode(prompt, true), GenerationOptions.defaults()
                    .withSampling(SamplingOptions.greedy()).withMaxTokens(tokens), false, _ -> { }).text();
        }
    }

    /// As vLLM: stop tokens, stop strings and special tokens.
    @Test
    void stopTokensAndFewestTokens() throws Exception {
        String prompt = "\"max_tokens\":20,\"return_token_ids\":true,\"prompt\":\"" + PROMPT + "\"";
        List<?> ids = (List<?>) at(post(prompt).json(), "choices", 0, "token_ids");
        Object third = ids.get(2);
        int first = ids.indexOf(third);
        Object stopped = post(prompt + ",\"stop_token_ids\":[" + third + "]").json();
        assertEquals(ids.subList(0, first + 1), at(stopped, "choices", 0, "token_ids"));
        assertEquals("stop", at(stopped, "choices", 0, "finish_reason"));
        Object longer = post(prompt + ",\"min_tokens\":18,\"stop\":[\" \",\"+\"],\"stop_token_ids\":[" + third + "]")
                .json();
        assertTrue((int) at(longer, "usage", "completion_tokens") >= 18, longer::toString);
        int special = IntStream.range(0, model.tokenizer().vocabSize()).filter(id -> model.tokenizer().isSpecial(id)
                && !model.tokenizer().endOfGeneration().contains(id)).findFirst().orElseThrow();
        String biased = prompt + ",\"logit_bias\":{\"" + special + "\":100}";
        String piece = model.tokenizer().piece(special);
        assertFalse(((String) at(post(biased).json(), "choices", 0, "text")).contains(piece));
        String shown = (String) at(post(biased + ",\"skip_special_tokens\":false").json(), "choices", 0, "text");
        assertTrue(shown.contains(piece), shown);
    }

    @Test
    void continuesAStringAsTheModelInTheSameProcess() throws Exception {
        var json = post("\"max_tokens\":20,\"prompt\":\"" + PROMPT + "\"").json();
        assertEquals(generated(PROMPT, 20), at(json, "choices", 0, "text"));
        assertEquals("length", at(json, "choices", 0, "finish_reason"));
        assertEquals("text_completion", at(json, "object"));
        assertEquals(20, at(json, "usage", "completion_tokens"));
        assertNull(at(json, "choices", 0, "logprobs"));
    }

    @Test
    void severalPromptsAndSamplesHaveIndicesInOrder() throws Exception {
        var json = post("\"max_tokens\":8,\"n\":2,\"prompt\":[\"" + PROMPT + "\",\"" + OTHER + "\"]").json();
        assertEquals(4, ((List<?>) at(json, "choices")).size());
        for (int i = 0; i < 4; i++) {
            assertEquals(i, at(json, "choices", i, "index"));
            assertEquals(generated(i < 2 ? PROMPT : OTHER, 8), at(json, "choices", i, "text"));
        }
        int read = model.tokenizer().encode(PROMPT, true).length + model.tokenizer().encode(OTHER, true).length;
        assertEquals(read, at(json, "usage", "prompt_tokens"));
        assertEquals(32, at(json, "usage", "completion_tokens"));
    }

    /// What lm-evaluation-harness sends and reads: `token_logprobs[context:-1]` and the most probable token in place.
    @Test
    void echoedPromptsHaveLogProbabilities() throws Exception {
        int[] first = model.tokenizer().encode(PROMPT, true);
        int[] second = Arrays.copyOf(model.tokenizer().encode(OTHER, true), 5);
        var json = post("\"max_tokens\":1,\"logprobs\":1,\"echo\":true,\"seed\":1234,\"prompt\":["
                + Arrays.toString(first) + "," + Arrays.toString(second) + "]").json();
        List<PromptScorer.Score> scores = new PromptScorer(model).score(List.of(first, second), 1, () -> true);
        for (int c = 0; c < 2; c++) {
            int[] ids = c == 0 ? first : second;
            Object logprobs = at(json, "choices", c, "logprobs");
            List<?> values = (List<?>) at(logprobs, "token_logprobs");
            assertEquals(ids.length + 1, values.size());
            assertNull(values.getFirst());
            assertNull(at(logprobs, "top_logprobs", 0));
            for (int i = 1; i < ids.length; i++) {
                double expected = scores.get(c).logProbabilities()[i];
                assertEquals(expected, ((Number) values.get(i)).doubleValue(), 1e-3);
                String token = (String) at(logprobs, "tokens", i);
                Map<?, ?> top = (Map<?, ?>) at(logprobs, "top_logprobs", i);
                Object best = top.entrySet().stream().max(java.util.Comparator.comparingDouble(
                        e -> ((Number) e.getValue()).doubleValue())).orElseThrow().getKey();
                int bestId = scores.get(c).alternatives().get(i).getFirst().token();
                assertEquals(bestId == ids[i], best.equals(token));
            }
        }
        String text = (String) at(json, "choices", 0, "text");
        assertTrue(text.startsWith(model.tokenizer().decode(first, true)), text);
        List<?> offsets = (List<?>) at(json, "choices", 0, "logprobs", "text_offset");
        for (int i = 0; i < first.length; i++) {
            assertEquals(model.tokenizer().decode(Arrays.copyOf(first, i), true).length(), offsets.get(i));
        }
    }

    @Test
    void echoAloneGeneratesNothing() throws Exception {
        var json = post("\"max_tokens\":0,\"logprobs\":0,\"echo\":true,\"prompt\":\"" + PROMPT + "\"").json();
        assertEquals(PROMPT, at(json, "choices", 0, "text"));
        assertEquals(0, at(json, "usage", "completion_tokens"));
        assertEquals(model.tokenizer().encode(PROMPT, true).length,
                ((List<?>) at(json, "choices", 0, "logprobs", "tokens")).size());
    }

    @Test
    void aStreamHasTheSameChoices() throws Exception {
        String fields = "\"max_tokens\":12,\"logprobs\":2,\"echo\":true,\"return_token_ids\":true,\"prompt\":[\""
                + PROMPT + "\",\"" + OTHER + "\"]";
        var whole = post(fields).json();
        List<String> events = post(fields + ",\"stream\":true,\"stream_options\":{\"include_usage\":true}").events();
        assertEquals("[DONE]", events.getLast());
        Map<Object, StringBuilder> texts = new TreeMap<>();
        Map<Object, List<Object>> ids = new TreeMap<>();
        Map<Object, List<Object>> tokens = new TreeMap<>();
        for (String event : events.subList(0, events.size() - 2)) {
            for (Object choice : (List<?>) at(JsonValues.parse(event), "choices")) {
                Object index = at(choice, "index");
                texts.computeIfAbsent(index, _ -> new StringBuilder()).append(at(choice, "text"));
                ids.computeIfAbsent(index, _ -> new ArrayList<>()).addAll((List<?>) at(choice, "token_ids"));
                tokens.computeIfAbsent(index, _ -> new ArrayList<>())
                        .addAll((List<?>) at(choice, "logprobs", "tokens"));
            }
        }
        for (int i = 0; i < 2; i++) {
            assertEquals(at(whole, "choices", i, "text"), texts.get(i).toString());
            assertEquals(at(whole, "choices", i, "token_ids"), ids.get(i));
            assertEquals(12, ids.get(i).size());
            assertEquals(at(whole, "choices", i, "logprobs", "tokens"), tokens.get(i));
        }
        assertEquals(at(whole, "usage", "completion_tokens"),
                at(JsonValues.parse(events.get(events.size() - 2)), "usage", "completion_tokens"));
    }

    @Test
    void stopTokensAreIgnoredOnRequest() throws Exception {
        String prompt = model.tokenizer().decode(model.tokenizer().encode("", true), false);
        var json = post("\"max_tokens\":400,\"ignore_eos\":true,\"prompt\":\"" + prompt + PROMPT + "\"").json();
        assertEquals(400, at(json, "usage", "completion_tokens"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "\"max_tokens\":1| prompt: missing; expected a string",
        "\"prompt\":[]| prompt: found [], expected a string",
        "\"prompt\":[[]]| prompt[0]: found no tokens",
        "\"prompt\":[1,999999]| prompt[1]: found 999999, expected a token id from 0 to",
        "\"prompt\":[1,-1]| prompt[1]: found -1, expected a token id",
        "\"prompt\":[1,\"a\"]| prompt[1]: found \"a\", expected a token id",
        "\"prompt\":[\"a\",null]| prompt[1]: found null, expected a string or token ids",
        "\"prompt\":\"a\",\"max_tokens\":0| max_tokens: found 0 without echo",
        "\"prompt\":\"a\",\"best_of\":2| best_of: found 2, expected 1",
        "\"prompt\":\"a\",\"suffix\":\"b\"| suffix: this model fills no gaps",
        "\"prompt\":\"a\",\"logprobs\":21| logprobs: found 21",
        "\"prompt\":\"a\",\"prompt_embeds\":\"\"| prompt_embeds: this field is not supported",
    })
    void wrongRequestsAreErrorsThatNameTheField(String fields, String message) throws Exception {
        var reply = server.post(PATH, "{" + fields + "}");
        assertEquals(400, reply.status(), reply::text);
        String found = (String) at(reply.json(), "error", "message");
        assertTrue(found.startsWith(message.strip()), found);
    }
}
