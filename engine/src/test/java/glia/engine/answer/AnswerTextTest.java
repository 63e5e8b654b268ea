package glia.engine.answer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.text.tokenizer.Tokenizer;
import glia.text.tool.ToolFormat;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Texts of answers, from the tokens of a written answer.
class AnswerTextTest {
    private static final ToolFormat HERMES =
            ToolFormat.ALL.stream().filter(format -> format.families().contains("Hermes")).findFirst().orElseThrow();
    private static final List<Map<String, Object>> TOOLS = List.of(Map.of("type", "function", "function",
            Map.of("name", "add", "parameters", Map.of("type", "object"))));
    private static final String TWO_CALLS = "I add. <tool_call>{\"name\": \"add\", "
            + "\"arguments\": {\"a\": 1}}</tool_call>"
            + "<tool_call>{\"name\": \"add\", \"arguments\": {\"a\": 2}}</tool_call> Done.";

    private static LanguageModel model;

    @BeforeAll
    static void load() throws Exception {
        model = LanguageModel.load("stories260K");
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private final List<AnswerEvent> events = new ArrayList<>();

    private AnswerText text(List<String> stops, ToolChoice choice) {
        Optional<AnswerTools> tools = choice == null ? Optional.empty()
                : Optional.of(new AnswerTools(HERMES, TOOLS, choice));
        return new AnswerText(model.tokenizer(), TokenRules.USUAL, stops, Optional.empty(), tools, 0, events::add);
    }

    /// Passes tokens on until one ends the answer.
    ///
    /// @return the number of tokens
    private static int run(AnswerText text, String answer, Tokenizer tokenizer) {
        int[] ids = tokenizer.encode(answer, false);
        int count = 0;
        boolean goesOn = true;
        while (goesOn && count < ids.length) {
            goesOn = text.accept(ids[count++]);
        }
        text.finish();
        return count;
    }

    private CollectedAnswer collected() {
        CollectedAnswer answer = new CollectedAnswer();
        events.forEach(event -> event.deliver(answer));
        return answer;
    }

    private String calls() {
        StringBuilder all = new StringBuilder();
        for (CollectedAnswer.Call call : collected().calls()) {
            all.append(call.name()).append(' ');
        }
        return all.toString();
    }

    @Test
    void toolCallsAreSeparated() {
        AnswerText text = text(List.of(), ToolChoice.AUTO);
        run(text, TWO_CALLS, model.tokenizer());
        assertEquals("I add.Done.", collected().text());
        assertEquals("add add ", calls());
        assertEquals("{\"a\": 1}", collected().call(0).arguments());
        assertEquals("{\"a\": 2}", collected().call(1).arguments());
        assertEquals(2, text.numToolCalls());
        List<String> ids = collected().calls().stream().map(CollectedAnswer.Call::id).toList();
        assertEquals(2, Set.copyOf(ids).size());
        assertTrue(ids.stream().allMatch(id -> id.startsWith("call_")), ids::toString);
    }

    /// What was generated, in order: text joined, `#` with the name of a call, thinking in brackets.
    private String order() {
        StringBuilder all = new StringBuilder();
        AnswerReceiver receiver = new AnswerReceiver() {
            @Override
            public void thinking(int sample, String piece) {
                all.append('[').append(piece).append(']');
            }

            @Override
            public void text(int sample, String piece) {
                all.append(piece);
            }

            @Override
            public void toolCall(int sample, int index, String id, String name) {
                all.append('#').append(name);
            }
        };
        events.forEach(event -> event.deliver(receiver));
        return all.toString();
    }

    /// A text that may begin a stop string or a marker comes before the call that follows it, by tokens of the
    /// vocabulary and by those of single bytes.
    @ParameterizedTest
    @ValueSource(strings = {"E", "EN", "<", "<tool_cal", "E<tool", "EN<tool_call", "<tool_call>E", "Ä", "ENEN"})
    void heldTextComesBeforeACall(String end) {
        String call = "<tool_call>{\"name\": \"add\", \"arguments\": {\"a\": %d}}</tool_call>";
        String answer = "A" + end + call.formatted(1) + "B" + end + call.formatted(2) + "C" + end;
        for (boolean isParallel : new boolean[] {true, false}) {
            for (boolean isOfBytes : new boolean[] {true, false}) {
                events.clear();
                AnswerText text = text(List.of("END", "NEND", "<tool_call>EN"),
                        ToolChoice.AUTO.withParallel(isParallel));
                if (isOfBytes) {
                    for (byte one : answer.getBytes(StandardCharsets.UTF_8)) {
                        // The tokens <0x00> to <0xFF> follow three special ones.
                        if (!text.accept(3 + (one & 0xff))) {
                            break;
                        }
                    }
                    text.finish();
                } else {
                    run(text, answer, model.tokenizer());
                }
                String first = "A" + end + "#add";
                assertEquals(isParallel ? first + "B" + end + "#add" + "C" + end : first, order());
            }
        }
    }

    /// Thinking may follow text: messages of an analysis after a preamble.
    @Test
    void heldTextComesBeforeThinking() {
        AnswerText text = text(List.of("END"), ToolChoice.AUTO);
        for (String piece : List.of("A", "EN", "|D", " <tool_", "|x", "call>", "|E", " \n ")) {
            if (piece.startsWith("|")) {
                text.thinking(piece.substring(1));
            } else {
                text.answer(piece);
            }
        }
        text.answer("<tool_call>{\"name\": \"add\", \"arguments\": {}}</tool_call>N");
        text.finish();
        assertEquals("AEN[D] <tool_[x]call>[E]#addN", order());
        assertEquals(Optional.empty(), text.stop());
    }

    @Test
    void oneCallEndsAnAnswerWithoutParallelCalls() {
        AnswerText text = text(List.of(), ToolChoice.AUTO.withParallel(false));
        int whole = model.tokenizer().encode(TWO_CALLS, false).length;
        assertTrue(run(text, TWO_CALLS, model.tokenizer()) < whole);
        assertEquals("add ", calls());
        assertEquals("I add.", collected().text());
    }

    @Test
    void withoutToolsMarkersAreText() {
        run(text(List.of(), null), TWO_CALLS, model.tokenizer());
        assertEquals(TWO_CALLS, collected().text());
    }

    @Test
    void stopStringsEndTheTextButAreNotSoughtInCalls() {
        AnswerText text = text(List.of("name", "Done"), ToolChoice.AUTO);
        run(text, TWO_CALLS, model.tokenizer());
        assertEquals(2, text.numToolCalls());
        assertEquals(Optional.of("Done"), text.stop());
        assertFalse(collected().text().contains("Done"));
    }

    @Test
    void anUnreadableCallIsText() {
        String broken = "<tool_call>{\"name\": \"add\"</tool_call> so";
        run(text(List.of(), ToolChoice.AUTO), broken, model.tokenizer());
        assertEquals(broken, collected().text());
        assertEquals("", calls());
    }

    @Test
    void aContinuedTextKeepsItsSpace() {
        int[] ids = model.tokenizer().encode("once upon a", false);
        AnswerText text = text(List.of(), null);
        text.follow(ids[0]);
        for (int i = 1; i < ids.length; i++) {
            text.accept(ids[i]);
        }
        text.finish();
        String first = model.tokenizer().decode(new int[] {ids[0]}, true);
        assertEquals("once upon a".substring(first.length()), collected().text());
    }
}
