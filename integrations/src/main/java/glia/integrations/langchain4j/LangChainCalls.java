package glia.integrations.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.internal.JsonSchemaElementUtils;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonRawSchema;
import dev.langchain4j.model.chat.request.json.JsonSchemaElement;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.TokenUsage;
import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.answer.AnswerTools;
import glia.engine.answer.CollectedAnswer;
import glia.engine.call.CallException;
import glia.engine.call.JsonForms;
import glia.engine.call.Prompt;
import glia.engine.grammar.Grammar;
import glia.integrations.EngineCalls.Pieces;
import glia.integrations.EngineCalls.Settings;
import glia.integrations.EngineCalls;
import glia.io.json.JsonValues;
import glia.text.template.ChatMessage;
import glia.text.template.ToolCall;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BooleanSupplier;

/// Runs requests of LangChain4j on a model.
final class LangChainCalls {
    private final LanguageModel model;
    private final String name;
    private final boolean returnsThinking;

    /// @param name the model's name in responses
    /// @param returnsThinking whether answers have their thinking
    LangChainCalls(LanguageModel model, String name, boolean returnsThinking) {
        this.model = model;
        this.name = name;
        this.returnsThinking = returnsThinking;
    }

    boolean returnsThinking() {
        return returnsThinking;
    }

    /// A request in the engine's terms.
    record Prepared(Prompt.Conversation prompt, GenerationOptions options,
            Optional<Grammar> grammar, glia.engine.answer.ToolChoice choice) { }

    /// @throws UnsupportedFeatureException if the request wants what the model does not have
    Prepared prepare(ChatRequest request) {
        ChatRequestParameters wanted = request.parameters();
        refuse(wanted);
        Settings settings = new Settings(wanted.temperature(), wanted.topP(), wanted.topK(),
                wanted.frequencyPenalty(), wanted.presencePenalty(), wanted.maxOutputTokens(),
                wanted.stopSequences() == null || wanted.stopSequences().isEmpty() ? null : wanted.stopSequences());
        return new Prepared(new Prompt.Conversation(LangChainMessages.of(request.messages()),
                LangChainMessages.tools(tools(wanted)), Map.of(), false),
                settings.over(model.options()), grammar(wanted.responseFormat()),
                wanted.toolChoice() == ToolChoice.REQUIRED
                        ? glia.engine.answer.ToolChoice.REQUIRED : glia.engine.answer.ToolChoice.AUTO);
    }

    /// @return the answer; empty if it was cancelled
    Optional<ChatResponse> run(Prepared request, Pieces pieces, BooleanSupplier isWanted) {
        return EngineCalls.run(model, request.prompt(), request.options(), request.grammar(),
                request.choice(), pieces, isWanted)
                .map(this::response);
    }

    /// The tools that may be called.
    private static List<ToolSpecification> tools(ChatRequestParameters wanted) {
        return wanted.toolSpecifications() == null || wanted.toolChoice() == ToolChoice.NONE ? List.of()
                : wanted.toolSpecifications();
    }

    private void refuse(ChatRequestParameters wanted) {
        if (wanted.modelName() != null && !wanted.modelName().equals(name)) {
            throw new UnsupportedFeatureException("'modelName' parameter is not supported: found '"
                    + wanted.modelName() + "', but this is the model '" + name + "'");
        }
        if (wanted.toolChoice() == ToolChoice.REQUIRED && model.tools().isEmpty()) {
            throw new UnsupportedFeatureException("ToolChoice.REQUIRED is not supported: the model has no chat "
                    + "template");
        }
        if (!tools(wanted).isEmpty() && model.tools().isEmpty()) {
            throw new UnsupportedFeatureException("tools are not supported by this model: it has no chat template");
        }
    }

    /// The form of an answer: JSON, with a schema or without.
    private Optional<Grammar> grammar(ResponseFormat format) {
        if (format == null || format.type() != ResponseFormatType.JSON) {
            return Optional.empty();
        }
        if (format.jsonSchema() == null) {
            return Optional.of(JsonForms.any(model));
        }
        JsonSchemaElement root = format.jsonSchema().rootElement();
        // LangChain4j writes the types of an optional property as an array of Java.
        Object schema = root instanceof JsonRawSchema raw ? JsonValues.parse(raw.schema())
                : JsonValues.of(JsonSchemaElementUtils.toMap(root, true));
        try {
            return Optional.of(JsonForms.of(model, "schema", schema));
        } catch (CallException e) {
            throw new UnsupportedFeatureException("JSON response format with this schema is not supported: "
                    + e.getMessage());
        }
    }

