package glia.train.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.text.template.ChatTemplate;
import glia.text.tokenizer.Tokenizer;
import glia.train.tokenizer.SpecialTokens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Preferences, classes and embedding pairs.
class PairReadersTest {
    private static final Optional<ChatTemplate> TEMPLATE = Optional.of(ChatTemplate.parse("t", """
            {% for m in messages %}<s>{{ m.role[0] }}:{{ m.content }}</s>{% endfor %}\
            {% if add_generation_prompt %}<s>a:{% endif %}"""));

    @TempDir
    private Path folder;
    private Tokenizer tokenizer;

    @BeforeEach
    void load() throws Exception {
        tokenizer = TestTokenizers.bytes(folder.resolve("t"), 300, SpecialTokens.NONE.with(SpecialTokens.BOS, "<s>")
                .with(SpecialTokens.EOS, "</s>"));
    }

    private List<Path> file(String lines) throws IOException {
        return List.of(Files.writeString(folder.resolve("x.jsonl"), lines));
    }

    private PreferenceData preferences(String lines, int maxTokens) throws IOException {
        return PreferenceData.read(file(lines), TEMPLATE, tokenizer, ChatOptions.of(maxTokens));
    }

    private String text(int[] ids) {
        return tokenizer.decode(ids, false);
    }

    @Test
    void formsOfPreferencesAreTheSame() throws Exception {
        String user = "{\"role\": \"user\", \"content\": \"q\"}";
        for (String line : List.of("{\"prompt\": \"q\", \"chosen\": \"good\", \"rejected\": \"bad\"}",
                "{\"prompt\": [" + user + "], \"chosen\": [{\"role\": \"assistant\", \"content\": \"good\"}], "
                        + "\"rejected\": \"bad\"}",
                "{\"chosen\": [" + user + ", {\"role\": \"assistant\", \"content\": \"good\"}], \"rejected\": ["
                        + user + ", {\"role\": \"assistant\", \"content\": \"bad\"}]}",
                "{\"prompt\": \"q\", \"chosen\": [" + user + ", {\"role\": \"assistant\", \"content\": \"good\"}], "
                        + "\"rejected\": [" + user + ", {\"role\": \"assistant\", \"content\": \"bad\"}]}")) {
            PreferenceData.Pair pair = preferences(line, 100).pairs().getFirst();
            assertEquals("<s>u:q</s><s>a:good</s>", text(pair.chosen().ids()));
            assertEquals("good</s>", text(pair.chosen().trained()));
            assertEquals("bad</s>", text(pair.rejected().trained()));
        }
    }

    @Test
    void aPairIsDroppedAsAWhole() throws Exception {
        String lines = """
                {"prompt": "q", "chosen": "good", "rejected": "bad bad bad bad bad bad bad bad bad"}
                {"prompt": "q", "chosen": "c", "rejected": "d"}
                """;
        PreferenceData data = preferences(lines, 16);
        assertEquals(1, data.numExamples());
        assertEquals(1, data.counts().dropped());
        assertEquals("c</s>", text(data.pairs().getFirst().chosen().trained()));
    }

    @Test
    void badPreferencesAreNamed() {
        assertEquals(true, message(() -> preferences("{\"prompt\": \"q\", \"chosen\": \"a\"}", 9))
                .contains("line 1: found no key \"rejected\""));
        assertTrue(message(() -> preferences("{\"chosen\": \"a\", \"rejected\": \"b\"}", 9))
                .contains("line 1: found no key \"prompt\""));
    }

    private UnpairedData unpaired(String lines, int maxTokens) throws IOException {
        return UnpairedData.read(file(lines), TEMPLATE, tokenizer, ChatOptions.of(maxTokens));
    }

    @Test
    void labelsStayWithTheirAnswers() throws Exception {
        UnpairedData data = unpaired("""
                {"prompt": "q", "completion": "too long too long too long too long too long", "label": true}
                {"prompt": "q", "completion": "a", "label": false}
                {"prompt": [{"role": "user", "content": "what"}], "completion": "bc", "label": 1}
                """, 18);
        assertEquals(2, data.numExamples());
        assertEquals(1, data.numDesirable());
        UnpairedData.Row first = data.rows().getFirst();
        UnpairedData.Row second = data.rows().getLast();
        assertEquals(false, first.isDesirable());
        assertEquals("<s>u:what</s><s>a:", text(second.prompt()));
        MaskedTokens other = second.mismatched(first, 100);
        assertEquals("<s>u:what</s><s>a:a</s>", text(other.ids()));
        assertEquals("a</s>", text(other.trained()));
        assertEquals("a", text(second.mismatched(first, second.prompt().length + 1).trained()));
    }

