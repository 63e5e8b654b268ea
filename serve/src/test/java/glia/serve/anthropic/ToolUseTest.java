package glia.serve.anthropic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.anthropic.client.AnthropicClient;
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.anthropic.core.JsonValue;
import com.anthropic.core.http.StreamResponse;
import com.anthropic.errors.BadRequestException;
import com.anthropic.helpers.MessageAccumulator;
import com.anthropic.models.messages.ContentBlockParam;
import com.anthropic.models.messages.JsonOutputFormat;
import com.anthropic.models.messages.Message;
import com.anthropic.models.messages.MessageCreateParams;
import com.anthropic.models.messages.OutputConfig;
import com.anthropic.models.messages.RawMessageStreamEvent;
import com.anthropic.models.messages.StopReason;
import com.anthropic.models.messages.Tool;
import com.anthropic.models.messages.ToolChoiceAny;
import com.anthropic.models.messages.ToolResultBlockParam;
import glia.engine.LanguageModel;
import glia.engine.ToolModel;
import glia.io.json.JsonValues;
import glia.serve.TestServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Tool use and structured output with Anthropic's own client, of a model that would not have the form by itself.
class ToolUseTest {
    private static final Map<String, Object> PROPERTIES = Map.of("wet", Map.of("type", "boolean"));

    @TempDir
    private static Path folder;

    private static TestServer server;
    private static AnthropicClient client;

    @BeforeAll
    static void start() throws Exception {
        ToolModel.load(folder).close();
        // Nearly uniform choices end runs of blanks, of which JSON may have any number.
        Files.writeString(folder.resolve("generation_config.json"),
                "{\"temperature\": 100.0, \"top_k\": 0, \"top_p\": 1.0, \"min_p\": 0.0}");
        server = TestServer.start(ToolModel.NAME, LanguageModel.load(folder));
        client = AnthropicOkHttpClient.builder().baseUrl("http://127.0.0.1:" + server.server().port())
                .apiKey("any").maxRetries(0).build();
    }

    @AfterAll
    static void stop() {
        client.close();
        server.close();
    }

    private static MessageCreateParams.Builder hi() {
        return MessageCreateParams.builder().model(ToolModel.NAME).maxTokens(300).addUserMessage("Hi");
    }

    private static MessageCreateParams.Builder tools() {
        return hi().addTool(Tool.builder().name("paint").description("Paints.").inputSchema(Tool.InputSchema.builder()
                .putAdditionalProperty("properties", JsonValue.from(PROPERTIES)).required(List.of("wet"))
                .putAdditionalProperty("additionalProperties", JsonValue.from(false)).build()).build());
    }

    @Test
    void aRequiredCallIsAToolUseBlock() {
        MessageCreateParams params = tools().toolChoice(ToolChoiceAny.builder().disableParallelToolUse(true).build())
                .build();
        Message message = client.messages().create(params).validate();
        assertEquals(StopReason.TOOL_USE, message.stopReason().orElseThrow(), message::toString);
        assertEquals(1, message.content().size());
        var call = message.content().getFirst().asToolUse();
        assertEquals("paint", call.name());
        Map<?, ?> input = call._input().convert(Map.class);
        assertTrue(input.get("wet") instanceof Boolean && input.size() == 1, input::toString);
        MessageAccumulator all = MessageAccumulator.create();
        try (StreamResponse<RawMessageStreamEvent> stream = client.messages().createStreaming(params)) {
            stream.stream().forEach(all::accumulate);
        }
        var streamed = all.message().content().getFirst().asToolUse();
        assertEquals("paint", streamed.name());
        assertTrue(streamed._input().convert(Map.class).get("wet") instanceof Boolean, streamed::toString);
        Message next = client.messages().create(tools().maxTokens(5).addMessage(message)
                .addUserMessageOfContentBlockParams(List.of(ContentBlockParam.ofToolResult(
                        ToolResultBlockParam.builder().toolUseId(call.id()).content("dry").build()))).build());
        assertTrue(next.usage().outputTokens() > 0);
    }