    private ChatResponse response(EngineCalls.Result result) {
        List<ToolExecutionRequest> calls = result.calls().stream().map(LangChainCalls::request).toList();
        AiMessage message = AiMessage.builder()
                .text(result.text().isEmpty() && !calls.isEmpty() ? null : result.text())
                .thinking(returnsThinking && !result.thinking().isEmpty() ? result.thinking() : null)
                .toolExecutionRequests(calls).build();
        return ChatResponse.builder().aiMessage(message).id(UUID.randomUUID().toString()).modelName(name)
                .tokenUsage(new TokenUsage(result.end().promptTokens(), result.end().tokens()))
                .finishReason(reason(result)).build();
    }

    static ToolExecutionRequest request(CollectedAnswer.Call call) {
        return ToolExecutionRequest.builder().id(call.id()).name(call.name()).arguments(call.arguments()).build();
    }

    private static FinishReason reason(EngineCalls.Result result) {
        return switch (result.end().finish()) {
            // A call may have been cut.
            case LENGTH, CONTEXT, REPETITION -> FinishReason.LENGTH;
            case STOP -> result.calls().isEmpty() ? FinishReason.STOP : FinishReason.TOOL_EXECUTION;
            default -> result.calls().isEmpty() ? FinishReason.OTHER : FinishReason.TOOL_EXECUTION;
        };
    }

    /// LangChain4j's messages and tools as those of chat templates.
    static final class LangChainMessages {
        private LangChainMessages() { }

        static List<ChatMessage> of(List<dev.langchain4j.data.message.ChatMessage> messages) {
            return messages.stream().map(LangChainMessages::of).toList();
        }

        private static ChatMessage of(dev.langchain4j.data.message.ChatMessage message) {
            return switch (message) {
                case SystemMessage system -> ChatMessage.system(system.text());
                case UserMessage user -> new ChatMessage("user", text(user.contents()), List.of(), "",
                        user.name() == null ? Map.of() : Map.of("name", user.name()));
                case AiMessage answer -> new ChatMessage("assistant", answer.text() == null ? "" : answer.text(),
                        calls(answer), answer.thinking() == null ? "" : answer.thinking(), Map.of());
                case ToolExecutionResultMessage result -> new ChatMessage("tool", text(result.contents()), List.of(),
                        "", result(result));
                default -> throw new UnsupportedFeatureException("messages of type " + message.type());
            };
        }

        private static Map<String, Object> result(ToolExecutionResultMessage result) {
            Map<String, Object> extra = new LinkedHashMap<>();
            if (result.toolName() != null) {
                extra.put("name", result.toolName());
            }
            if (result.id() != null) {
                extra.put("tool_call_id", result.id());
            }
            return extra;
        }

        private static String text(List<Content> contents) {
            StringBuilder all = new StringBuilder();
            for (Content content : contents) {
                if (!(content instanceof TextContent text)) {
                    throw new UnsupportedFeatureException(content.type().name().toLowerCase(Locale.ROOT)
                            + " inputs are not supported: the model reads text alone");
                }
                all.append(text.text());
            }
            return all.toString();
        }

        private static List<ToolCall> calls(AiMessage answer) {
            List<ToolCall> calls = new ArrayList<>();
            if (answer.hasToolExecutionRequests()) {
                for (ToolExecutionRequest request : answer.toolExecutionRequests()) {
                    calls.add(ToolCall.parse(request.id() == null ? "" : request.id(), request.name(),
                            request.arguments() == null ? "" : request.arguments()));
                }
            }
            return calls;
        }

        /// The schema of arguments, which have no others than it names unless it says so.
        private static Map<String, Object> schema(JsonObjectSchema parameters) {
            Map<String, Object> schema = new LinkedHashMap<>(JsonSchemaElementUtils.toMap(parameters));
            schema.put("additionalProperties", Boolean.TRUE.equals(parameters.additionalProperties()));
            return schema;
        }

        static List<Map<String, Object>> tools(List<ToolSpecification> tools) {
            List<Map<String, Object>> schemas = new ArrayList<>();
            for (ToolSpecification tool : tools) {
                Map<String, Object> function = new LinkedHashMap<>();
                function.put("name", tool.name());
                if (tool.description() != null) {
                    function.put("description", tool.description());
                }
                function.put("parameters", tool.parameters() == null ? AnswerTools.NO_PARAMETERS
                        : schema(tool.parameters()));
                schemas.add(Map.of("type", "function", "function", function));
            }
            return schemas;
        }
    }
}