    @Test
    void badLabelsAreNamed() {
        assertTrue(message(() -> unpaired("{\"prompt\": \"q\", \"completion\": \"a\", \"label\": \"yes\"}", 9))
                .contains("line 1: label: found \"yes\", expected true or false"));
        assertTrue(message(() -> unpaired("{\"prompt\": \"q\", \"completion\": \"a\"}", 9))
                .contains("line 1: found no key \"label\""));
        assertTrue(message(() -> unpaired("{\"prompt\": \"q\", \"chosen\": \"a\", \"label\": true}", 9))
                .contains("line 1: found no key \"completion\""));
    }

    private StepwiseData steps(String lines) throws IOException {
        return StepwiseData.read(file(lines), tokenizer);
    }

    @Test
    void stepsAreEncodedByThemselves() throws Exception {
        StepwiseData.Row row = steps("{\"prompt\": \"q\", \"completions\": [\"1\", \"2 2\"], "
                + "\"labels\": [true, false]}").rows().getFirst();
        assertEquals("<s>q", text(row.prompt()));
        assertEquals(List.of("1", "2 2"), row.steps().stream().map(this::text).toList());
        assertArrayEquals(new boolean[] {true, false}, row.isRight());
    }

    @Test
    void badStepsAreNamed() {
        assertTrue(message(() -> steps("{\"prompt\": \"q\", \"completions\": [\"1\"], \"labels\": []}"))
                .contains("line 1: labels: found 0 labels for 1 steps"));
        assertTrue(message(() -> steps("{\"prompt\": \"q\", \"completions\": [\"1\"], \"labels\": [2]}"))
                .contains("line 1: labels[0]: found 2, expected true or false"));
        assertTrue(message(() -> steps("{\"prompt\": \"q\", \"completions\": \"1\", \"labels\": [true]}"))
                .contains("line 1: completions: found \"1\", expected a list of strings"));
    }

    private interface Reading {
        void run() throws IOException;
    }

    private static String message(Reading reading) {
        return assertThrows(CheckpointException.class, reading::run).getMessage();
    }

    private LabelData labels(String lines, Optional<List<String>> labels) throws IOException {
        return LabelData.read(file(lines), tokenizer, 6, labels);
    }

    @Test
    void labelsAreNumberedInTheirOrder() throws Exception {
        String lines = """
                {"text": "great", "label": "positive"}
                {"text": "bad and very very long", "label": "negative"}
                """;
        LabelData data = labels(lines, Optional.empty());
        assertEquals(List.of("negative", "positive"), data.labels());
        assertEquals(List.of(1, 0), data.rows().stream().map(LabelData.Row::label).toList());
        assertArrayEquals(tokenizer.encodePlain("great", true), data.rows().getFirst().ids());
        assertEquals(6, data.rows().getLast().ids().length);
        assertEquals(1, data.counts().cut());
        assertEquals(List.of("0", "1", "2"), labels("{\"text\": \"a\", \"label\": 2}", Optional.empty()).labels());
        assertTrue(message(() -> labels(lines, Optional.of(List.of("negative", "positiv"))))
                .contains("line 1: label: found \"positive\", expected one of [negative, positiv]. Did you mean"));
        assertTrue(message(() -> labels("{\"text\": \"a\", \"label\": -1}", Optional.empty())).contains("found -1"));
        assertTrue(message(() -> labels("{\"text\": \"a\", \"label\": 1}\n{\"text\": \"a\", \"label\": \"b\"}",
                Optional.empty())).contains("line 2: label"));
        assertTrue(message(() -> labels("{\"text\": \"a\"}", Optional.empty())).contains("no key \"label\""));
        assertTrue(message(() -> labels("\n", Optional.empty())).contains("found no example"));
    }

    @Test
    void embeddingPairsMayHaveNegatives() throws Exception {
        EmbeddingData data = EmbeddingData.read(file("""
                {"query": "q", "positive": "p"}
                {"query": "q", "positive": "p", "negatives": ["x", "y"]}
                {"query": "q", "positive": "a very very long text", "negative": "x"}
                """), tokenizer, 6);
        assertEquals(List.of(0, 2, 1), data.rows().stream().map(row -> row.negatives().size()).toList());
        assertEquals(6, data.rows().getLast().positive().length);
        assertEquals(1, data.counts().cut());
        assertEquals("<s>y", text(data.rows().get(1).negatives().getLast()));
        assertTrue(message(() -> EmbeddingData.read(file("{\"query\": \"q\", \"positive\": [\"p\"]}"), tokenizer, 6))
                .contains("line 1: positive: found a list of 1"));
        assertTrue(message(() -> EmbeddingData.read(file(
                "{\"query\": \"q\", \"positive\": \"p\", \"negatives\": [5]}"), tokenizer, 6))
                .contains("negatives[0]: found 5"));
    }
}
