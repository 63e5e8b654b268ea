package glia.integrations.spring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import glia.engine.LanguageModel;
import glia.integrations.ToolStories;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.ai.chat.client.AdvisorParams;
import org.springframework.ai.chat.client.ChatClient;
import org.springframework.ai.chat.client.advisor.MessageChatMemoryAdvisor;
import org.springframework.ai.chat.memory.ChatMemory;
import org.springframework.ai.chat.memory.MessageWindowChatMemory;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.model.tool.StructuredOutputChatOptions;
import org.springframework.ai.tool.annotation.Tool;

/// A `ChatClient` of Spring AI over a model of the engine, whose own words are never JSON.
class SpringClientTest {
    @TempDir
    private static Path folder;
    private static LanguageModel stories;
    private static ChatClient client;

    @BeforeAll
    static void load() throws Exception {
        stories = ToolStories.load(folder);
        client = ChatClient.create(GliaChatModel.of(stories, "stories",
                ChatOptions.builder().temperature(0.0).maxTokens(300).build()));
    }

    @AfterAll
    static void close() {
        stories.close();
    }

    enum Color { RED, GREEN }

    record Shade(Color color, boolean isDark) { }

    record Choice(boolean isSure, Shade shade) { }

    static final class Tools {
        @Tool(description = "Names a color.")
        public String color() {
            return "red";
        }
    }

    @Test
    void nativeStructuredOutputIsEnforced() {
        Choice choice = client.prompt("Which color?").advisors(AdvisorParams.ENABLE_NATIVE_STRUCTURED_OUTPUT).call()
                .entity(Choice.class);
        assertNotNull(choice);
        assertNotNull(choice.shade().color());
    }

    @Test
    void optionsOfThePromptReplaceTheModels() {
        ChatResponse response = client.prompt("Which color?").options(ChatOptions.builder().maxTokens(7)).call()
                .chatResponse();
        assertNotNull(response);
        assertEquals(7, response.getMetadata().getUsage().getCompletionTokens());
    }

    @Test
    void toolsAndEarlierMessagesAreInThePrompt() {
        int alone = promptTokens(client.prompt("Which color?"));
        int withTools = promptTokens(client.prompt("Which color?").tools(new Tools()));
        assertNotEquals(alone, withTools);
        ChatMemory memory = MessageWindowChatMemory.builder().build();
        ChatClient remembers = client.mutate().defaultAdvisors(MessageChatMemoryAdvisor.builder(memory).build())
                .build();
        for (int earlier = 0; earlier < 2; earlier++) {
            int found = promptTokens(remembers.prompt("Which color?")
                    .advisors(advisor -> advisor.param(ChatMemory.CONVERSATION_ID, "one")));
            assertEquals(earlier > 0, found > alone);
        }
        assertEquals(4, memory.get("one").size());
    }

    private static int promptTokens(ChatClient.ChatClientRequestSpec request) {
        ChatResponse response = request.options(ChatOptions.builder().maxTokens(5)).call().chatResponse();
        assertNotNull(response);
        return response.getMetadata().getUsage().getPromptTokens();
    }

    /// Options keep what they have when they are changed, combined, or made of others.
    @Test
    void optionsAreKept() {
        GliaChatOptions options = GliaChatOptions.builder().model("a").temperature(0.5).topK(3).topP(0.25)
                .maxTokens(7).frequencyPenalty(1.0).presencePenalty(-1.0).stopSequences(List.of("x"))
                .toolContext("key", "value").outputSchema("{}").build();
        assertEquals(options, options.mutate().build());
        assertEquals(options.hashCode(), options.mutate().build().hashCode());
        assertEquals(options, GliaChatOptions.builder().combineWith(options.mutate()).build());
        assertEquals(options, options.mutate().combineWith(ChatOptions.builder()).build());
        assertEquals(options, GliaChatOptions.of(options));
        assertNotEquals(options, options.mutate().outputSchema(null).build());
        ChatOptions schema = StructuredOutputChatOptions.builder().outputSchema("{\"type\": \"string\"}").build();
        assertEquals("{\"type\": \"string\"}", GliaChatOptions.of(schema).getOutputSchema());
        assertEquals("{\"type\": \"string\"}", assertInstanceOf(StructuredOutputChatOptions.class,
                options.mutate().combineWith(schema.mutate()).build()).getOutputSchema());
    }
}