    /// Calls without arguments are all the same, so a model that may call again calls once more at most.
    @Test
    void answersThatMustCallEnd() {
        Tool wash = Tool.builder().name("wash").inputSchema(Tool.InputSchema.builder()
                .putAdditionalProperty("properties", JsonValue.from(Map.of()))
                .putAdditionalProperty("additionalProperties", JsonValue.from(false)).build()).build();
        Message any = client.messages().create(hi().maxTokens(2000).addTool(wash)
                .toolChoice(ToolChoiceAny.builder().build()).build());
        assertEquals(StopReason.TOOL_USE, any.stopReason().orElseThrow(), any::toString);
        assertTrue(any.content().size() <= 2, any::toString);
        Message several = client.messages().create(tools().maxTokens(4000)
                .toolChoice(ToolChoiceAny.builder().build()).build());
        assertEquals(StopReason.TOOL_USE, several.stopReason().orElseThrow(), several::toString);
        // There are two different calls, and one that repeats them.
        assertTrue(several.content().size() <= 3, several::toString);
        Message one = client.messages().create(hi().maxTokens(2000).addTool(wash).toolToolChoice("wash").build());
        assertEquals(StopReason.TOOL_USE, one.stopReason().orElseThrow(), one::toString);
        assertEquals(1, one.content().size());
    }

    /// A schema that cannot be enforced is refused of a strict tool; of others the model calls by itself.
    @Test
    void strictToolsAreEnforcedOrRefused() {
        Tool.InputSchema unsupported = Tool.InputSchema.builder().putAdditionalProperty("properties",
                JsonValue.from(Map.of("all", Map.of("type", "array", "uniqueItems", true)))).build();
        Tool.Builder tool = Tool.builder().name("sort").inputSchema(unsupported);
        assertTrue(client.messages().create(hi().maxTokens(3).addTool(tool.build()).build()).usage().outputTokens()
                > 0);
        BadRequestException refused = assertThrows(BadRequestException.class, () -> client.messages()
                .create(hi().maxTokens(3).addTool(tool.strict(true).build()).build()));
        assertTrue(refused.getMessage().contains("tools: ") && refused.getMessage().contains("uniqueItems"),
                refused.getMessage());
        Tool strict = tools().build().tools().orElseThrow().getFirst().asTool().toBuilder().strict(true).build();
        assertTrue(client.messages().create(hi().maxTokens(3).addTool(strict).build()).usage().outputTokens() > 0);
    }

    @Test
    void aNamedToolIsCalled() {
        Message message = client.messages().create(tools().addTool(Tool.builder().name("wash").inputSchema(
                Tool.InputSchema.builder().putAdditionalProperty("properties", JsonValue.from(Map.of())).build())
                .build())
                .toolToolChoice("paint").build());
        assertEquals("paint", message.content().getFirst().asToolUse().name());
        assertEquals(1, message.content().size());
    }

    @Test
    void anAnswerHasTheFormOfASchema() {
        OutputConfig config = OutputConfig.builder().format(JsonOutputFormat.builder().schema(
                JsonOutputFormat.Schema.builder().putAdditionalProperty("type", JsonValue.from("object"))
                        .putAdditionalProperty("properties", JsonValue.from(PROPERTIES))
                        .putAdditionalProperty("required", JsonValue.from(List.of("wet")))
                        .putAdditionalProperty("additionalProperties", JsonValue.from(false)).build()).build()).build();
        Message message = client.messages().create(hi().outputConfig(config).build());
        Map<?, ?> json = (Map<?, ?>) JsonValues.parse(message.content().getFirst().asText().text());
        assertTrue(json.get("wet") instanceof Boolean && json.size() == 1, json::toString);
    }

    @Test
    void aSchemaThatIsNotSupportedIsRefused() {
        OutputConfig config = OutputConfig.builder().format(JsonOutputFormat.builder().schema(
                JsonOutputFormat.Schema.builder().putAdditionalProperty("type", JsonValue.from("thing")).build())
                .build()).build();
        BadRequestException refused = assertThrows(BadRequestException.class,
                () -> client.messages().create(hi().outputConfig(config).build()));
        assertTrue(refused.getMessage().contains("output_config.format.schema"), refused.getMessage());
    }
}
