package glia.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.load.LoadOptions;
import glia.engine.sampling.SamplingOptions;
import glia.engine.state.ContextFullException;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import glia.tensor.Precision;
import glia.text.template.ChatMessage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A conversation that has become longer than the context loses its oldest exchanges.
class ChatContextTest {
    private static final int CONTEXT = 96;
    private static final GenerationOptions SHORT = new GenerationOptions(SamplingOptions.greedy(), 10, List.of());
    private LanguageModel model;
    private Chat chat;
    private final List<Integer> dropped = new ArrayList<>();

    private final TextListener listener = new TextListener() {
        @Override
        public void text(String piece) { }

        @Override
        public void dropped(int numExchanges, int contextLength) {
            assertEquals(CONTEXT, contextLength);
            dropped.add(numExchanges);
        }
    };

    @BeforeEach
    void load() throws IOException {
        model = LanguageModel.load(new ModelLocator(HubSettings.fromEnvironment()).locate("stories260K", Progress.NONE)
                .path(), new LoadOptions(1, CONTEXT, "scalar", Precision.EXACT));
        chat = model.chat().options(SHORT);
    }

    @AfterEach
    void close() {
        chat.close();
        model.close();
    }

    private static String words(int count) {
        return " cat".repeat(count);
    }

    @Test
    void theOldestExchangesAreDroppedAndTheSystemPromptStays() {
        chat.system("A story.");
        int said = 0;
        while (dropped.isEmpty()) {
            assertTrue(said < CONTEXT, "nothing was dropped");
            Answer answer = chat.stream(" No. " + said, listener);
            said++;
            assertEquals(10, answer.tokens());
            if (dropped.isEmpty()) {
                assertEquals(1 + 2 * said, chat.messages().size());
            } else {
                assertTrue(answer.promptTokens() <= CONTEXT / 2, answer::toString);
            }
        }
        List<ChatMessage> left = chat.messages();
        assertTrue(dropped.getFirst() > 1);
        assertEquals(1 + 2 * (said - dropped.getFirst()), left.size());
        assertEquals("A story.", left.getFirst().content());
        assertEquals(" No. " + dropped.getFirst(), left.get(1).content());
        assertEquals(" No. " + (said - 1), left.get(left.size() - 2).content());
        chat.stream(" No. " + said, listener);
        assertEquals(1, dropped.size());
    }

    @Test
    void anAnswerHasRoomThoughItsLengthIsNotLimited() {
        chat.options(SHORT.withMaxTokens(0));
        chat.stream("Once", listener);
        Answer second = chat.stream(" upon", listener);
        assertEquals(List.of(1), dropped);
        assertTrue(second.promptTokens() < 10, second::toString);
    }

    @Test
    void oneMessageLongerThanTheContextIsRefused() {
        chat.system("A story.").stream("Once", listener);
        List<ChatMessage> before = chat.messages();
        ContextFullException full = assertThrows(ContextFullException.class,
                () -> chat.stream(words(CONTEXT), listener));
        assertTrue(full.getMessage().contains("context of " + CONTEXT + " tokens"), full::getMessage);
        assertEquals(before, chat.messages());
        assertTrue(dropped.isEmpty());
        assertFalse(chat.stream(" upon", listener).text().isEmpty());
        assertEquals(5, chat.messages().size());
    }

    @Test
    void aMessageThatFitsAloneIsAnswered() {
        chat.stream("Once", listener);
        int length = 1;
        while (model.tokenizer().encodePlain(words(length + 1), true).length < CONTEXT) {
            length++;
        }
        Answer answer = chat.stream(words(length), listener);
        assertEquals(List.of(1), dropped);
        assertEquals(2, chat.messages().size());
        assertTrue(answer.tokens() > 0);
    }

    @Test
    void aFailureLeavesTheConversationAsItWas() {
        while (dropped.isEmpty()) {
            List<ChatMessage> before = chat.messages();
            assertThrows(UnsupportedOperationException.class, () -> chat.stream(" Then", new TextListener() {
                @Override
                public void text(String piece) {
                    throw new UnsupportedOperationException();
                }
            }));
            assertEquals(before, chat.messages());
            chat.stream(" Then", listener);
        }
    }
}
