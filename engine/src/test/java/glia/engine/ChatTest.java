package glia.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.sampling.SamplingOptions;
import glia.io.CheckpointException;
import glia.text.template.ChatMessage;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The messages of a conversation: undo, regenerate, clear, restore, and files of them.
class ChatTest {
    private static final GenerationOptions SHORT =
            new GenerationOptions(SamplingOptions.neutral().withSeed(5), 12, List.of());
    private static final TextListener IGNORED = piece -> { };
    private LanguageModel model;
    private Chat chat;

    @TempDir
    Path folder;

    @BeforeEach
    void load() throws IOException {
        model = LanguageModel.load("stories260K");
        chat = model.chat().options(SHORT);
    }

    @AfterEach
    void close() {
        chat.close();
        model.close();
    }

    private List<String> roles() {
        return chat.messages().stream().map(ChatMessage::role).toList();
    }

    @Test
    void undoRemovesTheLastExchange() {
        chat.system("You tell stories.").say("Once");
        List<ChatMessage> before = chat.messages();
        Answer first = chat.stream(" upon", IGNORED);
        assertEquals(List.of("user", "assistant"), chat.undo().stream().map(ChatMessage::role).toList());
        assertEquals(before, chat.messages());
        assertEquals(first.text(), chat.say(" upon"));
        chat.undo();
        chat.undo();
        assertEquals(List.of("system"), roles());
        assertTrue(chat.undo().isEmpty());
        assertEquals(List.of("system"), roles());
    }

    @Test
    void regenerateReplacesTheLastAnswer() {
        chat.say("Once");
        Answer first = chat.stream(" upon a time", IGNORED);
        Answer same = chat.regenerate(IGNORED);
        assertEquals(first.text(), same.text());
        assertEquals(first.promptTokens(), same.promptTokens());
        assertEquals(same.promptTokens() - 1, same.reusedTokens());
        chat.options(SHORT.withSampling(SHORT.sampling().withSeed(6)));
        StringBuilder received = new StringBuilder();
        Answer other = chat.regenerate(received::append);
        assertTrue(!other.text().equals(first.text()));
        assertEquals(other.text(), received.toString());
        assertEquals(other.text(), chat.messages().getLast().content());
        assertEquals(List.of("user", "assistant", "user", "assistant"), roles());
    }

    @Test
    void regenerateNeedsAMessageAndKeepsTheOldAnswerIfItFails() {
        assertThrows(IllegalStateException.class, () -> chat.regenerate(IGNORED));
        chat.say("Once");
        List<ChatMessage> before = chat.messages();
        assertThrows(UnsupportedOperationException.class, () -> chat.regenerate(piece -> {
            throw new UnsupportedOperationException();
        }));
        assertEquals(before, chat.messages());
    }

    @Test
    void clearKeepsTheSystemPrompt() {
        chat.system("You tell stories.").say("Once");
        chat.clear();
        assertEquals(List.of("system"), roles());
        String alone = chat.say("Once");
        try (Chat fresh = model.chat().options(SHORT).system("You tell stories.")) {
            assertEquals(fresh.say("Once"), alone);
        }
    }

    @Test
    void aConversationGoesOnFromItsFile() throws IOException {
        chat.system("You \"tell\" stories.").say("Once\nupon");
        Path file = folder.resolve("story.json");
        ChatFile.write(file, chat.messages());
        assertThrows(FileAlreadyExistsException.class, () -> ChatFile.write(file, chat.messages()));
        try (Chat other = model.chat().options(SHORT).system("Something else.")) {
            other.say("Replaced.");
            other.restore(ChatFile.read(file));
            assertEquals(chat.messages().stream().map(m -> m.role() + m.content()).toList(),
                    other.messages().stream().map(m -> m.role() + m.content()).toList());
            assertEquals(chat.say(" a time"), other.say(" a time"));
        }
    }

    @Test
    void aFileKeepsReasoningAndOtherKeys() throws IOException {
        ChatMessage message = new ChatMessage("assistant", "4", List.of(), "2 + 2", Map.of("name", "adder"));
        Path file = folder.resolve("one.json");
        ChatMessage parts = new ChatMessage("user", "", List.of(), "",
                Map.of("content", List.of(Map.of("type", "text", "text", "Why?"))));
        ChatFile.write(file, List.of(message, parts));
        assertEquals(List.of(message, parts), ChatFile.read(file));
    }

    @Test
    void filesOfAnotherFormAreRefused() throws IOException {
        Path file = folder.resolve("bad.json");
        Map<String, String> bad = Map.of("{", "JSON", "{}", "no list of messages", "[{\"content\": \"a\"}]", "no role",
                "[{\"role\": \"user\", \"content\": 4}]", "messages[0].content", "[[]]", "no role",
                "[{\"role\": \"user\", \"content\": [{\"type\": \"image\"}]}]", "'image'");
        for (Map.Entry<String, String> one : bad.entrySet()) {
            Files.writeString(file, one.getKey());
            CheckpointException e = assertThrows(CheckpointException.class, () -> ChatFile.read(file), one.getKey());
            assertTrue(e.getMessage().contains(one.getValue()), e::getMessage);
        }
        Files.writeString(file, "[{\"role\": \"user\", \"content\": null}, {\"role\": \"user\", \"content\": \"a\"}]");
        assertEquals(List.of("", "a"), ChatFile.read(file).stream().map(ChatMessage::content).toList());
    }

    @Test
    void anImageIsNotRestored() {
        chat.say("Once");
        List<ChatMessage> before = chat.messages();
        ChatMessage image = new ChatMessage("user", "", List.of(), "",
                Map.of("content", List.of(Map.of("type", "image"))));
        assertThrows(IllegalArgumentException.class, () -> chat.restore(List.of(image)));
        assertEquals(before, chat.messages());
    }

    @Test
    void stopStringsAndTheSeedCanBeUnset() {
        GenerationOptions options = SHORT.withStops(List.of("a"));
        assertEquals(List.of("a"), options.stops());
        assertEquals(SHORT, options.withStops(List.of()));
        SamplingOptions seeded = SamplingOptions.defaults().withSeed(3);
        assertEquals(OptionalLong.of(3), seeded.seed());
        assertEquals(SamplingOptions.defaults(), seeded.withoutSeed());
        assertEquals(seeded, seeded.withoutSeed().withSeed(OptionalLong.of(3)));
    }
}
