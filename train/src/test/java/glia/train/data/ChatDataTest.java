package glia.train.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.training.TokenBatch;
import glia.io.CheckpointException;
import glia.text.template.ChatTemplate;
import glia.text.tokenizer.Tokenizer;
import glia.train.tokenizer.SpecialTokens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChatDataTest {
    private static final String CHATML = """
            {%- for m in messages %}<|im_start|>{{ m.role }}
            {{ m.content }}{% for c in m.tool_calls %}<call>{{ c.function.name }} {{ c.function.arguments | tojson }}
            {%- endfor %}<|im_end|>
            {% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
            {% endif %}""";

    @TempDir
    private Path folder;
    private Tokenizer tokenizer;

    @BeforeEach
    void load() throws Exception {
        SpecialTokens special = SpecialTokens.of("<|im_start|>").with(SpecialTokens.EOS, "<|im_end|>");
        tokenizer = TestTokenizers.bytes(folder.resolve("t"), 300, special);
    }

    private Path file(String lines) throws IOException {
        return Files.writeString(folder.resolve("chats.jsonl"), lines);
    }

    private ChatData read(String lines, ChatOptions options) throws IOException {
        return ChatData.read(List.of(file(lines)), Optional.of(ChatTemplate.parse("chatml", CHATML)), tokenizer,
                options);
    }

    private String text(int[] ids) {
        return tokenizer.decode(ids, false);
    }

    private String trained(String line) throws IOException {
        return text(read(line, ChatOptions.of(1000)).chats().getFirst().trained());
    }

    /// Of plain text, the error shows a chat and not a document.
    @Test
    void plainTextIsNoChat() {
        String message = assertThrows(CheckpointException.class, () -> read("To be, or not to be.\n",
                ChatOptions.of(100))).getMessage();
        assertTrue(message.contains("{\"messages\": [{\"role\": \"user\"") && !message.contains("{\"text\""), message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{'messages': [{'role': 'user', 'content': 'q'}, {'role': 'assistant', 'content': 'a b'}]}",
        "{'conversations': [{'from': 'human', 'value': 'q'}, {'from': 'gpt', 'value': 'a b'}]}",
        "{'conversations': [{'role': 'user', 'content': 'q'}, {'role': 'assistant', 'content': 'a b'}]}",
        "{'prompt': 'q', 'completion': 'a b'}",
        "{'prompt': [{'role': 'user', 'content': 'q'}], 'completion': [{'role': 'assistant', 'content': 'a b'}]}",
        "{'messages': [{'role': 'user', 'content': [{'type': 'text', 'text': 'q'}]},"
            + " {'role': 'assistant', 'content': 'a b', 'tool_calls': null, 'name': null}], 'tools': null}"})
    void formsOfTheSameChatAreTheSame(String line) throws Exception {
        MaskedTokens chat = read(line.replace('\'', '"'), ChatOptions.of(100)).chats().getFirst();
        assertEquals("<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\na b<|im_end|>\n", text(chat.ids()));
        assertEquals("a b<|im_end|>", text(chat.trained()));
    }

    @Test
    void allTurnsOrTheLastAreTrainedOnAndMarkersOfUsersAreText() throws Exception {
        String line = """
                {"system": "s", "messages": [{"role": "user", "content": "q<|im_end|>"}, \
                {"role": "assistant", "content": "one"}, {"role": "user", "content": "r"}, \
                {"role": "assistant", "content": ""}, {"role": "user", "content": "open"}]}""";
        assertEquals("one<|im_end|><|im_end|>", trained(line));
        ChatData last = read(line, ChatOptions.of(1000).with(ChatOptions.Turns.LAST));
        assertEquals("<|im_end|>", text(last.chats().getFirst().trained()));
        assertTrue(text(last.chats().getFirst().ids()).startsWith("<|im_start|>system\ns<|im_end|>"));
        int eos = tokenizer.eos().orElseThrow();
        assertEquals(6, IntStream.of(last.chats().getFirst().ids()).filter(id -> id == eos).count());
    }

    @Test
    void messagesOfWeightZeroAreNotTrainedOn() throws Exception {
        String line = """
                {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "one", "weight": 0}, \
                {"role": "user", "content": "r"}, {"role": "assistant", "content": "two", "weight": 1}]}""";
        assertEquals("two<|im_end|>", trained(line));
        var e = assertThrows(CheckpointException.class, () -> trained(line.replace(": 1}", ": 0}")));
        assertTrue(e.getMessage().contains("found no turn of the assistant"), e.getMessage());
        e = assertThrows(CheckpointException.class, () -> trained(line.replace(": 1}", ": 0.5}")));
        assertTrue(e.getMessage().contains("messages[3].weight: found 0.5, expected 0 or 1"), e.getMessage());
    }

    @Test
    void earlierTurnsOfAPromptAreNotTrainedOn() throws Exception {
        assertEquals("two<|im_end|>", trained("""
                {"prompt": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "one"}, \
                {"role": "user", "content": "r"}], "completion": "two"}"""));
    }

    @Test
    void toolCallsOfShareGptAndOfStringsAreTheSame() throws Exception {
        assertEquals("<call>f {\"x\": 1}<|im_end|>", trained("""
                {"conversations": [{"from": "human", "value": "q"}, \
                {"from": "function_call", "value": "{\\"name\\": \\"f\\", \\"arguments\\": {\\"x\\": 1}}"}]}"""));
        assertEquals("<call>f {\"x\": 1}<|im_end|>", trained("""
                {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": null, "tool_calls": \
                [{"function": {"name": "f", "arguments": "{\\"x\\": 1}"}}]}]}"""));
    }

    @Test
    void generationBlocksDecideWhereThereAreSome() throws Exception {
        String marked = """
                {%- for m in messages %}<|im_start|>{{ m.role }}
                {% if m.role == 'assistant' %}{% generation %}{{ m.content }}<|im_end|>{% endgeneration %}
                {% else %}{{ m.content }}<|im_end|>{% endif %}

                {% endfor %}""";
        String line = """
                {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "one"}, \
                {"role": "user", "content": "r"}, {"role": "assistant", "content": "é 🙂"}]}""";
        ChatData data = ChatData.read(List.of(file(line)), Optional.of(ChatTemplate.parse("marked", marked)),
                tokenizer, ChatOptions.of(1000));
        assertEquals("one<|im_end|>é 🙂<|im_end|>", text(data.chats().getFirst().trained()));
        data = ChatData.read(List.of(file(line)), Optional.of(ChatTemplate.parse("marked", marked)),
                tokenizer, ChatOptions.of(1000).with(ChatOptions.Turns.LAST));
        assertEquals("é 🙂<|im_end|>", text(data.chats().getFirst().trained()));
    }

    @Test
    void withoutATemplateACompletionContinuesThePrompt() throws Exception {
        ChatData data = ChatData.read(List.of(file("{\"prompt\": \"The sky is\", \"completion\": \" blue.\"}")),
                Optional.empty(), tokenizer, ChatOptions.of(100));
        assertEquals("The sky is blue.<|im_end|>", text(data.chats().getFirst().ids()));
        assertEquals(" blue.<|im_end|>", text(data.chats().getFirst().trained()));
        var e = assertThrows(CheckpointException.class, () -> ChatData.read(List.of(file("""
                {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}""")),
                Optional.empty(), tokenizer, ChatOptions.of(100)));
        assertTrue(e.getMessage().contains("line 1: found a chat, but the model has no chat template"), e.getMessage());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{'messages': [{'role': 'user', 'content': 'q'}]}         | found no turn of the assistant",
        "{'prompt': 'q'}                                          | found no key \"completion\"",
        "{'message': []}                                          | rename \"message\" if it is meant",
        "{'messages': []}                                         | messages: found a list of 0",
        "{'messages': ['q']}                                      | messages[0]: found \"q\"",
        "{'messages': [{'role': 'asistant', 'content': 'q'}]}     | Did you mean assistant?",
        "{'messages': [{'role': 'assistant'}]}                    | messages[0]: found no \"content\"",
        "{'messages': [{'role': 'assistant', 'content': 5}]}      | messages[0].content: found 5, expected a string",
        "{'messages': [{'role': 'user', 'content': [{'type': 'image'}]}]} | keys [type], expected {\"type\": \"text\"",
        "{'conversations': [{'from': 'bot', 'value': 'q'}]}       | conversations[0].from: found \"bot\"",
        "{'messages': [{'role': 'assistant', 'content': '', 'tool_calls': [{}]}]} | tool_calls[0]: found an object",
        "{'messages': [{'role': 'assistant', 'tool_calls': [{'name': 'f', 'arguments': '{'}]}]} | which is not JSON",
        "{'messages': [{'role': 'assistant', 'content': '\\ud800'}]} | unpaired surrogate",
        "{'messages': [{'role': 'assistant', 'content': 'a'}], 'tools': 'x'} | tools: found \"x\", which is not JSON"})
    void badChatsAreNamedWithFileLineAndPlace(String line, String problem) throws Exception {
        String good = "{\"prompt\": \"q\", \"completion\": \"a\"}\n";
        var e = assertThrows(CheckpointException.class, () -> read(good + line.replace('\'', '"'), ChatOptions.of(99)));
        assertTrue(e.getMessage().contains("chats.jsonl: line 2: ") && e.getMessage().contains(problem),
                e.getMessage());
    }

    @Test
    void longChatsAreDroppedOrCutAndCounted() throws Exception {
        String lines = """
                {"prompt": "q", "completion": "a"}
                {"prompt": "q", "completion": "abcdefghijklmnopqrstuvwxyz"}
                {"prompt": "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", "completion": "a"}
                """;
        int most = read(lines, ChatOptions.of(1000)).chats().getFirst().ids().length + 5;
        ChatData dropped = read(lines, ChatOptions.of(most));
        assertEquals(new ExampleCounts(3, 1, 0, 2, dropped.counts().longest()), dropped.counts());
        ChatData cut = read(lines, ChatOptions.of(most).with(ChatOptions.Truncation.CUT));
        assertEquals(new ExampleCounts(3, 2, 1, 1, dropped.counts().longest()), cut.counts());
        assertEquals(most, cut.chats().getLast().ids().length);
        assertTrue(cut.counts().sentence("chats").startsWith("3 chats, 1 cut and 1 dropped (the longest has "));
        var e = assertThrows(CheckpointException.class, () -> read(lines, ChatOptions.of(3)));
        assertTrue(e.getMessage().contains("line 1: this and all other examples are longer than 3"), e.getMessage());
    }

    /// Alpaca's keys are a prompt and a completion.
    @Test
    void instructionsAreChats() throws Exception {
        ChatData alpaca = read("{\"instruction\": \"Add.\", \"input\": \"2 and 3\", \"output\": \"5\"}\n"
                + "{\"instruction\": \"Say hi\", \"input\": \"\", \"output\": \"hi\"}\n", ChatOptions.of(100));
        ChatData same = read("{\"prompt\": \"Add.\\n\\n2 and 3\", \"completion\": \"5\"}\n"
                + "{\"prompt\": \"Say hi\", \"completion\": \"hi\"}\n", ChatOptions.of(100));
        for (int i = 0; i < 2; i++) {
            assertArrayEquals(same.chats().get(i).ids(), alpaca.chats().get(i).ids());
            assertEquals(same.chats().get(i).isTrained(), alpaca.chats().get(i).isTrained());
        }
    }

    @Test
    void packedRowsHoldEachChatOnce() throws Exception {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 40; i++) {
            lines.append("{\"prompt\": \"").append((char) ('A' + i % 26)).append((char) ('A' + i / 26))
                    .append("\", \"completion\": \"").append("x".repeat(i * 7 % 31)).append("\"}\n");
        }
        ChatData data = read(lines.toString(), ChatOptions.of(1000));
        Rows packed = data.packed(64);
        long tokens = 0;
        long trained = 0;
        int sequences = 0;
        for (long row = 0; row < packed.size(); row++) {
            TokenBatch batch = new TokenBatch();
            packed.add(batch, row);
            assertTrue(batch.numTokens() <= 64);
            tokens += batch.numTokens();
            trained += batch.numRows();
            sequences += batch.numSequences();
        }
        assertEquals(40, sequences);
        assertEquals(data.numTokens(), tokens);
        assertEquals(data.numTrainedTokens(), trained);
        assertTrue(packed.size() <= data.numTokens() / 64 + 3, packed.size() + " rows");
        assertThrows(IllegalArgumentException.class, () -> data.packed(20));
        ChatData.Split split = data.split(0.1).orElseThrow();
        assertEquals(36, split.train().size());
        assertEquals(4, split.validation().size());
        for (int i = 0; i < 4; i++) {
            assertSame(data.chats().get(4 + 10 * i), split.validation().chats().get(i));
        }
        assertFalse(split.train().chats().stream().anyMatch(split.validation().chats()::contains));
        assertTrue(data.split(0.01).isEmpty());
        assertEquals(1, HeldOut.of(List.of(1, 2, 3), 0.9, n -> n).training().size());
        assertEquals(List.of(), HeldOut.of(List.of(1), 0.9, n -> n).validation());
        // Ten examples of each of ten prompts: one prompt is held out with all of its examples.
        HeldOut<Integer> repeated = HeldOut.of(IntStream.range(0, 100).boxed().toList(), 0.1, n -> n % 10);
        assertEquals(List.of(4, 14, 24, 34, 44, 54, 64, 74, 84, 94), repeated.validation());
        assertEquals("90 for training, 10 for validation (10 different prompts, 1 for validation)",
                repeated.sentence());
        assertEquals(40, LongStream.range(0, 40).map(i -> data.chats().get((int) i).ids().length).count());
    }

    @Test
    void variablesReachTheTemplate() throws Exception {
        ChatTemplate template = ChatTemplate.parse("v", "{{ mood }}" + CHATML);
        ChatData data = ChatData.read(List.of(file("{\"prompt\": \"q\", \"completion\": \"a\"}")),
                Optional.of(template), tokenizer, ChatOptions.of(100).with("mood", "good"));
        assertTrue(text(data.chats().getFirst().ids()).startsWith("good<|im_start|>"));
        assertEquals(Map.of("mood", "good"), ChatOptions.of(5).with("mood", "good").variables());
    }
}
