package glia.integrations.langchain4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import glia.engine.LanguageModel;
import glia.integrations.ToolStories;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a request says of tools.
class LangChainToolsTest {
    private static final List<ToolSpecification> TOOLS = List.of(ToolSpecification.builder().name("color")
            .description("Names a color.").parameters(JsonObjectSchema.builder()
                    .addEnumProperty("name", List.of("red", "green")).required("name").build()).build());

    @TempDir
    private static Path folder;
    private static LanguageModel model;

    @BeforeAll
    static void load() throws Exception {
        model = ToolStories.load(folder);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static ChatResponse answer(List<ToolSpecification> tools, ToolChoice choice) {
        return GliaChatModel.of(model).chat(ChatRequest.builder().messages(UserMessage.from("Which color?"))
                .temperature(0.0).maxOutputTokens(300).toolSpecifications(tools).toolChoice(choice).build());
    }

    /// The answer is that to a request without tools.
    @Test
    void noneHidesTheTools() {
        ChatResponse without = answer(List.of(), null);
        ChatResponse none = answer(TOOLS, ToolChoice.NONE);
        assertEquals(without.aiMessage().text(), none.aiMessage().text());
        assertEquals(without.tokenUsage(), none.tokenUsage());
        int withTools = answer(TOOLS, ToolChoice.AUTO).tokenUsage().inputTokenCount();
        assertTrue(withTools > without.tokenUsage().inputTokenCount());
    }

    /// Properties that are not required are there or null, as LangChain4j's strict schemas have them.
    @Test
    void schemasMayHaveOptionalProperties() {
        JsonObjectSchema schema = JsonObjectSchema.builder().addBooleanProperty("a")
                .addProperty("b", JsonObjectSchema.builder().addBooleanProperty("c").build()).required("a").build();
        String text = GliaChatModel.of(model).chat(ChatRequest.builder().messages(UserMessage.from("Which color?"))
                .temperature(0.0).maxOutputTokens(300).responseFormat(ResponseFormat.builder()
                        .type(ResponseFormatType.JSON).jsonSchema(JsonSchema.builder().name("x").rootElement(schema)
                                .build()).build()).build()).aiMessage().text();
        String b = "(null|\\{\"c\":(true|false|null)})";
        assertTrue(text.replaceAll("\\s", "").matches("\\{\"a\":(true|false),\"b\":" + b + "}"), text);
    }

    @Test
    void requiredCallsATool() {
        ChatResponse response = answer(TOOLS, ToolChoice.REQUIRED);
        assertEquals(FinishReason.TOOL_EXECUTION, response.finishReason());
        var call = response.aiMessage().toolExecutionRequests().getFirst();
        assertEquals("color", call.name());
        assertTrue(call.arguments().replaceAll("\\s", "").matches("\\{\"name\":\"(red|green)\"}"), call.arguments());
    }

    /// Its arguments may be no JSON.
    @Test
    void aCallThatIsCutEndsByLength() {
        int whole = answer(TOOLS, ToolChoice.REQUIRED).tokenUsage().outputTokenCount();
        ChatResponse cut = GliaChatModel.of(model).chat(ChatRequest.builder()
                .messages(UserMessage.from("Which color?")).temperature(0.0).maxOutputTokens(whole - 3)
                .toolSpecifications(TOOLS).toolChoice(ToolChoice.REQUIRED).build());
        assertTrue(cut.aiMessage().hasToolExecutionRequests());
        assertEquals(FinishReason.LENGTH, cut.finishReason());
    }
}
