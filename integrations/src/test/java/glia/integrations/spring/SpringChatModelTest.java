package glia.integrations.spring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.Answer;
import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.sampling.SamplingOptions;
import glia.integrations.ToolStories;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.content.Media;
import org.springframework.ai.model.tool.StructuredOutputChatOptions;
import org.springframework.ai.model.tool.ToolCallingChatOptions;
import org.springframework.ai.tool.ToolCallback;
import org.springframework.ai.tool.function.FunctionToolCallback;
import org.springframework.core.io.ByteArrayResource;
import org.springframework.util.MimeTypeUtils;

/// Spring AI's interfaces over the `reasoner` model, beside the engine's own chat.
class SpringChatModelTest {
    private static final String QUESTION = "Solve x^2 - 5x + 6 = 0.";

    private static LanguageModel model;
    private static GliaChatModel chat;
    private static Answer expected;

    @BeforeAll
    static void load() throws IOException {
        model = LanguageModel.load("reasoner");
        chat = GliaChatModel.of(model, "reasoner", ChatOptions.builder().temperature(0.0).build());
        try (var own = model.chat()) {
            own.options(GenerationOptions.defaults().withSampling(SamplingOptions.greedy()));
            expected = own.stream(QUESTION, _ -> { });
        }
    }

    @AfterAll
    static void close() {
        model.close();
    }

    @Test
    void anAnswerIsThatOfTheEngine() {
        ChatResponse response = chat.call(new Prompt(QUESTION));
        assertEquals(expected.text(), response.getResult().getOutput().getText());
        assertEquals(expected.thought().text(),
                response.getResult().getOutput().getMetadata().get("reasoningContent"));
        assertEquals("STOP", response.getResult().getMetadata().getFinishReason());
        assertEquals(expected.tokens(), response.getMetadata().getUsage().getCompletionTokens());
        assertEquals(expected.promptTokens(), response.getMetadata().getUsage().getPromptTokens());
        assertEquals("reasoner", response.getMetadata().getModel());
    }

    @Test
    void aStreamHasTheSameText() {
        List<ChatResponse> parts = chat.stream(new Prompt(QUESTION)).collectList().block();
        assertNotNull(parts);
        StringBuilder text = new StringBuilder();
        for (ChatResponse part : parts) {
            text.append(part.getResult().getOutput().getText());
        }
        assertEquals(expected.text(), text.toString());
        assertEquals("STOP", parts.getLast().getResult().getMetadata().getFinishReason());
        assertTrue(parts.size() > 10);
    }

    @Test
    void optionsOfThePromptReplaceTheModels() {
        ChatResponse response = chat.call(new Prompt(QUESTION, ChatOptions.builder().maxTokens(3).build()));
        assertEquals("LENGTH", response.getResult().getMetadata().getFinishReason());
        assertEquals(3, response.getMetadata().getUsage().getCompletionTokens());
    }

    @Test
    void severalTurnsAndASubscriberThatLeaves() {
        Prompt turns = new Prompt(List.of(new UserMessage(QUESTION), new AssistantMessage(expected.text()),
                new UserMessage("Use 3, 7 and 11 to make 32.")));
        assertTrue(chat.call(turns).getMetadata().getUsage().getPromptTokens() > expected.promptTokens());
        assertEquals(1, chat.stream(turns).take(1).count().block());
        assertEquals(expected.text(), chat.call(QUESTION));
    }

    /// Answers of a schema keep to it, whatever the model would say.
    @Test
    void anOutputSchemaIsEnforced() {
        ChatOptions options = StructuredOutputChatOptions.builder().outputSchema("{\"enum\": [\"left\", \"right\"]}")
                .build();
        String text = chat.call(new Prompt(QUESTION, options)).getResult().getOutput().getText();
        assertTrue(List.of("\"left\"", "\"right\"").contains(text), text);
        ChatOptions wrong = StructuredOutputChatOptions.builder().outputSchema("{\"type\": \"nothing\"}").build();
        var e = assertThrows(IllegalArgumentException.class, () -> chat.call(new Prompt(QUESTION, wrong)));
        assertTrue(e.getMessage().contains("outputSchema"), e.getMessage());
    }

    /// A `ChatClient` adds its tools to the model's options, and only where these are of this type.
    @Test
    void theOptionsOfTheModelTakeTools(@TempDir Path folder) throws Exception {
        ToolCallback tool = FunctionToolCallback.builder("color", (String input) -> "red").inputType(String.class)
                .description("Names the color.").inputSchema("{\"type\": \"object\", \"properties\": {}}").build();
        try (LanguageModel stories = ToolStories.load(folder)) {
            GliaChatModel own = GliaChatModel.of(stories, "stories",
                    ChatOptions.builder().temperature(0.0).maxTokens(3).build());
            var options = assertInstanceOf(ToolCallingChatOptions.class, own.getOptions());
            assertEquals(List.of(0.0, 3, "stories"),
                    List.of(options.getTemperature(), options.getMaxTokens(), options.getModel()));
            ChatOptions withTool = options.mutate().toolCallbacks(tool).build();
            int without = tokens(own, new Prompt("Which color?"));
            int with = tokens(own, new Prompt("Which color?", withTool));
            assertTrue(with > without + 10, with + " and " + without);
            // Tools of the model's own options are those of prompts that have none.
            assertEquals(with, tokens(GliaChatModel.of(stories, "stories", withTool), new Prompt("Which color?")));
        }
    }

    private static int tokens(GliaChatModel of, Prompt prompt) {
        return of.call(prompt).getMetadata().getUsage().getPromptTokens();
    }

    @Test
    void anotherModelIsRefused() {
        ChatOptions other = ChatOptions.builder().model("gpt-4").build();
        var e = assertThrows(IllegalArgumentException.class, () -> chat.call(new Prompt(QUESTION, other)));
        assertTrue(e.getMessage().contains("'gpt-4'") && e.getMessage().contains("'reasoner'"), e.getMessage());
        Prompt own = new Prompt(QUESTION, chat.getOptions());
        assertEquals(expected.text(), chat.call(own).getResult().getOutput().getText());
    }

    @Test
    void anImageIsRefused() {
        UserMessage message = UserMessage.builder().text("What is this?")
                .media(new Media(MimeTypeUtils.IMAGE_PNG, new ByteArrayResource(new byte[] {1}))).build();
        var e = assertThrows(IllegalArgumentException.class, () -> chat.call(new Prompt(message)));
        assertTrue(e.getMessage().contains("image/png"), e.getMessage());
    }
}
